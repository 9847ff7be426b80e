//! Reading one node: words, mappings with known keys, values.

use core::fmt;

use super::YamlSource;
use super::tree::{Content, Node};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::spec::{Argument, Place, Spanned, Value};

/// What the readers share: the text, and the mistakes found so far.
pub(super) struct Reader<'a> {
    pub(super) source: &'a YamlSource,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// A name. A number or `true` is one as well, as it is written: PyTorch calls layers `0` and `1.10`.
    pub(super) fn word(&self, node: &Node) -> Option<Spanned<String>> {
        let word = match &node.content {
            Content::Word(word) => word.clone(),
            Content::Integer(_) | Content::Float(_) | Content::Bool(_) => {
                self.source.text[self.source.span(node.place)?].to_owned()
            }
            Content::Nothing | Content::List(_) | Content::Map(_) => return None,
        };
        Some(Spanned::new(word, node.place))
    }

    /// Each of `known` in the mapping `entries` of `owner`; reports every other key, and every second one.
    /// A key that is meant for one that is missing stands in for it, so that its value is read too.
    pub(super) fn fields<'n, const N: usize>(
        &mut self,
        owner: &str,
        entries: &'n [(Node, Node)],
        known: [&str; N],
    ) -> [Option<(&'n Node, &'n Node)>; N] {
        let mut found: [Option<(&'n Node, &'n Node)>; N] = [None; N];
        let mut meant = found;
        let index_of = |name: &str| known.iter().position(|other| *other == name);
        for (key, value) in entries {
            let Some(word) = self.word(key) else {
                self.bad_key(owner, key);
                continue;
            };
            if let Some(index) = index_of(&word.value) {
                match found[index] {
                    Some((first, _)) => self.duplicate(&word, first.place),
                    None => found[index] = Some((key, value)),
                }
                continue;
            }
            let suggestion = suggest(&word.value, known);
            if let Some(index) = suggestion.and_then(index_of) {
                meant[index] = Some((key, value));
            }
            let help = match suggestion {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the keys are {}", listed(&known)),
            };
            let message = format!("{owner} has no key `{}`", word.value);
            self.report(
                Diagnostic::error(Code::UnknownKey, key.place, message).label("unknown key").help(help),
            );
        }
        core::array::from_fn(|index| found[index].or(meant[index]))
    }

    /// A key that is no word.
    pub(super) fn bad_key(&mut self, owner: &str, key: &Node) {
        let message = format!("a key of {owner} is a word, found {}", key.content);
        self.report(
            Diagnostic::error(Code::WrongForm, key.place, message)
                .label("not a word")
                .help("write `key: value`"),
        );
    }

    /// A key that stands at `first` already.
    pub(super) fn duplicate(&mut self, key: &Spanned<String>, first: Place) {
        let diagnostic =
            Diagnostic::error(Code::GivenTwice, key.place, format!("the key `{}` stands twice", key.value))
                .label("again here")
                .related(first, "first here")
                .help("remove one of them");
        self.report(diagnostic);
    }

    /// A value; `None` after a report.
    pub(super) fn value(&mut self, node: &Node) -> Option<Spanned<Value>> {
        let value = match &node.content {
            Content::Nothing => Value::Nothing,
            Content::Bool(value) => Value::Bool(*value),
            Content::Integer(value) => Value::Integer(*value),
            Content::Float(value) => Value::Float(*value),
            Content::Word(word) => self.parameter_or_word(word, node.place)?,
            Content::List(items) => {
                // All items are read, for the sake of their mistakes, even after one that cannot be.
                let values: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                Value::List(values.into_iter().collect::<Option<_>>()?)
            }
            Content::Map(entries) => self.call(entries, node.place)?,
        };
        Some(Spanned::new(value, node.place))
    }

    fn parameter_or_word(&mut self, word: &str, place: Place) -> Option<Value> {
        let Some(dollar) = word.find('$') else {
            return Some(Value::Word(word.to_owned()));
        };
        let name: String = word[dollar + 1..]
            .trim_start_matches('{')
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if dollar == 0 && !name.is_empty() && name.len() + 1 == word.len() {
            return Some(Value::Parameter(name));
        }
        let diagnostic = Diagnostic::error(Code::PartOfValue, place, format!("`{word}` is not a parameter"))
            .label("`$name` must be the whole value")
            .note("a parameter stands for a whole value: there is no arithmetic, and no text around it");
        self.report(diagnostic.maybe_help((!name.is_empty()).then(|| format!("write `${name}`"))));
        None
    }

    /// `{ elu: { alpha: 0.3 } }`
    fn call(&mut self, entries: &[(Node, Node)], place: Place) -> Option<Value> {
        const EXAMPLE: &str = "a value with arguments is written as `{ elu: { alpha: 0.3 } }`";
        let [(key, arguments)] = entries else {
            let message =
                format!("expected one name with its arguments, found a mapping of {}", entries.len());
            self.report(Diagnostic::error(Code::ArgumentForm, place, message).help(EXAMPLE));
            return None;
        };
        let Some(name) = self.word(key) else {
            self.bad_key("a value", key);
            return None;
        };
        let arguments = match &arguments.content {
            Content::Nothing => &[][..],
            Content::Map(entries) => entries,
            other => {
                let message =
                    format!("the arguments of `{}` are written as a mapping, found {other}", name.value);
                let place = arguments.place;
                self.report(
                    Diagnostic::error(Code::ArgumentForm, place, message)
                        .label("not a mapping")
                        .help(EXAMPLE),
                );
                return None;
            }
        };
        let (arguments, complete) = self.arguments(&format!("`{}`", name.value), arguments);
        complete.then_some(Value::Call(name, arguments))
    }

    /// The arguments that could be read, and whether those are all.
    pub(super) fn arguments<'n>(
        &mut self,
        owner: &str,
        entries: impl IntoIterator<Item = &'n (Node, Node)>,
    ) -> (Vec<Argument>, bool) {
        let mut complete = true;
        let mut arguments = Vec::new();
        for (key, value) in entries {
            let mut name = self.word(key);
            match &name {
                None => self.bad_key(owner, key),
                Some(word) if word.value.contains(':') => {
                    let diagnostic = Diagnostic::error(
                        Code::ArgumentForm,
                        key.place,
                        format!("expected a space after `:` in `{}`", word.value),
                    );
                    self.report(diagnostic.label("not the name of an argument").help("write `key: value`"));
                    name = None;
                }
                Some(_) => {}
            }
            match (name, self.value(value)) {
                (Some(name), Some(value)) => arguments.push(Argument { name, value }),
                _ => complete = false,
            }
        }
        (arguments, complete)
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Letters of a word that a message repeats.
        const LONGEST: usize = 40;
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Integer(value) => write!(f, "the number {value}"),
            Self::Float(value) => write!(f, "the number {value}"),
            Self::Word(word) if word.chars().count() > LONGEST => {
                write!(f, "`{}…`", word.chars().take(LONGEST).collect::<String>())
            }
            Self::Word(word) => write!(f, "`{word}`"),
            Self::List(items) if items.is_empty() => f.write_str("an empty list"),
            Self::Map(entries) if entries.is_empty() => f.write_str("an empty mapping"),
            Self::List(_) => f.write_str("a list"),
            Self::Map(_) => f.write_str("a mapping"),
        }
    }
}

/// "`a`, `b` and `c`"
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
