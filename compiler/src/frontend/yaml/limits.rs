//! What a file must be before the YAML library may see it: short, UTF-8, without control characters, and
//! not nested so deep that the library's time grows with the square of the depth.

use core::ops::Range;

use crate::diagnostic::{Code, Diagnostic};
use crate::spec::Place;

/// Bytes that a file may have.
pub const MOST_BYTES: usize = 1 << 20;
/// Levels of nesting; the library's own limit.
const DEEPEST: usize = 128;
/// `[` and `{` in a file: what the library may meet at worst, however they are hidden in quotes.
const MOST_BRACKETS: usize = 20_000;

/// Why nothing can be made of a file. The places of the diagnostic are indices into `spans`.
#[derive(Debug)]
pub(super) struct Refused {
    /// The bytes of each place; `None` for the whole file.
    pub(super) spans: Vec<Option<Range<usize>>>,
    /// What is wrong.
    pub(super) diagnostic: Diagnostic,
}

impl Refused {
    /// About the bytes of `span`.
    pub(super) fn new(code: Code, span: impl Into<Option<Range<usize>>>, message: impl Into<String>) -> Self {
        Self { spans: vec![span.into()], diagnostic: Diagnostic::error(code, Place(0), message) }
    }

    /// With these words under the carets.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.label(label);
        self
    }

    /// With a remedy.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }

    /// With the bytes of another place.
    pub(super) fn related(mut self, span: Range<usize>, words: impl Into<String>) -> Self {
        self.spans.push(Some(span));
        self.diagnostic = self.diagnostic.related(Place(1), words);
        self
    }
}

/// The text in `bytes`; on a refusal, with the text that the refusal's spans are in.
pub(super) fn text(bytes: &[u8]) -> Result<&str, (String, Refused)> {
    const REPEAT: &str = "write repeated layers as a block, and use `repeat`";
    if bytes.len() > MOST_BYTES {
        let message = format!("the file has {} bytes; at most {MOST_BYTES} are read", bytes.len());
        return Err((String::new(), Refused::new(Code::TextTooLarge, None, message).help(REPEAT)));
    }
    // Columns are counted from after a byte order mark, as editors do.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    let refused = |refused| (text.to_owned(), refused);
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (offset, character) in text.char_indices() {
        let here = offset..offset + character.len_utf8();
        match character {
            '[' | '{' => {
                depth += 1;
                brackets += 1;
                if depth > DEEPEST {
                    return Err(refused(too_deep(here)));
                }
                if brackets > MOST_BRACKETS {
                    let message = format!("the file has more than {MOST_BRACKETS} opening brackets");
                    return Err(refused(
                        Refused::new(Code::TextTooLarge, here, message).label("one too many").help(REPEAT),
                    ));
                }
            }
            ']' | '}' => depth = depth.saturating_sub(1),
            '\t' | '\n' => {}
            '\r' if text[here.end..].starts_with('\n') => {}
            // YAML ends lines at some of these, editors do not: positions would differ.
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                let message = format!("the file contains the control character U+{:04X}", u32::from(control));
                return Err(refused(
                    Refused::new(Code::NotText, here, message)
                        .label("not allowed in a specification")
                        .help("remove it"),
                ));
            }
            _ => {}
        }
    }
    Ok(text)
}

fn not_utf8(bytes: &[u8], offset: usize) -> (String, Refused) {
    let shown = String::from_utf8_lossy(bytes).into_owned();
    let span = offset..offset + char::REPLACEMENT_CHARACTER.len_utf8();
    let refused = Refused::new(
        Code::NotText,
        span,
        format!("the file is not UTF-8: byte {offset} is 0x{:02X}", bytes[offset]),
    );
    (shown, refused.label("not UTF-8").help("save the file as UTF-8"))
}

/// The nesting passes the limit at `span`.
pub(super) fn too_deep(span: Range<usize>) -> Refused {
    Refused::new(Code::TextTooLarge, span, format!("values are nested more than {DEEPEST} levels deep"))
        .label("one level too many")
}
