//! What stands before an item: doc comments, `#[weights(…)]`, `#[precision(…)]`, `#[train]`, `#[trace]`.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::Parser;
use super::cursor::{Cursor, plain};
use crate::diagnostic::{Code, suggest};
use crate::spec::{Place, Spanned, Value, WeightsDeclaration};

/// The attributes of an item.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) docs: TokenStream,
    pub(super) weights: Option<WeightsDeclaration>,
    pub(super) precision: Option<Spanned<String>>,
    pub(super) train: Option<Spanned<bool>>,
    pub(super) trace: bool,
    /// Which stand there, doc comments left out, and where.
    pub(super) given: Vec<(&'static str, Place)>,
}

/// Their names, doc comments left out.
const NAMES: [&str; 4] = ["weights", "precision", "train", "trace"];

const WEIGHTS_HELP: &str = "write `#[weights(\"file.safetensors\", layout = keras)]`";

impl Parser {
    /// Reads all attributes; nothing but those that a network takes means anything here.
    pub(super) fn attributes(&mut self, cursor: &mut Cursor) -> Option<Attributes> {
        let mut attributes = Attributes::default();
        let mut broken = false;
        while cursor.at("#") {
            let sign = cursor.take();
            cursor.eat("!");
            let Some(group) = cursor.eat_group(Delimiter::Bracket) else {
                self.expected("`[…]`", cursor);
                return None;
            };
            let mut inside = Cursor::inside(&group);
            let name = inside.eat_ident().as_ref().map(plain).unwrap_or_default();
            if name == "doc" {
                attributes.docs.extend(sign);
                attributes.docs.extend([TokenTree::Group(group)]);
                continue;
            }
            let first = sign.as_ref().map_or_else(Span::call_site, TokenTree::span);
            let place = self.place(first, group.span_close());
            broken |= self.attribute(&name, place, &mut inside, &mut attributes).is_none();
        }
        (!broken).then_some(attributes)
    }

    /// Reads what stands behind the attribute's name.
    fn attribute(
        &mut self,
        name: &str,
        place: Place,
        cursor: &mut Cursor,
        attributes: &mut Attributes,
    ) -> Option<()> {
        const HELP: &str = "a network takes doc comments, `#[weights(\"file\", layout = keras)]`, \
                            `#[precision(strict)]`, `#[train]` and `#[trace]`";
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            let meant = suggest(name, NAMES).map(|name| format!("did you mean `{name}`?"));
            self.error_at(Code::Attribute, place, "this attribute means nothing here")
                .helps
                .push(meant.unwrap_or_else(|| HELP.into()));
            return None;
        };
        if attributes.given.iter().any(|(given, _)| *given == name) {
            self.error_at(Code::GivenTwice, place, format!("`{name}` is given twice"))
                .helps
                .push("remove one of them".into());
            return None;
        }
        attributes.given.push((name, place));
        match name {
            "weights" => attributes.weights = Some(self.weights(cursor)?),
            "precision" => attributes.precision = Some(self.precision(cursor)?),
            "train" => {
                self.nothing_left(cursor).then_some(())?;
                attributes.train = Some(Spanned::new(true, place));
            }
            _ => attributes.trace = self.nothing_left(cursor).then_some(true)?,
        }
        Some(())
    }

    /// `("file", layout = keras)`, behind the word `weights`.
    fn weights(&mut self, cursor: &mut Cursor) -> Option<WeightsDeclaration> {
        let Some(group) = cursor.eat_group(Delimiter::Parenthesis) else {
            self.expected("`(\"file\")`", cursor).helps.push(WEIGHTS_HELP.into());
            return None;
        };
        let mut weights = WeightsDeclaration::default();
        self.list(&mut Cursor::inside(&group), |parser, cursor| parser.weights_part(cursor, &mut weights))?;
        if weights == WeightsDeclaration::default() {
            self.error(Code::UnexpectedToken, group.span(), "expected a file, a layout or a storage")
                .helps
                .push(WEIGHTS_HELP.into());
            return None;
        }
        Some(weights)
    }

    /// The file, or an argument with its name.
    fn weights_part(&mut self, cursor: &mut Cursor, weights: &mut WeightsDeclaration) -> Option<()> {
        let Some(key) = cursor.peek().cloned().filter(|token| matches!(token, TokenTree::Ident(_))) else {
            let file = self.text(cursor, "a file in quotes")?;
            if weights.file.is_some() {
                self.error_at(Code::GivenTwice, file.place, "a second file").helps.push(WEIGHTS_HELP.into());
                return None;
            }
            weights.file = Some(file);
            return Some(());
        };
        let argument = self.argument(cursor)?;
        let slot = match argument.name.value.as_str() {
            "file" => &mut weights.file,
            "layout" => &mut weights.layout,
            "storage" => &mut weights.storage,
            other => {
                let meant = suggest(other, ["file", "layout", "storage"])
                    .map(|name| format!("did you mean `{name}`?"));
                let message = format!("`weights` has no argument `{other}`");
                self.error(Code::UnknownArgument, key.span(), message)
                    .helps
                    .push(meant.unwrap_or_else(|| WEIGHTS_HELP.into()));
                return None;
            }
        };
        let Value::Word(word) = argument.value.value else {
            let message = format!("`{}` takes a word or a string", argument.name.value);
            self.error(Code::WrongType, key.span(), message).helps.push(WEIGHTS_HELP.into());
            return None;
        };
        if slot.replace(Spanned::new(word, argument.value.place)).is_some() {
            let message = format!("`{}` is given twice", argument.name.value);
            self.error(Code::GivenTwice, key.span(), message);
            return None;
        }
        Some(())
    }

    /// `(strict)`, behind the word `precision`.
    fn precision(&mut self, cursor: &mut Cursor) -> Option<Spanned<String>> {
        const HELP: &str = "write `#[precision(fast)]` or `#[precision(strict)]`";
        let Some(group) = cursor.eat_group(Delimiter::Parenthesis) else {
            self.expected("`(strict)`", cursor).helps.push(HELP.into());
            return None;
        };
        let mut inside = Cursor::inside(&group);
        let Some(word) = inside.eat_ident() else {
            self.expected("a word", &inside).helps.push(HELP.into());
            return None;
        };
        self.nothing_left(&inside).then(|| self.named(&word))
    }
}
