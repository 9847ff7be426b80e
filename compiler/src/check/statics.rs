//! Mistakes that show without expanding anything: unknown kinds and arguments, duplicates, missing
//! ones, the number of sources, blocks that contain themselves. Each is reported once, however often
//! its block is used.

use std::collections::BTreeMap;

use super::aliases::{argument_meant, layer_meant};
use super::layers::{Arity, layer};
use super::notation::Notation;
use super::values::kind_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::spec::{Block, Body, Entry, Operand, Place, Spec, Statement, Value};

/// Entries that cannot be expanded because a mistake in them is reported, sorted.
pub(super) fn statics(spec: &Spec, notation: Notation, diagnostics: &mut Vec<Diagnostic>) -> Vec<Place> {
    let mut checker = Checker { spec, notation, diagnostics, refused: Vec::new() };
    checker.blocks();
    for body in
        spec.networks.iter().map(|network| &network.body).chain(spec.blocks.iter().map(|block| &block.body))
    {
        let mut entries = Vec::new();
        collect(&body.statements, body.outputs.as_deref().unwrap_or(&[]), &mut entries);
        for entry in entries {
            checker.entry(entry);
        }
    }
    checker.cycles();
    checker.refused.sort_unstable();
    checker.refused
}

/// All entries of these statements and operands, nested ones included.
fn collect<'a>(statements: &'a [Statement], operands: &'a [Operand], entries: &mut Vec<&'a Entry>) {
    for statement in statements {
        match statement {
            Statement::Layer(entry) => collect_entry(entry, entries),
            Statement::Alias(_, operand) => collect(&[], core::slice::from_ref(operand), entries),
            Statement::Loop { body, .. } => collect(body, &[], entries),
        }
    }
    for operand in operands {
        if let Operand::Layer(entry) = operand {
            collect_entry(entry, entries);
        }
    }
}

fn collect_entry<'a>(entry: &'a Entry, entries: &mut Vec<&'a Entry>) {
    collect(&[], entry.sources.as_deref().unwrap_or(&[]), entries);
    entries.push(entry);
}

struct Checker<'a> {
    spec: &'a Spec,
    notation: Notation,
    diagnostics: &'a mut Vec<Diagnostic>,
    refused: Vec<Place>,
}

impl Checker<'_> {
    fn block(&self, name: &str) -> Option<&'_ Block> {
        self.spec.blocks.iter().find(|block| block.name.value == name)
    }

    /// Names of blocks and of their parameters.
    fn blocks(&mut self) {
        let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
        for block in &self.spec.blocks {
            let name = block.name.value.as_str();
            if layer(name).is_some() {
                let message = format!("the block `{name}` has the name of a layer");
                self.diagnostics.push(
                    Diagnostic::error(Code::BlockName, block.name.place, message)
                        .label("already a layer")
                        .help(format!("give it another name, for example `{name}_block`")),
                );
            } else if let Some(first) = seen.insert(name, block.name.place) {
                let message = format!("two blocks are called `{name}`");
                self.diagnostics.push(
                    Diagnostic::error(Code::BlockName, block.name.place, message)
                        .label("given again")
                        .related(first, "given first here"),
                );
            }
            let mut names: BTreeMap<&str, Place> = BTreeMap::new();
            for parameter in block.parameters.iter().map(|parameter| &parameter.name).chain(&block.inputs) {
                if let Some(first) = names.insert(&parameter.value, parameter.place) {
                    let message =
                        format!("two parameters of block `{name}` are called `{}`", parameter.value);
                    self.diagnostics.push(
                        Diagnostic::error(Code::BlockName, parameter.place, message)
                            .label("given again")
                            .related(first, "given first here"),
                    );
                }
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.name(entry);
        if entry.broken {
            self.refused.push(entry.place);
            return;
        }
        let kind = entry.kind.value.as_str();
        let (known, required): (Vec<&str>, Vec<&str>) = if let Some(kind) = layer(kind) {
            let required = kind.arguments.iter().filter(|argument| argument.required);
            (
                kind.arguments.iter().map(|argument| argument.name).collect(),
                required.map(|a| a.name).collect(),
            )
        } else if let Some(block) = self.spec.blocks.iter().find(|block| block.name.value == kind) {
            let required = block.parameters.iter().filter(|parameter| parameter.default.is_none());
            (
                block.parameters.iter().map(|parameter| parameter.name.value.as_str()).collect(),
                required.map(|parameter| parameter.name.value.as_str()).collect(),
            )
        } else {
            return self.unknown(entry);
        };
        self.arguments(entry, &known, &required);
        self.sources(entry);
    }

    /// Names become parts of tensor names, whose parts are joined by dots.
    fn name(&mut self, entry: &Entry) {
        let Some(name) = &entry.name else { return };
        let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        if name.value.split('.').all(part) {
            return;
        }
        let kept = |c: char| if c.is_alphanumeric() || c == '.' { c } else { '_' };
        let meant: String = name.value.chars().map(kept).collect();
        let meant: Vec<_> = meant.split('.').filter(|part| !part.is_empty()).collect();
        let help = (!meant.is_empty()).then(|| format!("for example `{}`", meant.join(".")));
        let message = format!("{} cannot name a layer", kind_of(&Value::Word(name.value.clone())));
        self.diagnostics.push(
            Diagnostic::error(Code::LayerName, name.place, message)
                .label("expected letters, digits and `_`, with `.` between parts")
                .maybe_help(help),
        );
    }

    fn unknown(&mut self, entry: &Entry) {
        let kind = &entry.kind.value;
        let meant = layer_meant(kind, self.spec.blocks.iter().map(|block| block.name.value.as_str()));
        let mut mistake = Diagnostic::error(
            Code::UnknownLayer,
            entry.kind.place,
            format!("there is no layer or block `{kind}`"),
        )
        .label("unknown layer");
        match meant {
            Some(meant) => mistake = mistake.help(format!("did you mean `{meant}`?")),
            None => {
                mistake = mistake.note("the layers are listed in docs/spec.md; blocks stand under `blocks`")
            }
        }
        self.diagnostics.push(mistake);
        self.refused.push(entry.place);
    }

    fn arguments(&mut self, entry: &Entry, known: &[&str], required: &[&str]) {
        let kind = entry.kind.value.as_str();
        let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
        let mut misnamed = Vec::new();
        for argument in &entry.arguments {
            let name = argument.name.value.as_str();
            let place = argument.name.place;
            if !known.contains(&name) {
                let reserved: &[&str] = match self.notation {
                    Notation::Yaml => &["name", "from", "repeat"],
                    Notation::Rust => &[],
                };
                let all: Vec<&str> = known.iter().chain(reserved).copied().collect();
                let meant = argument_meant(kind, name, &all);
                misnamed.extend(meant);
                let mut mistake = Diagnostic::error(
                    Code::UnknownArgument,
                    place,
                    format!("`{kind}` has no argument `{name}`"),
                )
                .label("unknown argument");
                if let Some(meant) = meant {
                    mistake = mistake.help(format!("did you mean `{meant}`?"));
                } else if known.is_empty() {
                    mistake = mistake.note(format!("`{kind}` takes no arguments"));
                } else {
                    let list: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                    mistake = mistake.note(format!("its arguments are {}", list.join(", ")));
                }
                self.diagnostics.push(mistake);
            } else if let Some(first) = seen.insert(name, place) {
                let message = format!("`{name}` is given twice");
                self.diagnostics.push(
                    Diagnostic::error(Code::GivenTwice, place, message)
                        .label("given again")
                        .related(first, "given first here"),
                );
            }
        }
        let missing: Vec<&str> = required
            .iter()
            .filter(|name| !seen.contains_key(**name) && !misnamed.contains(*name))
            .copied()
            .collect();
        if !missing.is_empty() {
            let listed = |word: &dyn Fn(&str) -> String| {
                missing.iter().map(|name| word(name)).collect::<Vec<_>>().join(" and ")
            };
            let needs = listed(&|name| format!("`{name}`"));
            let examples = listed(&|name| self.notation.argument(name, example(name)));
            self.diagnostics.push(
                Diagnostic::error(Code::MissingArgument, entry.kind.place, format!("`{kind}` needs {needs}"))
                    .label(format!("{needs} missing"))
                    .help(format!("add {examples}")),
            );
        }
        if !missing.is_empty() || !misnamed.is_empty() {
            self.refused.push(entry.place);
        }
    }

    fn sources(&mut self, entry: &Entry) {
        let kind = entry.kind.value.as_str();
        let count = entry.sources.as_ref().map(Vec::len);
        let (fits, expected) = match layer(kind).map(|kind| kind.arity) {
            Some(Arity::One) => (count.unwrap_or(1) == 1, "one source".to_owned()),
            Some(Arity::Two) => (count == Some(2), "two sources".to_owned()),
            Some(Arity::Many) => (count.is_some_and(|count| count >= 2), "two or more sources".to_owned()),
            None => {
                let inputs = self.block(kind).map_or(1, |block| block.inputs.len());
                let noun = if inputs == 1 { "source" } else { "sources" };
                (count.unwrap_or(1) == inputs, format!("{inputs} {noun}"))
            }
        };
        let chained = entry.repeat.is_some() && count.unwrap_or(1) > 1;
        if fits && !chained {
            return;
        }
        let given = match count {
            None => "only the layer above".to_owned(),
            Some(0) => "none".to_owned(),
            Some(count) => count.to_string(),
        };
        let (code, message) = if fits {
            let message = format!("`{kind}` reads several sources and so cannot be repeated in a chain");
            (Code::RepeatedMerge, message)
        } else {
            (Code::SourceCount, format!("`{kind}` reads {expected}, but is given {given}"))
        };
        let help = match self.notation {
            Notation::Yaml => "name them: `from: [a, b]`",
            Notation::Rust => "sources are the first arguments: `concat(a, b)`",
        };
        let mistake =
            Diagnostic::error(code, entry.kind.place, message).label(format!("expected {expected}"));
        let several = matches!(layer(kind).map(|kind| kind.arity), Some(Arity::Two | Arity::Many));
        self.diagnostics.push(mistake.maybe_help((several && !fits).then(|| help.to_owned())));
        self.refused.push(entry.place);
    }

    /// Blocks that use themselves, directly or through others.
    fn cycles(&mut self) {
        let spec = self.spec;
        let uses: Vec<Vec<(usize, &Entry)>> =
            spec.blocks.iter().map(|block| block_uses(spec, &block.body)).collect();
        // 0: not visited, 1: on the path, 2: done. Iterative: a chain of blocks may be long.
        let mut state = vec![0_u8; spec.blocks.len()];
        for start in 0..spec.blocks.len() {
            let mut path: Vec<(usize, usize)> = Vec::new();
            if state[start] == 0 {
                path.push((start, 0));
                state[start] = 1;
            }
            while let Some((block, next)) = path.last_mut() {
                let Some(&(used, entry)) = uses[*block].get(*next) else {
                    state[*block] = 2;
                    path.pop();
                    continue;
                };
                *next += 1;
                match state[used] {
                    0 => {
                        state[used] = 1;
                        path.push((used, 0));
                    }
                    1 => {
                        let from = path.iter().position(|(block, _)| *block == used).unwrap_or(0);
                        let chain: Vec<_> =
                            path[from..].iter().map(|(block, _)| *block).chain([used]).collect();
                        self.cycle(&chain, entry);
                    }
                    _ => {}
                }
            }
        }
    }

    fn cycle(&mut self, chain: &[usize], entry: &Entry) {
        let names: Vec<_> =
            chain.iter().map(|block| format!("`{}`", self.spec.blocks[*block].name.value)).collect();
        let message = format!("the block {} contains itself: {}", names[0], names.join(" → "));
        self.diagnostics.push(
            Diagnostic::error(Code::BlockCycle, entry.kind.place, message)
                .label("closes the cycle")
                .help("to chain a block several times, use `repeat`, or a loop in `cnn!`"),
        );
        self.refused.push(entry.place);
    }
}

/// The blocks that a body uses, with the entries that do.
fn block_uses<'a>(spec: &Spec, body: &'a Body) -> Vec<(usize, &'a Entry)> {
    let mut entries = Vec::new();
    collect(&body.statements, body.outputs.as_deref().unwrap_or(&[]), &mut entries);
    entries
        .into_iter()
        .filter_map(|entry| {
            let block = spec.blocks.iter().position(|block| block.name.value == entry.kind.value)?;
            Some((block, entry))
        })
        .collect()
}

/// A typical value of an argument, for the remedy.
fn example(argument: &str) -> &'static str {
    match argument {
        "filters" => "32",
        "kernel_size" => "3",
        "units" => "10",
        "output_size" => "1",
        "rate" => "0.5",
        "shape" => "[7, 7, 64]",
        "min" => "0",
        "max" => "6",
        "padding" | "cropping" => "1",
        _ => "2",
    }
}
