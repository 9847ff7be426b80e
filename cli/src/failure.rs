//! Why a command gave up.

use std::io::Write as _;
use std::process::ExitCode;

use convolve_compiler::diagnostic::Code;

use crate::paint::paint;
use crate::progress;

/// What is wrong, each in words for people; none where it has been printed already.
#[derive(Debug)]
pub(crate) struct Failure {
    mistakes: Vec<Mistake>,
    exit: u8,
}

/// What is wrong, in words.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// None where it is not about a network.
    pub(crate) code: Option<Code>,
    pub(crate) message: String,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The mistakes have been printed.
    pub(crate) const REPORTED: Self = Self::mistakes(Vec::new());

    /// Ctrl-C has ended the command, which has been told; the code is the one that shells give for it.
    pub(crate) const INTERRUPTED: Self = Self { mistakes: Vec::new(), exit: 130 };

    /// One mistake.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::all(vec![message.into()])
    }

    /// Several mistakes, found at once.
    pub(crate) fn all(messages: Vec<String>) -> Self {
        Self::mistakes(messages.into_iter().map(|message| Mistake { code: None, message }).collect())
    }

    /// One mistake, of a kind that `convolve explain` explains.
    pub(crate) fn coded(code: Code, message: impl Into<String>) -> Self {
        Self::mistakes(vec![Mistake { code: Some(code), message: message.into() }])
    }

    /// Several mistakes, each perhaps with a code.
    pub(crate) const fn mistakes(mistakes: Vec<Mistake>) -> Self {
        Self { mistakes, exit: 1 }
    }

    /// The mistakes that have not been printed.
    pub(crate) fn unprinted(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// What the command exits with.
    pub(crate) fn code(&self) -> ExitCode {
        self.exit.into()
    }

    /// Writes the mistakes to stderr.
    pub(crate) fn print(&self) {
        for Mistake { code, message } in &self.mistakes {
            let code = code.map_or_else(String::new, |code| format!("[{code}]"));
            complain(&format!("error{code}: {message}"));
        }
    }
}

/// Writes a message to stderr, in colours where they are wanted. Where nobody reads it, there is nobody left to tell.
pub(crate) fn complain(message: &str) {
    progress::beside(|| _ = writeln!(anstream::stderr(), "{}", paint(message)));
}
