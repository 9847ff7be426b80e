//! From what a front end read to networks that are proven right, or to every mistake in them.

use crate::check::{Defaults, Embedded, Notation, check, embed};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::files::Files;
use crate::frontend::Parsed;
use crate::graph::Graph;
use crate::source::Source;
use crate::train::prepare;

/// A network without mistakes.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its typed graph.
    pub graph: Graph,
    /// Its weights, if the text names a file.
    pub weights: Option<Embedded>,
}

/// What is known of a file or a macro call.
#[derive(Debug)]
pub struct Analysis {
    /// The text.
    pub source: Source,
    /// Every mistake.
    pub diagnostics: Vec<Diagnostic>,
    /// The networks, in order; none if anything is wrong.
    pub networks: Vec<Network>,
}

impl Analysis {
    /// Whether anything is wrong; warnings are not.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Checks all that a front end read. Without `files`, weights files are not looked at.
#[must_use]
pub fn analyse(parsed: Parsed, defaults: &Defaults, files: Option<&dyn Files>) -> Analysis {
    let Parsed { spec, source, mut diagnostics } = parsed;
    let notation = match source {
        Source::Yaml(_) => Notation::Yaml,
        Source::Tokens(_) => Notation::Rust,
    };
    let graphs = check(&spec, notation, defaults, &mut diagnostics);
    let mut networks = Vec::new();
    for (network, graph) in spec.networks.iter().zip(graphs) {
        let Some(graph) = graph else { continue };
        if let Some(place) = graph.train
            && let Err(reason) = prepare(&graph)
        {
            diagnostics.push(Diagnostic::error(Code::NotTrainable, place, reason).label("asked for here"));
        }
        let named = network.weights.as_ref().and_then(|weights| weights.file.as_ref());
        let weights =
            named.zip(files).and_then(|(name, files)| embed(&graph, name, notation, files, &mut diagnostics));
        networks.push(Network { graph, weights });
    }
    let mut analysis = Analysis { source, diagnostics, networks };
    if analysis.has_errors() {
        analysis.networks.clear();
    }
    analysis
}
