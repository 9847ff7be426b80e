//! YAML to [`Spec`]: limits on the bytes, the tree of the text, and what the tree says.
//!
//! Only the structure is judged here; which layers, arguments and values exist is `check`'s matter, and the
//! same for both notations.

mod entry;
mod extent;
mod limits;
mod merge;
mod network;
mod read;
mod syntax;
mod tree;

use core::ops::Range;

use crate::frontend::Parsed;
use crate::source::Source;
use crate::spec::{Place, Spec};

pub use limits::MOST_BYTES;

/// A YAML text and the places in it.
#[derive(Debug)]
pub struct YamlSource {
    /// The path as messages show it.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// By place: the bytes of the text, where they are known.
    spans: Vec<Option<Range<usize>>>,
    /// Whether places are nodes of the text's tree, so that they can be looked up.
    whole: bool,
}

impl YamlSource {
    /// The bytes that `place` is about; `None` for the whole file.
    ///
    /// May read the text again, in time proportional to its length: meant for messages.
    #[must_use]
    pub fn span(&self, place: Place) -> Option<Range<usize>> {
        if let Some(Some(span)) = self.spans.get(place.0 as usize) {
            return Some(span.clone());
        }
        if !self.whole {
            return None;
        }
        let start = tree::locate(&self.text, place)?;
        Some(start..extent::end(&self.text, start))
    }
}

/// Reads the YAML file whose content is `bytes`; `path` is how messages call it.
///
/// A file longer than [`MOST_BYTES`] is refused, so callers need not read more than one byte beyond.
#[must_use]
pub fn parse(path: &str, bytes: &[u8]) -> Parsed {
    let (text, limits::Refused { spans, diagnostic }) = match limits::text(bytes) {
        Ok(text) => match tree::build(text) {
            Ok(tree) => return convert(path, text, tree),
            Err((error, refusal)) => (text.to_owned(), syntax::explain(text, &error, refusal)),
        },
        Err(refused) => refused,
    };
    let source = YamlSource { path: path.to_owned(), text, spans, whole: false };
    Parsed { spec: Spec::default(), source: Source::Yaml(source), diagnostics: vec![diagnostic] }
}

fn convert(path: &str, text: &str, mut tree: tree::Node) -> Parsed {
    let spans = tree::spans(text, &tree);
    let source = YamlSource { path: path.to_owned(), text: text.to_owned(), spans, whole: true };
    let mut diagnostics = Vec::new();
    merge::resolve(&mut tree, &mut diagnostics);
    let spec = network::spec(&tree, &source, &mut diagnostics);
    Parsed { spec, source: Source::Yaml(source), diagnostics }
}
