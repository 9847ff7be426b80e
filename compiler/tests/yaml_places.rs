//! Places of the YAML front end: each points at exactly the text that it stands for.

use convolve_compiler::frontend::yaml;
use convolve_compiler::source::Source;
use convolve_compiler::spec::{Argument, Body, Entry, Operand, Place, Spanned, Spec, Statement, Value};

const SPECS: [&str; 5] = [
    include_str!("../../models/specs/mnist.yaml"),
    include_str!("../../models/specs/unet.yaml"),
    include_str!("../../models/specs/resnet18.yaml"),
    include_str!("../../models/specs/mobilenetv2.yaml"),
    include_str!("yaml/places.yaml"),
];

struct Text(Source);

impl Text {
    fn at(&self, place: Place) -> &str {
        let Source::Yaml(yaml) = &self.0 else { panic!("not YAML") };
        &yaml.text[yaml.span(place).expect("a place in the text")]
    }

    fn word(&self, word: &Spanned<String>) {
        assert_eq!(self.at(word.place).trim_matches(['"', '\'']), word.value);
    }

    fn value(&self, value: &Spanned<Value>) {
        let text = self.at(value.place);
        match &value.value {
            Value::Integer(number) => assert_eq!(text.parse(), Ok(*number)),
            Value::Float(number) => assert_eq!(text.parse(), Ok(*number)),
            Value::Bool(value) => assert_eq!(text.parse(), Ok(*value)),
            Value::Word(word) => assert_eq!(text.trim_matches(['"', '\'']), word),
            Value::Parameter(name) => assert_eq!(text, format!("${name}")),
            Value::Nothing => assert!(["", "null", "~"].contains(&text), "{text}"),
            Value::List(values) => {
                assert!(text.starts_with('[') && text.ends_with(']'), "{text}");
                values.iter().for_each(|value| self.value(value));
            }
            Value::Call(name, arguments) => {
                assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
                self.word(name);
                self.arguments(arguments);
            }
        }
    }

    fn arguments(&self, arguments: &[Argument]) {
        for argument in arguments {
            self.word(&argument.name);
            self.value(&argument.value);
        }
    }

    fn entry(&self, entry: &Entry) {
        self.word(&entry.kind);
        assert!(self.at(entry.place).starts_with(self.at(entry.kind.place)), "{entry:?}");
        entry.name.iter().for_each(|name| self.word(name));
        entry.repeat.iter().for_each(|repeat| self.value(repeat));
        self.operands(entry.sources.as_deref().unwrap_or_default());
        self.arguments(&entry.arguments);
    }

    fn operands(&self, operands: &[Operand]) {
        for operand in operands {
            match operand {
                Operand::Named(name) => self.word(name),
                Operand::Layer(entry) => self.entry(entry),
            }
        }
    }

    /// Checks every place of a body; gives the number of its entries.
    fn body(&self, body: &Body) -> usize {
        for statement in &body.statements {
            let Statement::Layer(entry) = statement else { panic!("{statement:?}") };
            self.entry(entry);
        }
        self.operands(body.outputs.as_deref().unwrap_or_default());
        body.statements.len()
    }

    fn spec(&self, spec: &Spec) -> usize {
        let [network] = spec.networks.as_slice() else { panic!("{} networks", spec.networks.len()) };
        network.name.iter().for_each(|name| self.word(name));
        for input in &network.inputs {
            self.word(&input.name);
            input.shape.value.iter().for_each(|value| self.value(value));
        }
        let mut entries = self.body(&network.body);
        for block in &spec.blocks {
            self.word(&block.name);
            for parameter in &block.parameters {
                self.word(&parameter.name);
                parameter.default.iter().for_each(|value| self.value(value));
            }
            entries += self.body(&block.body);
        }
        entries
    }
}

#[test]
fn every_place_is_the_text_it_stands_for() {
    for spec in SPECS {
        // The layers of a file, counted without the front end.
        let lines = spec.lines().filter(|line| line.trim_start().starts_with("- ")).count();
        let parsed = yaml::parse("net.yaml", spec.as_bytes());
        assert_eq!(parsed.diagnostics, []);
        assert_eq!(Text(parsed.source).spec(&parsed.spec), lines);
    }
}

/// Bytes before the text that are no part of it, and line ends of another system, move nothing.
#[test]
fn marks_and_line_ends_do_not_move_places() {
    for spec in SPECS {
        let plain = yaml::parse("net.yaml", spec.as_bytes());
        let other = yaml::parse("net.yaml", format!("\u{feff}{}", spec.replace('\n', "\r\n")).as_bytes());
        assert_eq!(other.spec, plain.spec);
        Text(other.source).spec(&other.spec);
    }
}
