//! Why a command gave up.

use std::io::Write as _;
use std::process::ExitCode;

use crate::paint::paint;

/// What is wrong, each in words for people; none where it has been printed already.
#[derive(Debug)]
pub(crate) struct Failure {
    messages: Vec<String>,
    code: u8,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The mistakes have been printed.
    pub(crate) const REPORTED: Self = Self::all(Vec::new());

    /// Ctrl-C has ended the command, which has been told; the code is the one that shells give for it.
    pub(crate) const INTERRUPTED: Self = Self { messages: Vec::new(), code: 130 };

    /// One mistake.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::all(vec![message.into()])
    }

    /// Several mistakes, found at once.
    pub(crate) const fn all(messages: Vec<String>) -> Self {
        Self { messages, code: 1 }
    }

    /// The mistakes that have not been printed.
    pub(crate) fn messages(&self) -> &[String] {
        &self.messages
    }

    /// What the command exits with.
    pub(crate) fn code(&self) -> ExitCode {
        self.code.into()
    }

    /// Writes the mistakes to stderr.
    pub(crate) fn print(&self) {
        for message in &self.messages {
            complain(&format!("error: {message}"));
        }
    }
}

/// Writes a message to stderr, in colours where they are wanted. Where nobody reads it, there is nobody left to tell.
pub(crate) fn complain(message: &str) {
    _ = writeln!(anstream::stderr(), "{}", paint(message));
}
