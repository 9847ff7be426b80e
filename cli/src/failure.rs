//! Why a command gave up.

use std::io::Write as _;

/// What is wrong, each in words for people; none where it has been printed already.
#[derive(Debug)]
pub(crate) struct Failure(Vec<String>);

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The mistakes have been printed.
    pub(crate) const REPORTED: Self = Self(Vec::new());

    /// One mistake.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(vec![message.into()])
    }

    /// Several mistakes, found at once.
    pub(crate) const fn all(messages: Vec<String>) -> Self {
        Self(messages)
    }

    /// Writes the mistakes to stderr.
    pub(crate) fn print(&self) {
        for message in &self.0 {
            complain(&format!("error: {message}"));
        }
    }
}

/// Writes a line to stderr. Where nobody reads it, there is nobody left to tell.
pub(crate) fn complain(line: &str) {
    _ = writeln!(std::io::stderr(), "{line}");
}
