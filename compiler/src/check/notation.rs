//! How messages write the language: remedies come in the notation that the user writes.

/// One of the two notations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `key: value`.
    Yaml,
    /// `key = value`.
    Rust,
}

impl Notation {
    /// An argument, in backticks.
    #[must_use]
    pub fn argument(self, name: &str, value: impl core::fmt::Display) -> String {
        match self {
            Self::Yaml => format!("`{name}: {value}`"),
            // Sources are positional in Rust.
            Self::Rust if name == "from" => "the source as first argument".to_owned(),
            Self::Rust => format!("`{name} = {value}`"),
        }
    }

    /// A block's parameter where it is used.
    #[must_use]
    pub fn parameter(self, name: &str) -> String {
        match self {
            Self::Yaml => format!("${name}"),
            Self::Rust => name.to_owned(),
        }
    }

    /// A layer with arguments, in backticks.
    #[must_use]
    pub fn layer(self, kind: &str, source: &str, arguments: &[(&str, String)]) -> String {
        let list = |join: &str| {
            arguments
                .iter()
                .map(|(name, value)| format!("{name}{join}{value}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Yaml => format!("`{kind}: {{ from: {source}, {} }}`", list(": ")),
            Self::Rust => format!("`{kind}({source}, {})`", list(" = ")),
        }
    }
}
