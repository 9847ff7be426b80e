//! The entries of a list of layers.

use super::read::Reader;
use super::tree::{Content, Node};
use crate::check::LAYERS;
use crate::diagnostic::{Code, Diagnostic};
use crate::spec::{Entry, Place, Spanned, Statement};

impl Reader<'_> {
    /// The layers of a list; none after a report.
    pub(super) fn layers(&mut self, key: &Node, value: &Node) -> Vec<Statement> {
        match &value.content {
            Content::List(items) if !items.is_empty() => {
                items.iter().flat_map(|item| self.entries(item)).map(Statement::Layer).collect()
            }
            _ => {
                self.no_layers(key, value);
                Vec::new()
            }
        }
    }

    /// The entry that an item of the list is; several where their `- ` is missing.
    fn entries(&mut self, item: &Node) -> Vec<Entry> {
        match &item.content {
            Content::Word(word) => {
                let mut entry = empty(Spanned::new(word.clone(), item.place), item.place);
                entry.broken = self.forgotten_colon(&entry.kind);
                vec![entry]
            }
            Content::Map(entries) => match entries.as_slice() {
                [(key, arguments)] => vec![self.entry(item, key, Arguments::Node(arguments))],
                [(key, first), rest @ ..] if matches!(first.content, Content::Nothing) => {
                    self.not_indented(key, &rest[0].0);
                    vec![self.entry(item, key, Arguments::Beside(rest))]
                }
                [(key, arguments), rest @ ..]
                    if rest.iter().all(|(_, value)| value.content.is_scalar()) && !rest.is_empty() =>
                {
                    self.outside(key, &rest[0].0);
                    vec![self.entry(item, key, Arguments::Node(arguments))]
                }
                [] => vec![self.no_entry(item)],
                several => {
                    self.several_layers(several);
                    several.iter().map(|(key, value)| self.entry(item, key, Arguments::Node(value))).collect()
                }
            },
            _ => vec![self.no_entry(item)],
        }
    }

    fn entry(&mut self, item: &Node, key: &Node, arguments: Arguments<'_>) -> Entry {
        let Some(kind) = self.word(key) else {
            return self.no_entry(key);
        };
        let mut entry = empty(kind, item.place);
        if self.forgotten_colon(&entry.kind) {
            entry.broken = true;
            return entry;
        }
        let entries = match arguments {
            Arguments::Beside(entries) => entries,
            Arguments::Node(node) => match &node.content {
                Content::Nothing => &[],
                Content::Map(entries) => entries.as_slice(),
                _ => {
                    self.positional(&entry.kind.value, node);
                    entry.broken = true;
                    return entry;
                }
            },
        };
        let mut seen = [None::<Place>; 3];
        let mut others = Vec::new();
        for argument in entries {
            let (key, value) = argument;
            let Some((reserved, word)) = self.word(key).and_then(|word| {
                Some((["name", "from", "repeat"].iter().position(|name| *name == word.value)?, word))
            }) else {
                others.push(argument);
                continue;
            };
            if let Some(first) = seen[reserved].replace(key.place) {
                self.duplicate(&word, first);
                continue;
            }
            let read = match reserved {
                0 => {
                    entry.name = self.layer_name(key, value);
                    entry.name.is_some()
                }
                1 => {
                    entry.sources = self.operands(key, value);
                    entry.sources.is_some()
                }
                _ => {
                    entry.repeat = self.value(value);
                    entry.repeat.is_some()
                }
            };
            entry.broken |= !read;
        }
        let owner = format!("`{}`", entry.kind.value);
        let (arguments, complete) = self.arguments(&owner, others);
        entry.arguments = arguments;
        entry.broken |= !complete;
        entry
    }

    fn layer_name(&mut self, key: &Node, value: &Node) -> Option<Spanned<String>> {
        let name = self.word(value);
        if name.is_none() {
            self.mismatch(key, value, "a word", "write `name: c1`");
        }
        name
    }

    /// An item that is no layer at all.
    fn no_entry(&mut self, item: &Node) -> Entry {
        let diagnostic = Diagnostic::error(
            Code::NotALayer,
            item.place,
            format!("expected a layer, found {}", item.content),
        )
        .label("not a layer")
        .help("write `- relu`, or `- conv2d: { filters: 8, kernel_size: 3 }`");
        self.report(diagnostic);
        Entry { broken: true, ..empty(Spanned::new(String::new(), item.place), item.place) }
    }

    /// `- dropout: 0.5`
    fn positional(&mut self, kind: &str, value: &Node) {
        let written = self.source.span(value.place).map_or("…", |span| &self.source.text[span]);
        let help = match LAYERS.iter().find(|layer| layer.name == kind).map(|layer| layer.arguments) {
            Some([]) => format!("`{kind}` takes no argument of its own: write `- {kind}`"),
            Some([first, ..]) => format!("write `- {kind}: {{ {}: {written} }}`", first.name),
            None => format!("write `- {kind}: {{ argument: {written} }}`, with the argument's name"),
        };
        let message = format!("the arguments of `{kind}` are written as a mapping, found {}", value.content);
        self.report(
            Diagnostic::error(Code::ArgumentForm, value.place, message)
                .label("a value without its argument's name")
                .help(help),
        );
    }

    /// The arguments stand at the column of the layer:
    /// ```yaml
    /// - conv2d:
    ///   filters: 8
    /// ```
    fn not_indented(&mut self, kind: &Node, first: &Node) {
        let word = self.word(kind).map(|word| word.value).unwrap_or_default();
        let diagnostic = Diagnostic::error(
            Code::ArgumentForm,
            first.place,
            format!("the arguments of `{word}` are not indented"),
        )
        .label("stands beside the layer, not below it")
        .related(kind.place, "the layer")
        .help(format!("indent the arguments deeper than `{word}`, or write `- {word}: {{ … }}`"));
        self.report(diagnostic);
    }

    /// `{ conv2d: { … }, name: c1 }`
    fn outside(&mut self, kind: &Node, argument: &Node) {
        let [kind_word, argument_word] = [kind, argument].map(|node| self.word(node).map(|word| word.value));
        let (kind_word, argument_word) = (kind_word.unwrap_or_default(), argument_word.unwrap_or_default());
        let message = format!("`{argument_word}` stands beside `{kind_word}`, not among its arguments");
        let diagnostic = Diagnostic::error(Code::ArgumentForm, argument.place, message)
            .label("outside the layer")
            .related(kind.place, "the layer")
            .help(format!("write `- {kind_word}: {{ {argument_word}: …, … }}`"));
        self.report(diagnostic);
    }

    fn several_layers(&mut self, entries: &[(Node, Node)]) {
        let message = format!("an entry of the list is one layer, found {}", entries.len());
        let diagnostic = Diagnostic::error(Code::NotALayer, entries[1].0.place, message)
            .label("a second layer")
            .related(entries[0].0.place, "the first")
            .help("start each layer with its own `- `");
        self.report(diagnostic);
    }

    /// `conv2d {filters: 8}`, `conv2d:{filters: 8}`: YAML takes what precedes the next `: ` for the name.
    fn forgotten_colon(&mut self, kind: &Spanned<String>) -> bool {
        let Some(end) = kind.value.find([' ', ':', '{', '(', '[']) else {
            return false;
        };
        let (name, rest) = kind.value.split_at(end);
        // A line that is indented deeper continues the word above.
        let diagnostic = if rest.starts_with(" - ") {
            Diagnostic::error(
                Code::Indentation,
                kind.place,
                format!("the `- ` below `{name}` is indented deeper"),
            )
            .label("the line below is taken for a part of this one")
            .help("start all layers of a list at the same column")
        } else {
            Diagnostic::error(Code::NotALayer, kind.place, format!("expected `: ` after `{name}`"))
                .label("not the name of a layer")
                .help(format!("write `- {name}: {{ … }}`, with a colon and a space before the arguments"))
        };
        self.report(diagnostic);
        true
    }
}

/// Where the arguments of a layer stand.
enum Arguments<'a> {
    /// Below it.
    Node(&'a Node),
    /// At its own column, by mistake.
    Beside(&'a [(Node, Node)]),
}

fn empty(kind: Spanned<String>, place: Place) -> Entry {
    Entry { kind, name: None, sources: None, repeat: None, arguments: Vec::new(), broken: false, place }
}
