//! The compiler's only door to the disk.

use std::path::{Path, PathBuf};

/// A file that a spec names.
#[derive(Clone, Debug)]
pub struct File {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its absolute path, for rustc to watch and to embed.
    pub path: PathBuf,
}

/// Finds and reads the files that a spec names.
pub trait Files {
    /// The file that `path` means, or in words why there is none: the places looked at, and the reason.
    ///
    /// # Errors
    /// If the file does not exist or cannot be read.
    fn read(&self, path: &str) -> Result<File, String>;
}

/// Files below one directory, as a YAML file names them: relative to itself.
#[derive(Clone, Debug)]
pub struct Directory(pub PathBuf);

impl Files for Directory {
    fn read(&self, path: &str) -> Result<File, String> {
        read(&self.0.join(path))
    }
}

/// Reads a file.
///
/// # Errors
/// If it does not exist or cannot be read, in words that name it.
pub fn read(path: &Path) -> Result<File, String> {
    let unreadable = |error| format!("cannot read `{}`: {error}", path.display());
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() && !metadata.is_dir() {
        // A device or a pipe may have no end.
        return Err(format!("`{}` is not a regular file", path.display()));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(File { bytes, path })
}

/// No files at all: what a spec names is not looked at.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<File, String> {
        Err(format!("`{path}` is not available here"))
    }
}
