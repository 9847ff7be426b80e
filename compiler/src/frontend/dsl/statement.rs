//! The statements of a body, and what it returns.

use proc_macro2::{Delimiter, Group, Span, TokenTree};

use super::Parser;
use super::cursor::{Cursor, group_of, is_symbol, plain};
use crate::diagnostic::Code;
use crate::spec::{Body, Entry, Operand, Spanned, Statement, Value};

impl Parser {
    /// What stands in the braces of a network or block, whose inputs are in scope.
    pub(super) fn body(&mut self, group: &Group) -> Body {
        let mut cursor = Cursor::inside(group);
        let mut outputs = None;
        let (statements, broken) = self.statements(&mut cursor, |parser, cursor| {
            outputs = Some(parser.returned(cursor));
        });
        if outputs.is_none() && !broken {
            self.nothing_returned(group, statements.last());
        }
        Body { statements, outputs, rebinds: true }
    }

    /// Statements to the end of the cursor, and whether one failed; `last` reads an expression without `;`.
    fn statements(
        &mut self,
        cursor: &mut Cursor,
        mut last: impl FnMut(&mut Self, &mut Cursor),
    ) -> (Vec<Statement>, bool) {
        let (mut statements, mut broken) = (Vec::new(), false);
        while !cursor.at_end() {
            if cursor.eat(";") {
                continue;
            }
            if ends_in_expression(cursor) {
                last(self, cursor);
                break;
            }
            if self.statement(cursor, &mut statements).is_none() {
                broken = true;
                skip_statement(cursor);
            }
        }
        (statements, broken)
    }

    /// Reads one statement; a layer that fails to read still binds its name.
    fn statement(&mut self, cursor: &mut Cursor, statements: &mut Vec<Statement>) -> Option<()> {
        if cursor.at_word("for") {
            statements.push(self.repetition(cursor)?);
            return Some(());
        }
        let start = cursor.span();
        let bound = if cursor.eat_word("let") {
            Some(self.binding(cursor, statements)?)
        } else if is_symbol(cursor.peek_at(1), '=') {
            Some(self.assigned(cursor)?)
        } else {
            self.refuse_statement(cursor)?;
            None
        };
        let operand = self.operand(cursor).and_then(|operand| {
            let complete = cursor.eat(";");
            if !complete {
                self.expected("`;`", cursor);
            }
            complete.then_some(operand)
        });
        let read = operand.as_ref().map(|_| ());
        let statement = match (bound, operand) {
            (Some(name), None) => Statement::Layer(Entry { name: Some(name), ..self.broken(start) }),
            (Some(name), Some(Operand::Layer(mut entry))) if entry.name.is_none() => {
                entry.name = Some(name);
                Statement::Layer(*entry)
            }
            (Some(name), Some(operand)) => Statement::Alias(name, operand),
            (None, Some(Operand::Layer(entry))) => Statement::Layer(*entry),
            (None, Some(Operand::Named(name))) => {
                self.error(Code::NoResult, start, format!("`{};` does nothing", name.value))
                    .helps
                    .push("remove it, or remove the `;` of the last line to return it".into());
                return read;
            }
            (None, None) => return None,
        };
        statements.push(statement);
        read
    }

    /// The name behind `let`, in scope from here on.
    fn binding(&mut self, cursor: &mut Cursor, statements: &mut Vec<Statement>) -> Option<Spanned<String>> {
        cursor.eat_word("mut");
        let ident = if cursor.at_word("_") { None } else { cursor.eat_ident() };
        let Some(ident) = ident else {
            self.no_binding(cursor, statements);
            return None;
        };
        let name = self.named(&ident);
        self.bind(&name.value, ident.span());
        let typed = cursor.at(":");
        if typed {
            self.error(Code::NotOffered, cursor.span(), "a layer's type is not written")
                .helps
                .push(format!("remove the type: `let {ident} = …;`"));
        } else if !cursor.at("=") {
            self.expected("`=` and a layer", cursor);
        }
        if !typed && cursor.eat("=") {
            return Some(name);
        }
        statements.push(Statement::Layer(Entry { name: Some(name), ..self.broken(ident.span()) }));
        None
    }

    /// Puts a name in scope.
    fn bind(&mut self, name: &str, span: Span) {
        if let Some((scope, outer)) = self.layers.split_last_mut() {
            scope.push(name.to_owned());
            if outer.iter().flatten().any(|layer| layer == name) {
                self.error(
                    Code::NotBound,
                    span,
                    format!("this `{name}` hides the one outside the loop, and each turn forgets it"),
                )
                .helps
                .push(format!("assign without `let`: `{name} = …;`"));
            }
        }
    }

    /// Reports something else than a name behind `let`; the names in a pattern are bound all the same.
    fn no_binding(&mut self, cursor: &mut Cursor, statements: &mut Vec<Statement>) {
        let pattern = group_of(cursor.peek(), Delimiter::Parenthesis)
            .or_else(|| group_of(cursor.peek(), Delimiter::Bracket))
            .cloned();
        let help = match pattern {
            Some(_) => "every layer gives one tensor: write one `let` for each",
            None => "write `let name = layer(…);`",
        };
        self.expected("a name", cursor).helps.push(help.into());
        for token in pattern.iter().flat_map(Group::stream) {
            if let TokenTree::Ident(ident) = token {
                let name = self.named(&ident);
                self.bind(&name.value, ident.span());
                statements.push(Statement::Layer(Entry { name: Some(name), ..self.broken(ident.span()) }));
            }
        }
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
            self.error(Code::NotBound, ident.span(), format!("there is no `{name}` to assign to"))
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
            self.error(Code::NotOffered, cursor.span(), "`..=` is not offered")
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
        let body = self.deeper(keyword, |parser| Some(parser.turn(&group, &variable.value)))?;
        Some(Statement::Loop { variable, start, end, body })
    }

    /// The body of a loop.
    fn turn(&mut self, group: &Group, variable: &str) -> Vec<Statement> {
        self.parameters.push(variable.to_owned());
        self.layers.push(Vec::new());
        let (body, _) = self.statements(&mut Cursor::inside(group), |parser, cursor| {
            parser
                .error(Code::NotOffered, cursor.span(), "a loop gives no value")
                .helps
                .push("assign to a binding from outside: `x = …;`".into());
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
        self.error(
            Code::UnexpectedToken,
            span,
            format!("expected a whole number or a parameter, found {found}"),
        );
        None
    }

    /// The expression or tuple at the end of a body.
    fn returned(&mut self, cursor: &mut Cursor) -> Vec<Operand> {
        let start = cursor.span();
        let tuple =
            group_of(cursor.peek(), Delimiter::Parenthesis).filter(|_| cursor.peek_at(1).is_none()).cloned();
        let (mut outputs, broken) = match tuple {
            Some(group) => self.readable(&mut Cursor::inside(&group), Self::output),
            None => {
                let output = self.refuse_statement(cursor).and_then(|()| self.output(cursor));
                let broken = output.is_none() || !self.body_ends(cursor);
                (output.into_iter().collect(), broken)
            }
        };
        if outputs.is_empty() && !broken {
            self.expected("a layer", cursor);
        }
        if outputs.is_empty() || broken {
            outputs.push(Operand::Layer(Box::new(self.broken(start))));
        }
        outputs
    }

    /// Whether the expression read last is the end of its body; reports what follows.
    fn body_ends(&mut self, cursor: &Cursor) -> bool {
        if !cursor.at_end() {
            self.expected("`;` or the end of the body", cursor);
        }
        cursor.at_end()
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
        self.error(Code::NoResult, group.span_close(), "the body returns no layer").helps.push(help);
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
        self.error(Code::NotOffered, cursor.span(), message).helps.push(help);
        None
    }
}

/// Whether what comes next is an expression that nothing ends but the end of the body.
fn ends_in_expression(cursor: &Cursor) -> bool {
    let statement = cursor.at_word("let") || cursor.at_word("for") || is_symbol(cursor.peek_at(1), '=');
    !statement && (0..).map_while(|ahead| cursor.peek_at(ahead)).all(|token| !is_symbol(Some(token), ';'))
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
