//! Reading the data files of the crate; everything else takes their texts as arguments.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::diag::SourceFile;

/// Largest data file that is read, in bytes; the biggest generated file is below one megabyte.
pub const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Most files that are read from one folder.
const MAX_FILES: usize = 256;

/// Folders below `device-matrix/data` that [`crate::catalog::Catalog`], the calendar and [`crate::support`] read.
const FOLDERS: [&str; 6] = [
    "releases",
    "models",
    "overlay",
    "calendar",
    "generations",
    "policy",
];

/// Reads the catalogue's and the calendar's data files below `root`, the root of the workspace.
///
/// Paths in the result are relative to `root`, with `/` between parts, in the order of their names. A missing
/// folder is not an error here: the loader says which data it misses.
///
/// # Errors
/// When a file can not be read, is larger than [`MAX_FILE_BYTES`] or is not UTF-8; the message names it.
pub fn read_sources(root: &Path) -> io::Result<Vec<SourceFile>> {
    let data = Path::new("device-matrix/data");
    let mut paths = vec![data.join("enrollment.toml")];
    for folder in FOLDERS {
        let relative = data.join(folder);
        paths.extend(toml_files(root, &relative)?);
    }
    paths.sort();
    paths
        .into_iter()
        .filter(|path| root.join(path).exists())
        .map(|path| {
            let text = read_bounded(&root.join(&path))?;
            Ok(SourceFile { path, text })
        })
        .collect()
}

fn toml_files(root: &Path, relative: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = root.join(relative);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| about(&folder, &error))? {
        let name = entry.map_err(|error| about(&folder, &error))?.file_name();
        let path = relative.join(&name);
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            found.push(path);
        }
        if found.len() > MAX_FILES {
            return Err(io::Error::other(format!(
                "{}: more than {MAX_FILES} data files",
                folder.display()
            )));
        }
    }
    Ok(found)
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let file = File::open(path).map_err(|error| about(path, &error))?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| about(path, &error))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!(
            "{}: larger than {MAX_FILE_BYTES} bytes",
            path.display()
        )));
    }
    Ok(text)
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
