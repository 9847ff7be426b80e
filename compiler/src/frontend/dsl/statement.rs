//! The statements of a body, and what it returns.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::Parser;
use super::cursor::{Cursor, group_of, is_symbol, plain};
use crate::spec::{Body, Operand, Spanned, Statement, Value};

impl Parser {
    /// What stands in the braces of a network or block, whose inputs are in scope.
    pub(super) fn body(&mut self, group: &Group) -> Option<Body> {
        let mut cursor = Cursor::inside(group);
        let mut outputs = None;
        let statements = self.statements(&mut cursor, |parser, cursor| {
            outputs = parser.returned(cursor);
            outputs.is_some()
        })?;
        if outputs.is_none() {
            self.nothing_returned(group, statements.last());
            return None;
        }
        Some(Body { statements, outputs, rebinds: true })
    }

    /// Statements to the end of the cursor; `last` reads an expression without `;` and tells whether it could.
    fn statements(
        &mut self,
        cursor: &mut Cursor,
        mut last: impl FnMut(&mut Self, &mut Cursor) -> bool,
    ) -> Option<Vec<Statement>> {
        let mut statements = Some(Vec::new());
        while !cursor.at_end() {
            if cursor.eat(";") {
                continue;
            }
            let read = if ends_in_expression(cursor) {
                if last(self, cursor) {
                    break;
                }
                None
            } else {
                self.statement(cursor)
            };
            match (read, &mut statements) {
                (Some(read), Some(statements)) => statements.push(read),
                (Some(_), None) => {}
                (None, _) => {
                    statements = None;
                    skip_statement(cursor);
                }
            }
        }
        statements
    }

    fn statement(&mut self, cursor: &mut Cursor) -> Option<Statement> {
        if cursor.at_word("for") {
            return self.repetition(cursor);
        }
        let start = cursor.span();
        let bound = if cursor.eat_word("let") {
            Some(self.binding(cursor)?)
        } else if is_symbol(cursor.peek_at(1), '=') && !is_symbol(cursor.peek_at(2), '=') {
            Some(self.assigned(cursor)?)
        } else {
            self.refuse_statement(cursor)?;
            None
        };
        let operand = self.operand(cursor)?;
        if !cursor.eat(";") {
            self.expected("`;`", cursor);
            return None;
        }
        match (bound, operand) {
            (Some(name), Operand::Layer(mut entry)) if entry.name.is_none() => {
                entry.name = Some(name);
                Some(Statement::Layer(*entry))
            }
            (Some(name), operand) => Some(Statement::Alias(name, operand)),
            (None, Operand::Layer(entry)) => Some(Statement::Layer(*entry)),
            (None, Operand::Named(name)) => {
                self.error(start, format!("`{};` does nothing", name.value))
                    .helps
                    .push("remove it, or remove the `;` of the last line to return it".into());
                None
            }
        }
    }

    /// The name behind `let`, in scope from here on.
    fn binding(&mut self, cursor: &mut Cursor) -> Option<Spanned<String>> {
        cursor.eat_word("mut");
        let problem = match cursor.peek() {
            Some(TokenTree::Ident(ident)) if ident == "_" => "bind the layer to a name, or leave it out",
            Some(TokenTree::Ident(_)) => "",
            Some(TokenTree::Group(_)) => "every layer gives one tensor: bind one name",
            _ => "write `let name = layer(…);`",
        };
        if !problem.is_empty() {
            self.expected("a name", cursor).helps.push(problem.into());
            return None;
        }
        let ident = cursor.eat_ident()?;
        let name = plain(&ident);
        let outside = self
            .layers
            .split_last()
            .is_some_and(|(_, outer)| outer.iter().flatten().any(|layer| *layer == name));
        if outside {
            self.error(
                ident.span(),
                format!(
                    "`let {name}` in a loop hides the `{name}` outside, and is forgotten after each turn"
                ),
            )
            .helps
            .push(format!("assign without `let`: `{name} = …;`"));
        }
        if let Some(scope) = self.layers.last_mut() {
            scope.push(name);
        }
        if cursor.at(":") {
            self.error(cursor.span(), "a layer's type is not written")
                .helps
                .push(format!("remove the type: `let {ident} = …;`"));
            return None;
        }
        if !cursor.eat("=") {
            self.expected("`=` and a layer", cursor);
            return None;
        }
        Some(self.named(&ident))
    }

    /// The name before the `=` of an assignment.
    fn assigned(&mut self, cursor: &mut Cursor) -> Option<Spanned<String>> {
        let Some(ident) = cursor.eat_ident() else {
            self.expected("a name before `=`", cursor);
            return None;
        };
        cursor.eat("=");
        let name = plain(&ident);
        if !self.layers.iter().flatten().any(|layer| *layer == name) {
            self.error(ident.span(), format!("there is no `{name}` to assign to"))
                .helps
                .push(format!("bind it first: `let {name} = …;`"));
        }
        Some(self.named(&ident))
    }

    /// `for variable in start..end { … }`.
    fn repetition(&mut self, cursor: &mut Cursor) -> Option<Statement> {
        let keyword = cursor.span();
        cursor.eat_word("for");
        let Some(variable) = cursor.eat_ident() else {
            self.expected("the loop's variable", cursor).helps.push("write `for i in 0..n { … }`".into());
            return None;
        };
        if !cursor.eat_word("in") {
            self.expected("`in`", cursor).helps.push("write `for i in 0..n { … }`".into());
            return None;
        }
        let start = self.bound(cursor)?;
        if !cursor.eat("..") {
            self.expected("a range", cursor).helps.push("write `for i in 0..n { … }`".into());
            return None;
        }
        if cursor.at("=") {
            self.error(cursor.span(), "`..=` is not offered")
                .helps
                .push("write `..` and one more than the last".into());
            return None;
        }
        let end = self.bound(cursor)?;
        let Some(group) = cursor.eat_group(Delimiter::Brace) else {
            self.expected("the loop's body `{ … }`", cursor);
            return None;
        };
        let variable = self.named(&variable);
        let body = self.deeper(keyword, |parser| parser.turn(&group, &variable.value))?;
        Some(Statement::Loop { variable, start, end, body })
    }

    /// The body of a loop.
    fn turn(&mut self, group: &Group, variable: &str) -> Option<Vec<Statement>> {
        self.parameters.push(variable.to_owned());
        self.layers.push(Vec::new());
        let body = self.statements(&mut Cursor::inside(group), |parser, cursor| {
            parser
                .error(cursor.span(), "a loop gives no value")
                .helps
                .push("assign to a binding from outside: `x = …;`".into());
            false
        });
        self.parameters.pop();
        self.ended.extend(self.layers.pop().unwrap_or_default());
        body
    }

    /// A limit of a loop: a number or a parameter.
    fn bound(&mut self, cursor: &mut Cursor) -> Option<Spanned<Value>> {
        let span = cursor.span();
        let found = cursor.found();
        let value = self.value(cursor)?;
        if matches!(value.value, Value::Integer(_) | Value::Parameter(_)) {
            return Some(value);
        }
        self.error(span, format!("expected a whole number or a parameter, found {found}"));
        None
    }

    /// The expression or tuple at the end of a body.
    fn returned(&mut self, cursor: &mut Cursor) -> Option<Vec<Operand>> {
        let tuple =
            group_of(cursor.peek(), Delimiter::Parenthesis).filter(|_| cursor.peek_at(1).is_none()).cloned();
        let outputs = if let Some(group) = tuple {
            let outputs = self.list(&mut Cursor::inside(&group), Self::output)?;
            cursor.take();
            if outputs.is_empty() {
                self.error(group.span(), "expected a layer, found `()`");
                return None;
            }
            outputs
        } else {
            let output = self.output(cursor)?;
            if !cursor.at_end() {
                self.expected("`;` or the end of the body", cursor);
                return None;
            }
            vec![output]
        };
        Some(outputs)
    }

    /// A returned layer, called `output` unless it has a name.
    fn output(&mut self, cursor: &mut Cursor) -> Option<Operand> {
        let mut operand = self.operand(cursor)?;
        if let Operand::Layer(entry) = &mut operand
            && entry.name.is_none()
        {
            entry.name = Some(Spanned::new("output".into(), entry.place));
        }
        Some(operand)
    }

    fn nothing_returned(&mut self, group: &Group, last: Option<&Statement>) {
        let help = match last {
            Some(Statement::Layer(entry)) => match &entry.name {
                Some(name) => format!("add `{}` as the last line, without `;`", name.value),
                None => "remove the last `;`".into(),
            },
            Some(Statement::Alias(name, _)) => format!("add `{}` as the last line, without `;`", name.value),
            _ => "write a layer as the last line, without `;`".into(),
        };
        self.error(group.span_close(), "the body returns no layer").helps.push(help);
    }

    /// Reports Rust that may start a statement but has no place in a network.
    fn refuse_statement(&mut self, cursor: &Cursor) -> Option<()> {
        let compound =
            matches!(cursor.peek_at(1), Some(TokenTree::Punct(_))) && is_symbol(cursor.peek_at(2), '=');
        let (message, help): (String, String) = match cursor.peek() {
            Some(TokenTree::Ident(ident)) => match ident.to_string().as_str() {
                "fn" | "struct" | "enum" | "use" | "const" | "static" | "impl" | "mod" | "type" | "trait" => {
                    (
                        format!("`{ident}` in a body"),
                        "write blocks beside the network, in the same `cnn!`".into(),
                    )
                }
                _ if compound && !is_symbol(cursor.peek_at(1), '=') => {
                    let sign = cursor.peek_at(1).map_or_else(String::new, ToString::to_string);
                    (format!("`{sign}=` is not offered"), format!("write `{ident} = {ident} {sign} …;`"))
                }
                _ => return Some(()),
            },
            Some(TokenTree::Punct(punct)) if punct.as_char() == '#' => {
                ("attributes have no meaning on a layer".into(), "remove it".into())
            }
            _ => return Some(()),
        };
        self.error(cursor.span(), message).helps.push(help);
        None
    }
}

/// Whether what comes next is an expression that nothing ends but the end of the body.
fn ends_in_expression(cursor: &Cursor) -> bool {
    let keyword = ["let", "for"].iter().any(|word| cursor.at_word(word));
    !keyword && (0..).map_while(|ahead| cursor.peek_at(ahead)).all(|token| !is_symbol(Some(token), ';'))
}

/// Steps behind the statement that failed to read: behind its `;` or braces, or to the next one's keyword.
fn skip_statement(cursor: &mut Cursor) {
    while !cursor.at_end() {
        if cursor.at_word("let") || cursor.at_word("for") || cursor.eat(";") {
            return;
        }
        let braces = cursor.eat_group(Delimiter::Brace).is_some();
        if braces && !cursor.at_word("else") {
            return;
        }
        if !braces {
            cursor.take();
        }
    }
}
