//! The top of a file: name, input, weights, blocks, layers, output.

use super::YamlSource;
use super::read::Reader;
use super::tree::{Content, Node};
use crate::diagnostic::{Code, Diagnostic};
use crate::spec::{
    Block, Body, Input, Network, Operand, Parameter, Place, Spanned, Spec, Value, WeightsDeclaration,
};

const LAYERS_EXAMPLE: &str =
    "list the layers below it, each after `- `: `- conv2d: { filters: 8, kernel_size: 3 }`";
const INPUT_EXAMPLE: &str = "write `input: [height, width, channels]`, or `input: [length]` for a vector";

/// What the file says; without a network if it is no mapping.
pub(super) fn spec(tree: &Node, source: &YamlSource, diagnostics: &mut Vec<Diagnostic>) -> Spec {
    let mut reader = Reader { source, diagnostics };
    let Content::Map(entries) = &tree.content else {
        let message = match &tree.content {
            Content::Nothing => "the file is empty".to_owned(),
            other => format!("a specification is a mapping, found {other}"),
        };
        let help = "start with `name: Net`, `input: [28, 28, 1]` and `layers:`";
        reader.report(Diagnostic::error(Code::WrongForm, tree.place, message).help(help));
        return Spec::default();
    };
    let known = ["name", "input", "weights", "precision", "train", "trace", "blocks", "layers", "output"];
    let [name, input, weights, precision, train, trace, blocks, layers, output] =
        reader.fields("a specification", entries, known);
    let network = Network {
        name: name.and_then(|(key, value)| {
            reader.expect_word(key, value, "write `name: Net`, the name of the Rust type")
        }),
        inputs: match input {
            Some((key, value)) => reader.inputs(key, value),
            None => {
                reader.missing("input", tree.place, INPUT_EXAMPLE);
                unreadable(tree.place)
            }
        },
        weights: weights.and_then(|(key, value)| reader.weights(key, value)),
        precision: precision.and_then(|(key, value)| {
            reader.expect_word(key, value, "write `precision: fast` or `precision: strict`")
        }),
        train: train.and_then(|(key, value)| {
            let train = reader.expect_bool(key, value, "write `train: true`")?;
            Some(Spanned::new(train, value.place))
        }),
        trace: trace
            .and_then(|(key, value)| reader.expect_bool(key, value, "write `trace: true`"))
            .unwrap_or_default(),
        declared: Vec::new(),
        body: Body {
            statements: match layers {
                Some((key, value)) => reader.layers(key, value),
                None => {
                    reader.missing("layers", tree.place, LAYERS_EXAMPLE);
                    Vec::new()
                }
            },
            outputs: output.and_then(|(key, value)| reader.operands(key, value)),
            rebinds: false,
        },
        place: tree.place,
    };
    let blocks = blocks.map(|(key, value)| reader.blocks(key, value)).unwrap_or_default();
    Spec { networks: vec![network], blocks }
}

/// Stands for inputs that could not be read, so that layers have something to start from.
fn unreadable(place: Place) -> Vec<Input> {
    vec![Input { name: Spanned::new("input".to_owned(), place), shape: Spanned::new(Vec::new(), place) }]
}

impl Reader<'_> {
    fn missing(&mut self, key: &str, place: Place, help: &str) {
        let message = format!("the specification has no `{key}`");
        self.report(
            Diagnostic::error(Code::MissingPart, place, message)
                .label(format!("`{key}` is missing"))
                .help(help),
        );
    }

    /// "`key` takes this, found that."
    pub(super) fn mismatch(&mut self, key: &Node, value: &Node, expected: &str, help: &str) {
        let place = if matches!(value.content, Content::Nothing) { key.place } else { value.place };
        let key = self.word(key).map(|word| word.value).unwrap_or_default();
        let message = format!("`{key}` is {expected}, found {}", value.content);
        self.report(
            Diagnostic::error(Code::WrongForm, place, message)
                .label(format!("expected {expected}"))
                .help(help),
        );
    }

    /// A word, which must be one.
    fn expect_word(&mut self, key: &Node, value: &Node, help: &str) -> Option<Spanned<String>> {
        let word = self.word(value);
        if word.is_none() {
            self.mismatch(key, value, "a word", help);
        }
        word
    }

    fn expect_bool(&mut self, key: &Node, value: &Node, help: &str) -> Option<bool> {
        let Content::Bool(answer) = value.content else {
            self.mismatch(key, value, "`true` or `false`", help);
            return None;
        };
        Some(answer)
    }

    fn inputs(&mut self, key: &Node, value: &Node) -> Vec<Input> {
        const SEVERAL: &str = "write several inputs as `input: { image: [64, 64, 3], mask: [64, 64, 1] }`";
        match &value.content {
            Content::List(_) => {
                vec![Input {
                    name: Spanned::new("input".to_owned(), key.place),
                    shape: self.shape(key, value),
                }]
            }
            Content::Map(entries) if !entries.is_empty() => {
                let mut inputs: Vec<Input> = Vec::new();
                for (key, value) in entries {
                    let Some(name) = self.word(key) else {
                        self.bad_key("`input`", key);
                        continue;
                    };
                    match inputs.iter().find(|input| input.name.value == name.value) {
                        Some(first) => self.duplicate(&name, first.name.place),
                        None => inputs.push(Input { shape: self.shape(key, value), name }),
                    }
                }
                inputs
            }
            Content::Map(_) => {
                self.mismatch(key, value, "a shape or a mapping of shapes", SEVERAL);
                unreadable(value.place)
            }
            _ => {
                self.mismatch(key, value, "a list of numbers", INPUT_EXAMPLE);
                unreadable(value.place)
            }
        }
    }

    /// Empty after a report.
    fn shape(&mut self, key: &Node, value: &Node) -> Spanned<Vec<Spanned<Value>>> {
        let mut shape = Vec::new();
        match &value.content {
            Content::List(items) if !items.is_empty() => {
                let values: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                shape = values.into_iter().collect::<Option<_>>().unwrap_or_default();
            }
            _ => self.mismatch(key, value, "a list of numbers", INPUT_EXAMPLE),
        }
        Spanned::new(shape, value.place)
    }

    fn weights(&mut self, key: &Node, value: &Node) -> Option<WeightsDeclaration> {
        const EXAMPLE: &str =
            "write `weights: net.safetensors`, or `weights: { file: net.safetensors, layout: keras }`";
        match &value.content {
            Content::Word(_) => Some(WeightsDeclaration { file: self.word(value), ..Default::default() }),
            Content::Map(entries) if !entries.is_empty() => {
                let fields = self.fields("`weights`", entries, ["file", "layout", "storage"]);
                let [file, layout, storage] =
                    fields.map(|field| field.and_then(|(key, value)| self.expect_word(key, value, EXAMPLE)));
                Some(WeightsDeclaration { file, layout, storage })
            }
            _ => {
                self.mismatch(key, value, "a file, or a mapping of `file`, `layout` and `storage`", EXAMPLE);
                None
            }
        }
    }

    fn blocks(&mut self, key: &Node, value: &Node) -> Vec<Block> {
        const EXAMPLE: &str = "write `blocks: { my_block: { params: [filters], layers: […] } }`";
        let Content::Map(entries) = &value.content else {
            self.mismatch(key, value, "a mapping of names to blocks", EXAMPLE);
            return Vec::new();
        };
        let mut blocks: Vec<Block> = Vec::new();
        for (key, value) in entries {
            let Some(name) = self.word(key) else {
                self.bad_key("`blocks`", key);
                continue;
            };
            match blocks.iter().find(|block| block.name.value == name.value) {
                Some(first) => self.duplicate(&name, first.name.place),
                None => blocks.push(self.block(name, key, value)),
            }
        }
        blocks
    }

    fn block(&mut self, name: Spanned<String>, key: &Node, value: &Node) -> Block {
        let mut parameters = Vec::new();
        let mut statements = Vec::new();
        if let Content::Map(entries) = &value.content {
            let owner = format!("block `{}`", name.value);
            let [params, layers] = self.fields(&owner, entries, ["params", "layers"]);
            parameters = params.map(|(key, value)| self.parameters(key, value)).unwrap_or_default();
            match layers {
                Some((key, value)) => statements = self.layers(key, value),
                None => {
                    let message = format!("{owner} has no `layers`");
                    let diagnostic = Diagnostic::error(Code::MissingPart, name.place, message)
                        .label("`layers` is missing");
                    self.report(diagnostic.help(LAYERS_EXAMPLE));
                }
            }
        } else {
            self.mismatch(
                key,
                value,
                "a mapping of `params` and `layers`",
                "write `layers:` above the block's list",
            );
        }
        // A block's input has no place of its own: it is what its caller gives.
        let input = Spanned::new("input".to_owned(), name.place);
        Block {
            inputs: vec![input],
            parameters,
            body: Body { statements, outputs: None, rebinds: false },
            name,
        }
    }

    fn parameters(&mut self, key: &Node, value: &Node) -> Vec<Parameter> {
        const EXAMPLE: &str = "write `params: [filters, { stride: 1 }]`: names, or names with a default";
        let Content::List(items) = &value.content else {
            self.mismatch(key, value, "a list", EXAMPLE);
            return Vec::new();
        };
        let mut parameters = Vec::new();
        for item in items {
            match &item.content {
                Content::Word(_) => {
                    parameters.extend(self.word(item).map(|name| Parameter { name, default: None }));
                }
                Content::Map(entries) if !entries.is_empty() => {
                    for (key, value) in entries {
                        match self.word(key) {
                            Some(name) => parameters.push(Parameter { name, default: self.value(value) }),
                            None => self.bad_key("`params`", key),
                        }
                    }
                }
                other => {
                    let message = format!("a parameter is a name, found {other}");
                    self.report(
                        Diagnostic::error(Code::WrongForm, item.place, message)
                            .label("not a name")
                            .help(EXAMPLE),
                    );
                }
            }
        }
        parameters
    }

    /// One name, or a list of them; `None` after a report.
    pub(super) fn operands(&mut self, key: &Node, value: &Node) -> Option<Vec<Operand>> {
        const EXAMPLE: &str = "write one layer's name, or a list: `[c1, c2]`";
        if let Some(name) = self.word(value) {
            return Some(vec![Operand::Named(name)]);
        }
        let Content::List(items) = &value.content else {
            self.mismatch(key, value, "a layer's name or a list of them", EXAMPLE);
            return None;
        };
        if items.is_empty() {
            self.mismatch(key, value, "a layer's name or a list of at least one", EXAMPLE);
        }
        let mut names = Vec::new();
        for item in items {
            match self.word(item) {
                Some(name) => names.push(Operand::Named(name)),
                None => self.mismatch(key, item, "a list of layers' names", EXAMPLE),
            }
        }
        (!names.is_empty() && names.len() == items.len()).then_some(names)
    }

    /// The reason why a list of layers is none.
    pub(super) fn no_layers(&mut self, key: &Node, value: &Node) {
        self.mismatch(key, value, "a list of layers", LAYERS_EXAMPLE);
    }
}
