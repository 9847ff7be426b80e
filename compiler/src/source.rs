//! The text that a [`Spec`](crate::spec::Spec) came from, and what its places point at.

use proc_macro2::Span;

/// Where a spec came from.
#[derive(Debug)]
pub enum Source {
    /// A YAML file.
    Yaml(crate::frontend::yaml::YamlSource),
    /// The tokens of a macro call: place i reaches from the start of its first span to the end of its second.
    Tokens(Vec<(Span, Span)>),
}
