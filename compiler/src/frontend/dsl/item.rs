//! Networks, blocks and files: what stands directly in `cnn!`.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::attribute::Attributes;
use super::cursor::{Cursor, is_symbol, plain};
use super::signature::{Formal, Returned, Signature};
use super::{Definition, Item, Parser, literal};
use crate::diagnostic::Code;
use crate::spec::{Block, Body, Entry, Network, Operand, Parameter, Spanned, Statement, Value};

/// The words before a function's name.
struct Head {
    name: Ident,
    visibility: TokenStream,
    attributes: Attributes,
}

impl Parser {
    /// All items of the call.
    pub(super) fn items(&mut self, cursor: &mut Cursor) -> Vec<Item> {
        let mut items = Vec::new();
        if cursor.at_end() {
            self.expected_item(cursor);
        }
        while !cursor.at_end() {
            if self.item(cursor, &mut items).is_none() {
                skip_item(cursor);
            }
        }
        items
    }

    fn expected_item(&mut self, cursor: &Cursor) {
        self.expected("a network, a block or a file", cursor).helps.extend([
            "a network is `pub fn Name(image: Input<256, 256, 1>) -> Output { … }`".into(),
            "a block is `fn name(x: Layer, filters: usize) -> Layer { … }`".into(),
            "a file is `pub Name = \"path.yaml\"`".into(),
        ]);
    }

    /// Reads one item; `None` where its end was not found.
    fn item(&mut self, cursor: &mut Cursor, items: &mut Vec<Item>) -> Option<()> {
        let attributes = self.attributes(cursor);
        let visibility = visibility(cursor);
        let function = cursor.eat_word("fn");
        if !function && !is_symbol(cursor.peek_at(1), '=') {
            self.expected_item(cursor);
            return None;
        }
        let Some(name) = cursor.eat_ident() else {
            self.expected("a name", cursor);
            return None;
        };
        if !function {
            let file = self.file(cursor);
            let attributes = attributes?;
            for (name, place) in attributes.given {
                self.error_at(Code::Attribute, place, format!("a file says its `{name}` itself"))
                    .helps
                    .push(format!("remove the attribute, and write `{name}: …` in the file"));
            }
            let definition = Definition::File(file?);
            items.push(Item { visibility, name, docs: attributes.docs, definition });
            return Some(());
        }
        self.layers = vec![Vec::new()];
        self.ended.clear();
        self.parameters.clear();
        let signature = self.signature(cursor);
        let Some(braces) = cursor.eat_group(Delimiter::Brace) else {
            if signature.is_some() {
                self.expected("the body, `{ … }`", cursor);
            }
            self.unreadable.push(plain(&name));
            return None;
        };
        let body = self.body(&braces);
        match (attributes, signature) {
            (Some(attributes), Some(signature)) => {
                self.function(Head { name, visibility, attributes }, signature, body, items);
            }
            _ => self.unreadable.push(plain(&name)),
        }
        Some(())
    }

    /// Adds a network or a block to the spec, whichever the signature says.
    fn function(&mut self, head: Head, (formals, returned): Signature, body: Body, items: &mut Vec<Item>) {
        let inputs = formals.iter().any(|formal| matches!(formal, Formal::Input(_)));
        match returned {
            Some(Returned::Layer) => self.block(head, formals, body),
            None if !inputs => {
                self.unreadable.push(plain(&head.name));
                self.error(
                    Code::Signature,
                    head.name.span(),
                    format!("`{}` does not say what it returns", head.name),
                )
                .helps
                .push("write `-> Output` for a network, `-> Layer` for a block".into());
            }
            None => self.network(head, formals, Vec::new(), body, items),
            Some(Returned::Outputs(declared)) => self.network(head, formals, declared, body, items),
        }
    }

    fn network(
        &mut self,
        head: Head,
        formals: Vec<Formal>,
        declared: Vec<Option<Spanned<Vec<Spanned<Value>>>>>,
        body: Body,
        items: &mut Vec<Item>,
    ) {
        let name = self.named(&head.name);
        let (mut inputs, mut others) = (Vec::new(), Vec::new());
        for formal in formals {
            match formal {
                Formal::Input(input) => inputs.push(input),
                Formal::Layer(other) | Formal::Value(other) => others.push(other),
            }
        }
        for other in &others {
            let message = format!("`{}` is no input, and `{}` is a network", other.value, name.value);
            self.error_at(Code::Signature, other.place, message).helps.extend([
                format!("an input is `{}: Input<height, width, channels>`", other.value),
                "a block, which takes layers and values, returns `Layer`".into(),
            ]);
        }
        if inputs.is_empty() && others.is_empty() {
            self.error_at(Code::Signature, name.place, format!("the network `{}` has no input", name.value))
                .helps
                .push(format!("write `fn {}(image: Input<height, width, channels>)`", name.value));
        }
        if inputs.is_empty() || !others.is_empty() {
            return;
        }
        let definition = Definition::Network(self.spec.networks.len());
        self.spec.networks.push(Network {
            place: name.place,
            name: Some(name),
            inputs,
            weights: head.attributes.weights,
            precision: head.attributes.precision,
            train: head.attributes.train,
            trace: head.attributes.trace,
            body,
            declared,
        });
        items.push(Item {
            visibility: head.visibility,
            name: head.name,
            docs: head.attributes.docs,
            definition,
        });
    }

    fn block(&mut self, head: Head, formals: Vec<Formal>, body: Body) {
        let name = self.named(&head.name);
        let (mut inputs, mut parameters) = (Vec::new(), Vec::new());
        for formal in formals {
            match formal {
                Formal::Layer(name) => inputs.push(name),
                Formal::Value(name) => parameters.push(Parameter { name, default: None }),
                Formal::Input(input) => {
                    inputs.push(input.name.clone());
                    self.error_at(
                        Code::Signature,
                        input.shape.place,
                        format!("the block `{}` takes a layer of any shape", name.value),
                    )
                    .helps
                    .push(format!("write `{}: Layer`, or return `Output` for a network", input.name.value));
                }
            }
        }
        let span = head.name.span();
        if inputs.is_empty() {
            self.error(Code::Signature, span, format!("the block `{}` takes no layer", name.value))
                .helps
                .push(format!("write `fn {}(x: Layer, …) -> Layer`", name.value));
        }
        if body.outputs.as_ref().is_some_and(|outputs| outputs.len() > 1) {
            self.error(Code::Signature, span, format!("the block `{}` returns several layers", name.value))
                .helps
                .push("return one; join several with `concat`, or write a block for each".into());
        }
        for (attribute, place) in head.attributes.given {
            let help = match attribute {
                "weights" => "write it on the network, whose file names the block's tensors by instance",
                _ => "write it on the network: it holds for all of its layers",
            };
            self.error_at(Code::Attribute, place, format!("a block has no `{attribute}` of its own"))
                .helps
                .push(help.into());
        }
        if !head.visibility.is_empty() {
            self.error(Code::Signature, span, format!("the block `{}` is public", name.value))
                .helps
                .push("remove `pub`: a block belongs to its `cnn!`".into());
        }
        self.spec.blocks.push(Block { name, inputs, parameters, body });
    }

    /// `= "path.yaml"`, behind the name.
    fn file(&mut self, cursor: &mut Cursor) -> Option<Spanned<String>> {
        cursor.eat("=");
        let path = self.text(cursor, "the path of a YAML file in quotes");
        if path.is_some() && !cursor.eat(";") && !cursor.eat(",") && !cursor.at_end() {
            self.expected("`;`", cursor);
            return None;
        }
        path
    }

    /// A string literal.
    pub(super) fn text(&mut self, cursor: &mut Cursor, wanted: &str) -> Option<Spanned<String>> {
        if let Some(TokenTree::Literal(token)) = cursor.peek()
            && let Some(text) = literal::string(token)
        {
            let place = self.at(token.span());
            cursor.take();
            return Some(Spanned::new(text, place));
        }
        self.expected(wanted, cursor);
        None
    }
}

impl Parser {
    /// Marks the uses of functions that could not be read: their errors are reported, and nothing is known of them.
    pub(super) fn forgive_unreadable(&mut self) {
        let unreadable = &self.unreadable;
        let blocks = self.spec.blocks.iter_mut().map(|block| &mut block.body);
        for body in blocks.chain(self.spec.networks.iter_mut().map(|network| &mut network.body)) {
            forgive(&mut body.statements, unreadable);
            body.outputs.iter_mut().flatten().for_each(|output| forgive_operand(output, unreadable));
        }
    }
}

fn forgive(statements: &mut [Statement], unreadable: &[String]) {
    for statement in statements {
        match statement {
            Statement::Layer(entry) => forgive_entry(entry, unreadable),
            Statement::Alias(_, operand) => forgive_operand(operand, unreadable),
            Statement::Loop { body, .. } => forgive(body, unreadable),
        }
    }
}

fn forgive_operand(operand: &mut Operand, unreadable: &[String]) {
    if let Operand::Layer(entry) = operand {
        forgive_entry(entry, unreadable);
    }
}

fn forgive_entry(entry: &mut Entry, unreadable: &[String]) {
    entry.broken |= unreadable.contains(&entry.kind.value);
    entry.sources.iter_mut().flatten().for_each(|source| forgive_operand(source, unreadable));
}

/// `pub`, `pub(…)` or nothing.
fn visibility(cursor: &mut Cursor) -> TokenStream {
    let mut visibility = TokenStream::new();
    if cursor.at_word("pub") {
        visibility.extend(cursor.take());
        visibility.extend(cursor.eat_group(Delimiter::Parenthesis).map(TokenTree::Group));
    }
    visibility
}

/// Steps behind the item that failed to read: behind its braces or `;`.
fn skip_item(cursor: &mut Cursor) {
    while !cursor.at_end() && !cursor.eat(";") && cursor.eat_group(Delimiter::Brace).is_none() {
        cursor.take();
    }
}
