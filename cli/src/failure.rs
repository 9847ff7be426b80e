//! Why a command gave up.

use std::io::Write as _;

use crate::paint::paint;

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

    /// The mistakes that have not been printed.
    pub(crate) fn messages(&self) -> &[String] {
        &self.0
    }

    /// Writes the mistakes to stderr.
    pub(crate) fn print(&self) {
        for message in &self.0 {
            complain(&format!("error: {message}"));
        }
    }
}

/// Writes a message to stderr, in colours where they are wanted. Where nobody reads it, there is nobody left to tell.
pub(crate) fn complain(message: &str) {
    _ = writeln!(anstream::stderr(), "{}", paint(message));
}
