//! From the data files to the catalogue.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::facts::Facts;
use super::item::{Item, Kind, Role};
use super::provenance::{CatalogHead, Disagreement, Provenance, Vanished};
use super::raw::{Layer, RawItem};
use super::reader::Reader;
use super::resolve::{Layers, Orphan, resolve};
use crate::diag::{Diagnostic, Severity, SourceFile};
use rayon::prelude::*;

/// Folder of the catalogue below the root of the workspace.
pub const DATA_FOLDER: &str = "device-matrix/data/apple";

/// Largest data file that is read.
const MAX_BYTES: u64 = 4 << 20;
/// Deepest folder below [`DATA_FOLDER`].
const MAX_DEPTH: usize = 12;

/// The words of [`Role`] in data and JSON.
pub(crate) const ROLES: [(Role, &str); 2] =
    [(Role::Payload, "payload"), (Role::Response, "response")];

/// Reads every TOML file below `device-matrix/data/apple` of the workspace at `root`, in the order of their paths.
///
/// # Errors
/// When the folder or a file can not be read, or a file is larger than 4 MiB.
pub fn read_sources(root: &Path) -> io::Result<Vec<SourceFile>> {
    let mut paths = Vec::new();
    collect(&root.join(DATA_FOLDER), 0, &mut paths)?;
    paths.sort();
    paths
        .into_par_iter()
        .map(|path| {
            if std::fs::metadata(&path)?.len() > MAX_BYTES {
                let message = format!("{}: larger than {MAX_BYTES} bytes", path.display());
                return Err(io::Error::other(message));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
            let path = path.strip_prefix(root).map(Path::to_owned).unwrap_or(path);
            Ok(SourceFile { path, text })
        })
        .collect()
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > MAX_DEPTH {
        let message = format!("{}: nested too deep", folder.display());
        return Err(io::Error::other(message));
    }
    let entries = std::fs::read_dir(folder)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, depth + 1, paths)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    Ok(())
}

/// One data file, read.
enum Part {
    Item(RawItem),
    Head(CatalogHead),
    Disagreements(Vec<Disagreement>),
    Vanished(Vec<Vanished>),
}

/// What the layers say about one vendor file, each with the position of its data file.
type Slots = [Option<(RawItem, usize)>; 3];

/// An item with where it comes from, when a layer brings it, and what is wrong with it.
type Resolved = (Option<(Item, Provenance)>, Vec<Diagnostic>);

impl Facts {
    /// Builds the catalogue from data files (see [`read_sources`]).
    ///
    /// # Errors
    /// Every error of every file at once, codes `DM1xxx`.
    pub fn load(sources: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        let read: Vec<(Option<Part>, Vec<Diagnostic>)> = sources.par_iter().map(part).collect();
        let mut diagnostics = Vec::new();
        let mut head = None;
        let mut disagreements = Vec::new();
        let mut vanished = Vec::new();
        let mut files: BTreeMap<(String, Kind), Slots> = BTreeMap::new();
        for (position, (part, found)) in read.into_iter().enumerate() {
            diagnostics.extend(found);
            match part {
                None => {}
                Some(Part::Head(one)) => head = Some(one),
                Some(Part::Disagreements(rows)) => disagreements = rows,
                Some(Part::Vanished(rows)) => vanished = rows,
                Some(Part::Item(item)) => {
                    let slot = match item.layer {
                        Layer::Schema => 0,
                        Layer::Seed => 1,
                        Layer::Later => 2,
                    };
                    let layers = files.entry((item.file.clone(), item.kind)).or_default();
                    if layers[slot].is_some() {
                        let message = format!("a second file states `{}`", item.file);
                        diagnostics.push(
                            Diagnostic::error("DM1008", &sources[position].path, 0..0, message)
                                .with_help("merge the two files or remove one"),
                        );
                    } else {
                        layers[slot] = Some((item, position));
                    }
                }
            }
        }
        if head.is_none() {
            let path = Path::new(DATA_FOLDER).join("catalog.toml");
            diagnostics.push(
                Diagnostic::error("DM1010", path, 0..0, "the head of the catalogue is missing")
                    .with_help("run the import of the vendor's schema, which writes it"),
            );
        }
        let resolved: Vec<Resolved> = files
            .into_par_iter()
            .map(|(_, layers)| resolve_one(&layers, sources))
            .collect();
        let mut items = Vec::with_capacity(resolved.len());
        let mut provenance = Vec::with_capacity(resolved.len());
        for (one, found) in resolved {
            diagnostics.extend(found);
            if let Some((item, from)) = one {
                items.push(item);
                provenance.push(from);
            }
        }
        if diagnostics.iter().any(|d| d.severity == Severity::Error) {
            diagnostics.sort_by(|a, b| (&a.path, a.span.start).cmp(&(&b.path, b.span.start)));
            return Err(diagnostics);
        }
        let head = head.unwrap_or_default();
        Ok(Self::with_sources(
            items,
            provenance,
            head,
            disagreements,
            vanished,
        ))
    }
}

fn resolve_one(layers: &Slots, sources: &[SourceFile]) -> Resolved {
    let raw = |slot: usize| layers[slot].as_ref().map(|(item, _)| item);
    let mut orphans: Vec<Orphan> = Vec::new();
    let resolved = resolve(
        Layers {
            schema: raw(0),
            seed: raw(1),
            later: raw(2),
        },
        &mut orphans,
    );
    let source = |layer: Layer| {
        let slot = match layer {
            Layer::Schema => 0,
            Layer::Seed => 1,
            Layer::Later => 2,
        };
        layers[slot]
            .as_ref()
            .map(|(_, position)| &sources[*position])
    };
    let mut diagnostics: Vec<Diagnostic> = orphans
        .into_iter()
        .filter_map(|orphan| {
            let source = source(orphan.layer)?;
            let path = orphan.path.join(".");
            let at = locate(&source.text, &orphan.path);
            let (code, message, help) = if orphan.twice {
                let message = format!("`{path}` is stated twice");
                ("DM1012", message, "merge the two lines or remove one")
            } else {
                let message =
                    format!("`{path}` has no parent key, or no file brings it with a type");
                (
                    "DM1007",
                    message,
                    "state the parent key before it, with `type`",
                )
            };
            Some(Diagnostic::error(code, &source.path, at, message).with_help(help))
        })
        .collect();
    if resolved.is_none() {
        for (item, position) in layers.iter().flatten() {
            let message = format!("no file brings the item `{}`", item.file);
            let diagnostic = Diagnostic::error("DM1011", &sources[*position].path, 0..0, message);
            let help = "remove `adds = false`, or correct `file` so that it names a file of the schema layer";
            diagnostics.push(diagnostic.with_help(help));
        }
    }
    (resolved, diagnostics)
}

/// The place of a path in the text, by its last name; the whole file's beginning when it is not found.
pub(crate) fn locate(text: &str, path: &[String]) -> Range<usize> {
    let quoted: Vec<String> = path.iter().map(|name| format!("\"{name}\"")).collect();
    let needle = format!("[{}]", quoted.join(", "));
    text.find(&needle)
        .map_or(0..0, |start| start..start + needle.len())
}

/// The path below [`DATA_FOLDER`], wherever the workspace lies.
fn below_data_folder(path: &Path) -> &Path {
    path.ancestors()
        .find(|folder| folder.ends_with(DATA_FOLDER))
        .and_then(|folder| path.strip_prefix(folder).ok())
        .unwrap_or(path)
}

fn part(source: &SourceFile) -> (Option<Part>, Vec<Diagnostic>) {
    let mut reader = Reader::new(&source.path);
    let relative = below_data_folder(&source.path);
    let first = relative
        .components()
        .next()
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .unwrap_or_default();
    let layer = Layer::WORDS
        .iter()
        .find(|(_, folder)| *folder == first)
        .map(|(layer, _)| *layer);
    let part = match (layer, first.as_str()) {
        (Some(layer), _) => reader.item(source, layer).map(Part::Item),
        (None, "catalog.toml") => Some(Part::Head(reader.head(source))),
        (None, "conflicts.toml") => Some(Part::Disagreements(reader.disagreements(source))),
        (None, "vanished.toml") => Some(Part::Vanished(reader.vanished(source))),
        (None, _) => {
            let message = format!("`{}` is no part of the catalogue", relative.display());
            reader.error("DM1009", 0..0, message);
            None
        }
    };
    (part, reader.diagnostics)
}
