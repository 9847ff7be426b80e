//! The two notations; each becomes the same [`Spec`].

pub mod dsl;
pub mod yaml;

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::spec::Spec;

/// What a front end makes of its input.
#[derive(Debug)]
pub struct Parsed {
    /// What could be read; complete where no diagnostic is an error.
    pub spec: Spec,
    /// What its places point at.
    pub source: Source,
    /// Mistakes of syntax, in the order of the input.
    pub diagnostics: Vec<Diagnostic>,
}
