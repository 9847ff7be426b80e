//! The body of `cnn!` to [`Spec`].
//!
//! The grammar is a small part of Rust's, read here token by token: a general Rust parser stops at its first
//! error, knows nothing of what a network may not contain, and recurses as deep as its input.

mod attribute;
mod cursor;
mod expression;
mod item;
mod literal;
mod signature;
mod statement;
#[cfg(test)]
mod tests;

use proc_macro2::{Ident, Span, TokenStream};

use crate::diagnostic::{Code, Diagnostic};
use crate::frontend::Parsed;
use crate::source::Source;
use crate::spec::{Place, Spanned, Spec};
use cursor::Cursor;

/// What stands in one `cnn!`.
#[derive(Debug)]
pub struct Call {
    /// The networks and blocks written in place.
    pub parsed: Parsed,
    /// The types to generate, in order.
    pub items: Vec<Item>,
}

/// A type to generate: what of it is Rust's alone.
#[derive(Debug)]
pub struct Item {
    /// `pub`, `pub(crate)` or nothing.
    pub visibility: TokenStream,
    /// The type's name.
    pub name: Ident,
    /// Its doc comments, as `#[doc = "…"]`.
    pub docs: TokenStream,
    /// What it is.
    pub definition: Definition,
}

/// What a generated type is made from.
#[derive(Debug)]
pub enum Definition {
    /// The network of this index in the spec.
    Network(usize),
    /// A YAML file.
    File(Spanned<String>),
}

/// Reads the tokens of a `cnn!` call.
#[must_use]
pub fn parse(tokens: TokenStream) -> Call {
    let mut parser = Parser::default();
    let items = parser.items(&mut Cursor::new(tokens, Span::call_site()));
    parser.forgive_unreadable();
    Call {
        parsed: Parsed {
            spec: parser.spec,
            source: Source::Tokens(parser.places),
            diagnostics: parser.diagnostics,
        },
        items,
    }
}

/// How deep calls, lists, parentheses and loops may stand in one another, together.
const DEEPEST: usize = 64;

/// The state of reading one call. What fails to read is `None`, with its diagnostic already pushed.
#[derive(Default)]
struct Parser {
    spec: Spec,
    places: Vec<(Span, Span)>,
    diagnostics: Vec<Diagnostic>,
    /// Parameters and loop variables in scope: a word that is one of them means its value.
    parameters: Vec<String>,
    /// Names of layers in scope, one list for the body and each loop around.
    layers: Vec<Vec<String>>,
    /// Names that loops bound and that ended with them.
    ended: Vec<String>,
    /// Functions that failed to read.
    unreadable: Vec<String>,
    depth: usize,
}

impl Parser {
    /// The place from `first` to `last`.
    fn place(&mut self, first: Span, last: Span) -> Place {
        // 2^32 places would need as many tokens in one macro call.
        let place = Place(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        self.places.push((first, last));
        place
    }

    /// The place of one token.
    fn at(&mut self, span: Span) -> Place {
        self.place(span, span)
    }

    /// The name that `ident` writes, and where.
    fn named(&mut self, ident: &Ident) -> Spanned<String> {
        let place = self.at(ident.span());
        Spanned::new(cursor::plain(ident), place)
    }

    /// Reports an error at one token.
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.error_over(code, span, span, message)
    }

    /// Reports an error from `first` to `last`.
    fn error_over(
        &mut self,
        code: Code,
        first: Span,
        last: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let place = self.place(first, last);
        self.error_at(code, place, message)
    }

    /// Reports an error at a place.
    fn error_at(&mut self, code: Code, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::error(code, place, message));
        let newest = self.diagnostics.len() - 1;
        &mut self.diagnostics[newest]
    }

    /// Reports that `wanted` should stand where the cursor is.
    fn expected(&mut self, wanted: &str, cursor: &Cursor) -> &mut Diagnostic {
        self.error(
            Code::UnexpectedToken,
            cursor.span(),
            format!("expected {wanted}, found {}", cursor.found()),
        )
    }

    /// Reads something one level deeper, or refuses to.
    fn deeper<T>(&mut self, span: Span, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEEPEST {
            self.error(Code::TextTooLarge, span, format!("more than {DEEPEST} levels of nesting"))
                .helps
                .push("bind the inner layers with `let`, or move them into a block".into());
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads a comma-separated list that must be flawless.
    fn list<T>(
        &mut self,
        cursor: &mut Cursor,
        element: impl FnMut(&mut Self, &mut Cursor) -> Option<T>,
    ) -> Option<Vec<T>> {
        let (elements, broken) = self.readable(cursor, element);
        (!broken).then_some(elements)
    }

    /// Reads a comma-separated list to its end; after an element that fails, goes on behind the next comma.
    /// Also tells whether one failed.
    fn readable<T>(
        &mut self,
        cursor: &mut Cursor,
        mut element: impl FnMut(&mut Self, &mut Cursor) -> Option<T>,
    ) -> (Vec<T>, bool) {
        let (mut elements, mut broken) = (Vec::new(), false);
        while !cursor.at_end() {
            let read = element(self, cursor).and_then(|read| {
                let complete = cursor.at_end() || cursor.at(",");
                if !complete {
                    self.expected("`,`", cursor);
                }
                complete.then_some(read)
            });
            broken |= read.is_none();
            elements.extend(read);
            cursor.skip_to(',');
            cursor.eat(",");
        }
        (elements, broken)
    }
}
