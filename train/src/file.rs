//! Files that appear whole or not at all.

use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::TrainError;

/// Writes a file beside the one of this name, has the disk take it, and gives it the name: whatever happens meanwhile,
/// under the name lies the old file or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let write = || -> std::io::Result<()> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let kept = std::fs::metadata(&target).map_or(0o644, |found| found.permissions().mode());
            file.as_file().set_permissions(std::fs::Permissions::from_mode(kept))?;
        }
        file.persist(&target)?;
        Ok(())
    };
    write().map_err(|error| failure(path, &format!("cannot be written: {error}")))
}

/// What is wrong with a file.
pub(crate) fn failure(path: &Path, reason: &str) -> TrainError {
    TrainError::File { path: path.to_owned(), reason: reason.to_owned() }
}
