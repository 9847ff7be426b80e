//! What a network or block takes and returns.

use proc_macro2::{Delimiter, TokenTree};

use super::Parser;
use super::cursor::{Cursor, plain};
use crate::diagnostic::{Code, suggest};
use crate::spec::{Input, Spanned, Value};

/// The types of a block's parameters, beside lists of them. They tell a reader what to pass; the layers that
/// use the parameters check what they get.
const TYPES: [&str; 7] = ["usize", "f32", "f64", "bool", "Padding", "Activation", "Word"];

/// A parameter of a function.
pub(super) enum Formal {
    /// `image: Input<256, 256, 1>`
    Input(Input),
    /// `x: Layer`
    Layer(Spanned<String>),
    /// `filters: usize`
    Value(Spanned<String>),
}

/// A shape in angle brackets.
type Shape = Spanned<Vec<Spanned<Value>>>;

/// A function's return type.
pub(super) enum Returned {
    /// `Output<256, 256, 1>`, or a tuple of such, with or without shapes.
    Outputs(Vec<Option<Shape>>),
    /// `Layer`
    Layer,
}

/// What a function takes, and its return type where it has one.
pub(super) type Signature = (Vec<Formal>, Option<Returned>);

impl Parser {
    /// Parameters and return type, behind the name. Where one fails, the cursor may stand at the body all the same.
    pub(super) fn signature(&mut self, cursor: &mut Cursor) -> Option<Signature> {
        if cursor.at("<") {
            self.error(Code::Signature, cursor.span(), "networks and blocks take no type parameters")
                .helps
                .push("a block takes its sizes as values: `filters: usize`".into());
            return None;
        }
        let Some(group) = cursor.eat_group(Delimiter::Parenthesis) else {
            self.expected("`(…)`", cursor);
            return None;
        };
        let formals = self.list(&mut Cursor::inside(&group), Self::formal);
        if !cursor.eat("->") {
            return formals.map(|formals| (formals, None));
        }
        let returned = match cursor.eat_group(Delimiter::Parenthesis) {
            Some(group) => self.list(&mut Cursor::inside(&group), Self::output_type).map(Returned::Outputs),
            None if cursor.eat_word("Layer") => Some(Returned::Layer),
            None => self.output_type(cursor).map(|output| Returned::Outputs(vec![output])),
        };
        Some((formals?, Some(returned?)))
    }

    /// `name: Type`.
    fn formal(&mut self, cursor: &mut Cursor) -> Option<Formal> {
        cursor.eat_word("mut");
        let Some(ident) = cursor.eat_ident() else {
            self.expected("`name: Type`", cursor);
            return None;
        };
        let name = self.named(&ident);
        // A name of any or no type is in scope from here on, so that no error in the type causes others.
        let layer = |parser: &mut Self| parser.layers.iter_mut().for_each(|scope| scope.push(plain(&ident)));
        if !cursor.eat(":") {
            layer(self);
            self.expected("`:` and a type", cursor).helps.push(types());
            return None;
        }
        if cursor.eat_word("Layer") {
            layer(self);
            return Some(Formal::Layer(name));
        }
        if !cursor.at_word("Input") {
            self.parameters.push(plain(&ident));
            return self.value_type(cursor).map(|()| Formal::Value(name));
        }
        layer(self);
        let start = cursor.span();
        cursor.take();
        let shape = self.shape(cursor);
        if let Some(None) = shape {
            self.error(Code::Signature, start, format!("the input `{}` has no shape", name.value))
                .helps
                .push("write `Input<height, width, channels>`, or `Input<length>` for a vector".into());
        }
        let shape = shape.flatten().unwrap_or_else(|| Spanned::new(Vec::new(), name.place));
        Some(Formal::Input(Input { name, shape }))
    }

    /// The type of a block's parameter.
    fn value_type(&mut self, cursor: &mut Cursor) -> Option<()> {
        if let Some(group) = cursor.eat_group(Delimiter::Bracket) {
            let mut inside = Cursor::inside(&group);
            let element = self.value_type(&mut inside);
            inside.skip_to(';');
            return element;
        }
        match cursor.peek() {
            Some(TokenTree::Ident(ident)) if TYPES.contains(&plain(ident).as_str()) => {
                cursor.take();
                Some(())
            }
            Some(TokenTree::Ident(ident)) => {
                let known = TYPES.into_iter().chain(["Input", "Layer"]);
                let help = suggest(&plain(ident), known).map(|name| format!("did you mean `{name}`?"));
                self.error(Code::Signature, ident.span(), format!("unknown type `{ident}`"))
                    .helps
                    .push(help.unwrap_or_else(types));
                None
            }
            _ => {
                self.expected("a type", cursor).helps.push(types());
                None
            }
        }
    }

    /// `Output`, with or without a shape.
    fn output_type(&mut self, cursor: &mut Cursor) -> Option<Option<Shape>> {
        if !cursor.eat_word("Output") {
            self.expected("`Output` or `Layer`", cursor)
                .helps
                .push("a network returns `Output` or `Output<256, 256, 1>`, a block `Layer`".into());
            return None;
        }
        self.shape(cursor)
    }

    /// `<256, 256, 1>`, if it comes next.
    fn shape(&mut self, cursor: &mut Cursor) -> Option<Option<Shape>> {
        let start = cursor.span();
        if !cursor.eat("<") {
            return Some(None);
        }
        let mut extents = Vec::new();
        while !cursor.at(">") {
            let extent = self.value(cursor);
            let separated = extent.is_some() && (cursor.eat(",") || cursor.at(">"));
            match extent {
                Some(extent) if separated => extents.push(extent),
                failed => {
                    if failed.is_some() {
                        self.expected("`,` or `>`", cursor);
                    }
                    cursor.skip_to('>');
                    cursor.eat(">");
                    return None;
                }
            }
        }
        cursor.eat(">");
        Some(Some(Spanned::new(extents, self.place(start, cursor.last_span()))))
    }
}

fn types() -> String {
    "a network's inputs are `Input<256, 256, 1>`; a block takes `Layer`, `usize`, `f32`, `f64`, `bool`, `Padding`, \
     `Activation`, any other `Word`, and lists such as `[usize; 2]`"
        .into()
}
