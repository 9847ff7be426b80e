//! Rust identifiers out of the names of layers and inputs.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

/// Names of constants, each given once.
#[derive(Default)]
pub(super) struct Constants(BTreeSet<String>);

impl Constants {
    /// A constant's name after a layer: `layer1.0.conv1` gives `LAYER1_0_CONV1`.
    pub(super) fn name(&mut self, layer: &str) -> Ident {
        let word = word(layer).to_ascii_uppercase();
        let mut name = word.clone();
        let mut count = 1;
        while !self.0.insert(name.clone()) {
            count += 1;
            name = format!("{word}_STEP{count}");
        }
        Ident::new(&name, Span::call_site())
    }
}

/// An argument's name after an input.
pub(super) fn argument(input: &str, taken: &[Ident]) -> Ident {
    let mut name = word(input);
    let is_taken =
        |name: &str| matches!(name, "workspace" | "arena") || taken.iter().any(|ident| ident == name);
    while is_taken(&name) || syn::parse_str::<Ident>(&name).is_err() {
        name.push('_');
    }
    Ident::new(&name, Span::call_site())
}

/// The name with an underscore for whatever an identifier cannot have, and never only of underscores.
fn word(name: &str) -> String {
    let mut word: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
        word.insert_str(0, "x_");
    }
    word
}
