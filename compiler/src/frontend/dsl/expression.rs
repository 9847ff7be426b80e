//! Layers, sums and products of them, and the values of arguments.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenTree};

use super::cursor::{Cursor, excerpt, group_of, is_symbol, plain};
use super::{Parser, literal};
use crate::diagnostic::Code;
use crate::spec::{Argument, Entry, Operand, Spanned, Value};

/// What stands between the parentheses of a call.
#[derive(Default)]
struct Arguments {
    sources: Vec<Operand>,
    name: Option<Spanned<String>>,
    repeat: Option<Spanned<Value>>,
    others: Vec<Argument>,
    broken: bool,
}

/// One part of them.
enum Part {
    Source(Operand),
    Keyed(Argument),
}

impl Parser {
    /// A layer: a name, a call, or a sum of products of such.
    pub(super) fn operand(&mut self, cursor: &mut Cursor) -> Option<Operand> {
        let sum = self.deeper(cursor.span(), |parser| {
            parser.chain(cursor, '+', "add", |parser, cursor| parser.chain(cursor, '*', "mul", Self::primary))
        })?;
        match self.unsupported_after(cursor) {
            Some(()) => None,
            None => Some(sum),
        }
    }

    /// Operands joined by `symbol`; all of a chain become the sources of one layer, so that no chain nests.
    fn chain(
        &mut self,
        cursor: &mut Cursor,
        symbol: char,
        kind: &str,
        mut operand: impl FnMut(&mut Self, &mut Cursor) -> Option<Operand>,
    ) -> Option<Operand> {
        let start = cursor.span();
        let first = operand(self, cursor)?;
        let sign = cursor.span();
        let mut sources = vec![first];
        while cursor.eat(symbol.encode_utf8(&mut [0; 4])) {
            sources.push(operand(self, cursor)?);
        }
        if sources.len() == 1 {
            return sources.pop();
        }
        Some(Operand::Layer(Box::new(Entry {
            kind: Spanned::new(kind.into(), self.at(sign)),
            name: None,
            sources: Some(sources),
            repeat: None,
            arguments: Vec::new(),
            broken: false,
            place: self.place(start, cursor.last_span()),
        })))
    }

    /// A name, a call, or something in parentheses.
    fn primary(&mut self, cursor: &mut Cursor) -> Option<Operand> {
        for delimiter in [Delimiter::Parenthesis, Delimiter::None] {
            if let Some(group) = cursor.eat_group(delimiter) {
                let mut inside = Cursor::inside(&group);
                let operand = self.operand(&mut inside)?;
                if inside.at(",") {
                    self.error(Code::NotOffered, group.span(), "a layer cannot be a tuple")
                        .helps
                        .push("give the layers as separate sources: `concat(a, b)`".into());
                    return None;
                }
                return self.nothing_left(&inside).then_some(operand);
            }
        }
        if let Some((message, help)) = unsupported_start(cursor) {
            self.error(Code::NotOffered, cursor.span(), message).helps.push(help);
            return None;
        }
        let Some(ident) = cursor.eat_ident() else {
            self.not_a_layer(cursor);
            return None;
        };
        match cursor.eat_group(Delimiter::Parenthesis) {
            Some(group) => self.call(&ident, &group).map(|entry| Operand::Layer(Box::new(entry))),
            None => {
                self.check_in_scope(&ident);
                Some(Operand::Named(self.named(&ident)))
            }
        }
    }

    fn not_a_layer(&mut self, cursor: &Cursor) {
        let list = group_of(cursor.peek(), Delimiter::Bracket).is_some();
        let value = list || matches!(cursor.peek(), Some(TokenTree::Literal(_))) || cursor.at("-");
        let error = self.expected("a layer", cursor);
        if list {
            error.helps.push("give several sources one after another: `concat(a, b)`".into());
        } else if value {
            error.helps.push("all arguments but the sources are written `key = value`".into());
        }
    }

    /// What stands for a layer that could not be read.
    pub(super) fn broken(&mut self, span: Span) -> Entry {
        let place = self.at(span);
        Entry {
            kind: Spanned::new(String::new(), place),
            name: None,
            sources: None,
            repeat: None,
            arguments: Vec::new(),
            broken: true,
            place,
        }
    }

    /// `kind(source, …, key = value, …)`.
    fn call(&mut self, kind: &Ident, group: &Group) -> Option<Entry> {
        let arguments = self.deeper(group.span_open(), |parser| Some(parser.arguments(group)))?;
        Some(Entry {
            kind: self.named(kind),
            name: arguments.name,
            sources: Some(arguments.sources),
            repeat: arguments.repeat,
            arguments: arguments.others,
            broken: arguments.broken,
            place: self.place(kind.span(), group.span_close()),
        })
    }

    fn arguments(&mut self, group: &Group) -> Arguments {
        let mut keyed = false;
        let (parts, broken) = self.readable(&mut Cursor::inside(group), |parser, cursor| {
            if matches!(cursor.peek(), Some(TokenTree::Ident(_))) && is_symbol(cursor.peek_at(1), '=') {
                keyed = true;
                return parser.argument(cursor).map(Part::Keyed);
            }
            let start = cursor.span();
            let source = parser.operand(cursor)?;
            if keyed {
                parser
                    .error_over(Code::ArgumentForm, start, cursor.last_span(), "a source after an argument")
                    .helps
                    .push("sources come first: `add(a, b, key = value)`".into());
                return None;
            }
            Some(Part::Source(source))
        });
        let mut arguments = Arguments { broken, ..Arguments::default() };
        for part in parts {
            match part {
                Part::Source(source) => arguments.sources.push(source),
                Part::Keyed(argument) => arguments.broken |= self.sort_in(argument, &mut arguments).is_none(),
            }
        }
        arguments
    }

    /// Puts the arguments that every layer has where they belong.
    fn sort_in(&mut self, argument: Argument, arguments: &mut Arguments) -> Option<()> {
        let place = argument.name.place;
        match argument.name.value.as_str() {
            "from" => {
                self.error_at(Code::ArgumentForm, place, "`from` belongs to YAML")
                    .helps
                    .push("the sources are the first arguments: `concat(a, b)`".into());
                None
            }
            "name" if arguments.name.is_none() => match argument.value.value {
                Value::Word(name) | Value::Parameter(name) => {
                    arguments.name = Some(Spanned::new(name, argument.value.place));
                    Some(())
                }
                _ => {
                    self.error_at(Code::WrongType, place, "`name` takes a word or a string").helps.push(
                        "the binding names a layer: `let c1 = …`; a path is a string: `name = \"c1.conv\"`"
                            .into(),
                    );
                    None
                }
            },
            "repeat" if arguments.repeat.is_none() => {
                arguments.repeat = Some(argument.value);
                Some(())
            }
            "name" | "repeat" => {
                self.error_at(Code::GivenTwice, place, format!("`{}` is given twice", argument.name.value));
                None
            }
            _ => {
                arguments.others.push(argument);
                Some(())
            }
        }
    }

    /// `key = value`.
    pub(super) fn argument(&mut self, cursor: &mut Cursor) -> Option<Argument> {
        let Some(key) = cursor.eat_ident() else {
            self.expected("`key = value`", cursor);
            return None;
        };
        let name = self.named(&key);
        if !cursor.eat("=") {
            self.expected("`=` and a value", cursor);
            return None;
        }
        let value = self.value(cursor)?;
        Some(Argument { name, value })
    }

    /// A number, a truth value, a word, a list, or a word with arguments.
    pub(super) fn value(&mut self, cursor: &mut Cursor) -> Option<Spanned<Value>> {
        let start = cursor.span();
        let value = self.deeper(start, |parser| parser.bare_value(cursor))?;
        if let Some(operator) = cursor.peek().filter(|token| is_arithmetic(token)) {
            let (message, span) = (format!("`{operator}` between values"), operator.span());
            self.error(Code::PartOfValue, span, message)
                .helps
                .push("write the result, or pass it to the block as a parameter of its own".into());
            return None;
        }
        Some(Spanned::new(value, self.place(start, cursor.last_span())))
    }

    fn bare_value(&mut self, cursor: &mut Cursor) -> Option<Value> {
        let start = cursor.span();
        let negative = cursor.eat("-");
        if let Some(TokenTree::Literal(literal)) = cursor.peek() {
            let (text, value) = (literal.to_string(), literal::value(literal));
            cursor.take();
            let value = match (value, negative) {
                (Ok(Value::Integer(value)), true) => Ok(Value::Integer(-value)),
                (Ok(Value::Float(value)), true) => Ok(Value::Float(-value)),
                (Ok(_), true) => Err("a word has no negative".into()),
                (value, _) => value,
            };
            return value
                .map_err(|problem| {
                    let message = format!("`{}`: {problem}", excerpt(&text));
                    self.error_over(Code::WrongType, start, cursor.last_span(), message);
                })
                .ok();
        }
        if negative {
            self.expected("a number", cursor);
            return None;
        }
        if let Some(group) = cursor.eat_group(Delimiter::Bracket) {
            return self.list(&mut Cursor::inside(&group), Self::value).map(Value::List);
        }
        let Some(ident) = cursor.eat_ident() else {
            self.expected("a value", cursor).notes.push(
                "values are numbers, `true`, `false`, words, lists `[a, b]` and `word(key = value)`".into(),
            );
            return None;
        };
        if let Some(group) = cursor.eat_group(Delimiter::Parenthesis) {
            let arguments = self.list(&mut Cursor::inside(&group), Self::argument)?;
            return Some(Value::Call(self.named(&ident), arguments));
        }
        Some(match plain(&ident).as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            word if self.parameters.iter().any(|parameter| parameter == word) => {
                Value::Parameter(word.into())
            }
            word => Value::Word(word.into()),
        })
    }

    /// Whether everything has been read; reports what has not.
    pub(super) fn nothing_left(&mut self, cursor: &Cursor) -> bool {
        if !cursor.at_end() {
            self.expected("nothing more", cursor);
        }
        cursor.at_end()
    }

    /// A layer bound in a loop is gone after it, as in Rust; the spec's loops know no scopes.
    fn check_in_scope(&mut self, ident: &Ident) {
        let name = plain(ident);
        if self.ended.contains(&name) && !self.layers.iter().flatten().any(|layer| *layer == name) {
            self.error(
                Code::NotBound,
                ident.span(),
                format!("`{name}` is bound inside the loop above and gone after it"),
            )
            .helps
            .push(format!("bind it before the loop with `let {name} = …;` and assign to it inside"));
        }
    }

    /// Reports Rust that may follow an expression but means nothing for a layer.
    fn unsupported_after(&mut self, cursor: &Cursor) -> Option<()> {
        let (message, help) = unsupported_rest(cursor)?;
        self.error(Code::NotOffered, cursor.span(), message).helps.push(help);
        Some(())
    }
}

fn is_arithmetic(token: &TokenTree) -> bool {
    ['+', '-', '*', '/', '%'].iter().any(|symbol| is_symbol(Some(token), *symbol))
}

/// Rust that may start an expression but means nothing for a layer: the error and the remedy.
fn unsupported_start(cursor: &Cursor) -> Option<(String, String)> {
    let (what, help) = match cursor.peek()? {
        TokenTree::Ident(ident) => match ident.to_string().as_str() {
            "if" | "match" => {
                ("a network cannot branch", "every layer always runs; write a network or block for each case")
            }
            "while" | "loop" => ("a network cannot loop on a condition", "write `for i in 0..n { … }`"),
            "for" => {
                ("a `for` loop is no value", "assign to a binding inside the loop, and use that after it")
            }
            "return" => {
                ("`return` is not offered", "write the layer to return as the last expression, without `;`")
            }
            "break" | "continue" => ("a loop always runs to its end", "give the loop fewer turns"),
            "move" | "async" | "unsafe" | "const" | "await" | "yield" => {
                ("this is no layer", "remove the keyword; a body holds `let`, `for` and layers")
            }
            "true" | "false" => ("a truth value is no layer", "arguments are written `key = value`"),
            "_" => ("`_` is no layer", "name the layer that is meant"),
            _ => return None,
        },
        TokenTree::Punct(punct) => match punct.as_char() {
            '&' => ("a layer is not borrowed", "remove the `&`; a layer may be used any number of times"),
            '|' => ("closures are not offered", "write a block: `fn block(x: Layer) -> Layer { … }`"),
            '!' => ("`!` means nothing for a layer", "remove it"),
            '*' => ("a layer is not dereferenced", "remove the `*`"),
            _ => return None,
        },
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            ("a body inside an expression is not offered", "bind the layers with `let` before")
        }
        _ => return None,
    };
    Some((what.into(), help.into()))
}

/// The same for what may follow an expression.
fn unsupported_rest(cursor: &Cursor) -> Option<(String, String)> {
    let (what, help): (String, String) = match cursor.peek()? {
        TokenTree::Punct(punct) => match punct.as_char() {
            '.' => match cursor.peek_at(1) {
                Some(TokenTree::Ident(method)) => (
                    format!("`.{method}` after a layer: methods are not offered"),
                    format!("write the layer around its source: `{method}(x, …)`"),
                ),
                _ => ("`.` after a layer".into(), "a layer has no fields".into()),
            },
            '-' => ("`-` between layers is not offered".into(), "write `sub(a, b)`".into()),
            '/' | '%' => {
                ("layers cannot be divided".into(), "write `mul(a, b)` with the inverse of `b`".into())
            }
            ':' => ("a path is no layer".into(), "layers and blocks are plain names: `conv2d(…)`".into()),
            '!' => ("a macro is no layer".into(), "write the layers out, or write a block".into()),
            '?' => ("`?` after a layer".into(), "remove it: layers cannot fail".into()),
            '|' | '&' | '^' | '<' | '>' => (
                format!("`{}` means nothing between layers", punct.as_char()),
                "write a layer that is meant".into(),
            ),
            _ => return None,
        },
        TokenTree::Ident(ident) if ident == "as" => {
            ("a layer cannot be converted".into(), "remove `as` and the type: all tensors are `f32`".into())
        }
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
            ("a layer cannot be indexed".into(), "cut with `crop2d(x, cropping = …)` or `subsample2d`".into())
        }
        _ => return None,
    };
    Some((what, help))
}
