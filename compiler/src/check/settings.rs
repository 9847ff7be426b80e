//! The words that hold for a whole network.

use convolve_runtime::weights::Stored;

use super::Defaults;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::graph::{Layout, Precision};
use crate::spec::{Network, Place, Spanned};

/// What a network says of its weights and of its sums.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) layout: Layout,
    /// Of the kernels of dense layers on vectors.
    pub(super) storage: Stored,
    pub(super) precision: Precision,
    pub(super) train: Option<Place>,
    pub(super) trace: bool,
}

impl Settings {
    /// Reads them; a word that means nothing is reported.
    pub(super) fn read(network: &Network, defaults: &Defaults, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let weights = network.weights.as_ref();
        let mut read = Reader { diagnostics };
        Self {
            layout: read
                .word(
                    "weights layout",
                    weights.and_then(|weights| weights.layout.as_ref()),
                    [("keras", Layout::Keras), ("pytorch", Layout::Pytorch)],
                    &[("torch", "pytorch"), ("tensorflow", "keras"), ("tf", "keras")],
                )
                .or(defaults.layout)
                .unwrap_or_default(),
            storage: read
                .word(
                    "weights storage",
                    weights.and_then(|weights| weights.storage.as_ref()),
                    [("f32", Stored::F32), ("bf16", Stored::Bf16)],
                    &[("float32", "f32"), ("bfloat16", "bf16")],
                )
                .unwrap_or_default(),
            precision: read
                .word(
                    "precision",
                    network.precision.as_ref(),
                    [("fast", Precision::Fast), ("strict", Precision::Strict)],
                    &[("exact", "strict")],
                )
                .unwrap_or_default(),
            train: network.train.as_ref().filter(|train| train.value).map(|train| train.place),
            trace: network.trace,
        }
    }
}

struct Reader<'a> {
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    /// What the word stands for. Of one that is not known, what was meant is told, also by what others call it.
    fn word<T: Copy>(
        &mut self,
        what: &str,
        word: Option<&Spanned<String>>,
        known: [(&str, T); 2],
        others: &[(&str, &'static str)],
    ) -> Option<T> {
        let word = word?;
        let found = known.iter().find(|(name, _)| *name == word.value);
        if found.is_none() {
            let names = known.map(|(name, _)| name);
            let lower = word.value.to_lowercase();
            let other = others.iter().find(|(other, _)| *other == lower).map(|(_, name)| *name);
            let meant = other.or_else(|| suggest(&lower, names));
            self.diagnostics.push(
                Diagnostic::error(
                    Code::UnknownWord,
                    word.place,
                    format!("there is no {what} `{}`", word.value),
                )
                .label(format!("expected `{}` or `{}`", names[0], names[1]))
                .maybe_help(meant.map(|meant| format!("did you mean `{meant}`?"))),
            );
        }
        found.map(|(_, value)| *value)
    }
}
