use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why data cannot be learned from: what was expected where, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataError {
    /// The file or folder; none for data that never was in a file.
    pub path: Option<PathBuf>,
    /// The byte in the file at which it shows; in an unpacked file, of what was packed.
    pub offset: Option<u64>,
    /// What should be there, in words.
    pub expected: String,
    /// What is there, in words.
    pub found: String,
}

impl DataError {
    pub(crate) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { path: None, offset: None, expected: expected.into(), found: found.into() }
    }

    pub(crate) fn of(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The system would not read `path`.
    pub(crate) fn io(path: &Path, expected: &str, error: &io::Error) -> Self {
        Self::new(expected, error.to_string()).of(path)
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(offset) = self.offset {
            write!(f, "at byte {offset}: ")?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for DataError {}
