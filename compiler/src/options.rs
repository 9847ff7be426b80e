//! Which optimisations are on, and what they report.

use core::fmt::{self, Display, Formatter};

/// What of the optimiser is switched off, and the processors that it plans for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    disabled: Vec<&'static str>,
    plain: bool,
    lanes: Option<usize>,
}

impl Options {
    /// Everything but this [pass](crate::passes::PASSES) or [decision of the planner](crate::plan::DECISIONS).
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Self {
        self.disabled.push(name);
        self
    }

    /// No pass, and no decision of the planner.
    #[must_use]
    pub fn plain() -> Self {
        Self { plain: true, ..Self::default() }
    }

    /// Plans for processors with vectors of so many lanes, in place of the widest.
    #[must_use]
    pub const fn for_lanes(mut self, lanes: usize) -> Self {
        self.lanes = Some(lanes);
        self
    }

    /// Lanes of the vectors of the processors to plan for.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes.unwrap_or(usize::MAX)
    }

    /// Whether a pass or decision is on.
    #[must_use]
    pub fn enabled(&self, name: &str) -> bool {
        !self.plain && !self.disabled.contains(&name)
    }
}

/// What a pass did, or why it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The pass.
    pub pass: &'static str,
    /// Whether it changed something.
    pub done: bool,
    /// What, in words.
    pub words: String,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verb = if self.done { "" } else { "not: " };
        write!(f, "{}: {verb}{}", self.pass, self.words)
    }
}

/// A report before the pass has put its name on it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) done: bool,
    pub(crate) words: String,
}

impl Outcome {
    pub(crate) fn done(words: impl Into<String>) -> Self {
        Self { done: true, words: words.into() }
    }

    pub(crate) fn declined(words: impl Into<String>) -> Self {
        Self { done: false, words: words.into() }
    }

    /// With the name of its pass.
    pub(crate) fn report(self, pass: &'static str) -> Report {
        Report { pass, done: self.done, words: self.words }
    }
}
