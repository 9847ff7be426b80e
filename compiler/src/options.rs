//! Which optimisations are on, and what they report.

use core::fmt::{self, Display, Formatter};

use crate::plan::{PHASES, STRIPS, WINOGRAD};

/// A way to compute convolutions that the planner chooses where it is faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Tap by tap.
    Direct,
    /// In transformed tiles of 4 × 4 outputs.
    Tiles4,
    /// In transformed tiles of 2 × 2 outputs.
    Tiles2,
    /// In transformed tiles of 4 × 4 outputs at every second cell.
    StridedTiles4,
    /// In transformed tiles of 2 × 2 outputs at every second cell.
    StridedTiles2,
    /// In transformed tiles of 3 × 3 outputs over 2 × 2 cells at once.
    BlockTiles,
    /// In transformed tiles of 4 × 4 outputs of one phase of a map enlarged twice.
    TiledPhases,
    /// Convolutions of enlarged maps, as transposed ones.
    Phases,
    /// Depthwise convolutions together with those around them, one row at a time.
    Strips,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Direct,
        Self::Tiles4,
        Self::Tiles2,
        Self::StridedTiles4,
        Self::StridedTiles2,
        Self::BlockTiles,
        Self::TiledPhases,
        Self::Phases,
        Self::Strips,
    ];

    /// The [decision](crate::plan::DECISIONS) that chooses it.
    #[must_use]
    pub const fn decision(self) -> Option<&'static str> {
        match self {
            Self::Direct => None,
            Self::Tiles4
            | Self::Tiles2
            | Self::StridedTiles4
            | Self::StridedTiles2
            | Self::BlockTiles
            | Self::TiledPhases => Some(WINOGRAD),
            Self::Phases => Some(PHASES),
            Self::Strips => Some(STRIPS),
        }
    }
}

/// What of the optimiser is switched off, what it must not weigh, and the processors that it plans for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    disabled: Vec<&'static str>,
    plain: bool,
    forced: Option<Algorithm>,
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

    /// Computes convolutions in this way wherever that is right, however long it takes, and directly elsewhere.
    #[must_use]
    pub const fn forcing(mut self, algorithm: Algorithm) -> Self {
        self.forced = Some(algorithm);
        self
    }

    /// Whether the planner must compute convolutions in this way, wherever that is right.
    pub(crate) fn forces(&self, algorithm: Algorithm) -> bool {
        self.forced == Some(algorithm)
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
        let chooses = |algorithm: Algorithm| algorithm.decision() == Some(name);
        let excluded =
            self.forced.is_some_and(|forced| !chooses(forced) && Algorithm::ALL.map(chooses).contains(&true));
        !self.plain && !excluded && !self.disabled.contains(&name)
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
