//! The text that a [`Spec`](crate::spec::Spec) came from, and what its places point at.

use proc_macro2::Span;

use crate::spec::Place;

/// Where a spec came from.
#[derive(Debug)]
pub enum Source {
    /// A YAML file.
    Yaml(crate::frontend::yaml::YamlSource),
    /// The tokens of a macro call: place i reaches from the start of its first span to the end of its second.
    Tokens(Vec<(Span, Span)>),
}

impl Source {
    /// First and last token of a place; none in YAML.
    #[must_use]
    pub fn spans(&self, place: Place) -> Option<(Span, Span)> {
        match self {
            Self::Yaml(_) => None,
            Self::Tokens(spans) => spans.get(place.0 as usize).copied(),
        }
    }

    /// What sorts places as a reader meets them.
    #[must_use]
    pub fn position(&self, place: Place) -> (usize, usize) {
        match self {
            // The YAML front end counts its places in the order of the text.
            Self::Yaml(_) => (place.0 as usize, 0),
            Self::Tokens(_) => self.spans(place).map_or((0, 0), |(first, _)| {
                let start = first.start();
                (start.line, start.column)
            }),
        }
    }
}
