//! `import`: vendor sources become data files, to be reviewed as a diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use device_matrix::import::apple::Checkout;
use device_matrix::import::calendar::Publication;
use device_matrix::import::{self, GeneratedFile, ImportError};
use jiff::civil::Date;

use crate::cli::ImportVerb;
use crate::exit::{Exit, Outcome, Stop};
use crate::workspace::Workspace;

/// Largest file of a checkout that is read, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Folders of a checkout that hold the schema.
const SCHEMA_FOLDERS: [&str; 3] = ["mdm", "declarative", "other"];

/// Imports.
pub(crate) fn run(verb: &ImportVerb, workspace: &Workspace) -> Outcome {
    let bad = |error: &dyn std::fmt::Display| Stop::new(Exit::BadData, error.to_string());
    match verb {
        ImportVerb::Releases { file } => {
            let files = import::releases::import(&read(file)?).map_err(|error| bad(&error))?;
            write(workspace, &files, None)
        }
        ImportVerb::Calendar {
            file,
            source,
            obtained,
        } => {
            let files = calendar(file, source.as_deref(), *obtained, workspace)?;
            write(workspace, &files, None)
        }
        ImportVerb::Apple {
            checkouts,
            revision,
            facts,
            values,
        } => {
            let mut checkouts = checkouts
                .iter()
                .map(|path| checkout(path))
                .collect::<Result<Vec<_>, _>>()?;
            state_revisions(&mut checkouts, revision)?;
            let facts = facts.as_deref().map(read).transpose()?;
            let values = values.as_deref().map(read).transpose()?;
            let imported = import::apple::import(&checkouts, facts.as_deref(), values.as_deref())
                .map_err(|error| bad(&error))?;
            for warning in &imported.warnings {
                eprintln!("warning: {warning}");
            }
            let sum = imported.summary;
            eprintln!(
                "{} items and {} keys of the schema; later source: {} rows, {} matched, {} new, {} not placed; \
                 {} conflicts kept in conflicts.toml",
                sum.schema_items,
                sum.schema_keys,
                sum.later_rows,
                sum.later_matched,
                sum.later_added,
                sum.later_unmatched,
                imported.conflicts.len()
            );
            write(
                workspace,
                &imported.files,
                Some(Path::new("device-matrix/data/apple")),
            )
        }
        ImportVerb::Product { file } => super::features::import(file, workspace),
    }
}

/// The Cabinet Office's CSV is merged into the calendar at hand; facts as JSON replace it.
fn calendar(
    file: &Path,
    source: Option<&str>,
    obtained: Option<Date>,
    workspace: &Workspace,
) -> Result<Vec<GeneratedFile>, Stop> {
    let bytes = read_bytes(file)?;
    let bad = |error: ImportError| {
        Stop::new(
            Exit::BadData,
            format!("{}:\n{error}\nnothing was changed", file.display()),
        )
    };
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if start.trim_ascii_start().starts_with(b"{") {
        let text = String::from_utf8_lossy(start);
        return import::calendar::import(&text).map_err(bad);
    }
    let name = file
        .file_name()
        .map_or_else(|| "syukujitsu.csv".into(), |name| name.to_string_lossy());
    let obtained = crate::clock::as_of(obtained);
    let publication = Publication {
        source: source.map_or_else(
            || format!("Cabinet Office {name}, obtained {obtained}"),
            str::to_owned,
        ),
        obtained,
    };
    let current = read(workspace.root.join("device-matrix/data/calendar/jp.toml"))?;
    import::calendar::import_csv(&bytes, &publication, &current).map_err(bad)
}

/// Writes generated files; with `own`, files below that folder which are not among them are taken away.
pub(crate) fn write(workspace: &Workspace, files: &[GeneratedFile], own: Option<&Path>) -> Outcome {
    let mut changed = 0;
    for file in files {
        let path = workspace.root.join(&file.path);
        if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
            continue;
        }
        changed += 1;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| Stop::io(folder, &error))?;
        }
        fs::write(&path, &file.text).map_err(|error| Stop::io(&path, &error))?;
    }
    let mut gone = 0;
    if let Some(own) = own {
        let kept: BTreeSet<&Path> = files.iter().map(|file| file.path.as_path()).collect();
        for path in walk(&workspace.root, own)? {
            if !kept.contains(path.as_path()) {
                let full = workspace.root.join(&path);
                fs::remove_file(&full).map_err(|error| Stop::io(&full, &error))?;
                gone += 1;
            }
        }
    }
    println!(
        "{} data files: {changed} written, {gone} taken away, the rest unchanged; review with `git diff`",
        files.len()
    );
    Ok(Exit::Yes)
}

/// A checkout of the vendor's schema; its folder's name is its version.
pub(crate) fn checkout(path: &Path) -> Result<Checkout, Stop> {
    let full = path
        .canonicalize()
        .map_err(|error| Stop::usage(format!("{}: {error}", path.display())))?;
    let label = full
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut files = Vec::new();
    for folder in SCHEMA_FOLDERS {
        for file in walk(&full, Path::new(folder))? {
            if file
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                let text = read(full.join(&file))?;
                files.push((file.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Stop::usage(format!(
            "{}: no schema files in {}; name the root of a checkout",
            path.display(),
            SCHEMA_FOLDERS.join(", ")
        )));
    }
    Ok(Checkout {
        label,
        revision: revision(&full),
        license: "MIT, Apple Inc.".to_owned(),
        files,
    })
}

/// Puts commits given as `NAME=COMMIT` into their checkouts.
fn state_revisions(checkouts: &mut [Checkout], stated: &[String]) -> Result<(), Stop> {
    for text in stated {
        let (name, commit) = text.split_once('=').ok_or_else(|| {
            Stop::usage(format!(
                "`{text}`: write the checkout's name and its commit as NAME=COMMIT"
            ))
        })?;
        let checkout = checkouts
            .iter_mut()
            .find(|checkout| checkout.label == name)
            .ok_or_else(|| Stop::usage(format!("no checkout is named `{name}`")))?;
        commit.clone_into(&mut checkout.revision);
    }
    Ok(())
}

/// The commit a checkout stands at, when it is a git checkout.
fn revision(checkout: &Path) -> String {
    std::process::Command::new("git")
        .args(["rev-parse", "--show-toplevel", "HEAD"])
        .current_dir(checkout)
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| {
            let text = String::from_utf8(output.stdout).ok()?;
            let (top, head) = text.trim().split_once('\n')?;
            // A folder inside another repository has no commit of its own.
            (Path::new(top) == checkout).then(|| head.to_owned())
        })
        .unwrap_or_else(|| "unknown".to_owned())
}

/// Files below `root/folder`, relative to `root`, sorted; a missing folder is empty.
fn walk(root: &Path, folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let full = root.join(&folder);
        if !full.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&full).map_err(|error| Stop::io(&full, &error))? {
            let entry = entry.map_err(|error| Stop::io(&full, &error))?;
            let path = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a bounded text file.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String, Stop> {
    let path = path.as_ref();
    String::from_utf8(read_bytes(path)?).map_err(|error| {
        Stop::new(
            Exit::BadData,
            format!("{}: not UTF-8: {error}", path.display()),
        )
    })
}

/// Reads a bounded file.
fn read_bytes(path: &Path) -> Result<Vec<u8>, Stop> {
    let size = fs::metadata(path)
        .map_err(|error| Stop::usage(format!("{}: {error}", path.display())))?
        .len();
    if size > MAX_FILE {
        return Err(Stop::new(
            Exit::BadData,
            format!(
                "{}: {size} bytes; at most {MAX_FILE} are read",
                path.display()
            ),
        ));
    }
    fs::read(path).map_err(|error| Stop::io(path, &error))
}
