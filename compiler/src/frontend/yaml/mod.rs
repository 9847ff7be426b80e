//! YAML to [`Spec`](crate::spec::Spec).

/// A YAML text and the places in it.
#[derive(Debug)]
pub struct YamlSource {
    /// The path as messages show it.
    pub path: String,
    /// The file's text.
    pub text: String,
}
