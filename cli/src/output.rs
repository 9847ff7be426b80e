//! Text to the terminal, results to files.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Result};
use crate::progress;

/// Writes text to stdout. A reader who has seen enough, as `head` does, is no mistake.
pub(crate) fn print(text: &str) -> Result<()> {
    let write = || {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
    };
    match progress::beside(write) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes text to a file, or to stdout where none is named.
pub(crate) fn write_or_print(path: Option<&Path>, text: String) -> Result<()> {
    match path {
        Some(path) => write_all(&[(path.to_owned(), text.into_bytes())]),
        None => print(&text),
    }
}

/// Writes files, all or none as far as that is possible: each appears whole, and none before all could be
/// written.
pub(crate) fn write_all(files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let mut ready = Vec::new();
    for (path, bytes) in files {
        let file = prepare(path, bytes).map_err(|error| failure(path, &error))?;
        ready.push((path, bytes, file));
    }
    for (path, bytes, file) in ready {
        let done = match file {
            Some((file, target)) => file.persist(target).map(drop).map_err(|error| error.error),
            None => std::fs::write(path, bytes),
        };
        done.map_err(|error| failure(path, &error))?;
    }
    Ok(())
}

/// Whether files can be written, before it is known what will be in them.
pub(crate) fn check(paths: &[PathBuf]) -> Result<()> {
    for path in paths {
        prepare(path, &[]).map_err(|error| failure(path, &error))?;
    }
    Ok(())
}

/// The content beside its path, and the path that it is to get; nothing for a device or a pipe, which must
/// not be replaced.
fn prepare(path: &Path, bytes: &[u8]) -> std::io::Result<Option<(NamedTempFile, PathBuf)>> {
    let target = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => return Ok(None),
        // A link stays a link.
        Ok(_) => path.canonicalize()?,
        Err(_) => path.to_owned(),
    };
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: what the umask leaves of these.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    Ok(Some((file, target)))
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write `{}`: {error}", path.display()))
}
