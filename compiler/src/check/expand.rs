//! Expands blocks, repeats and loops: from what was written to a flat list of named layers whose
//! sources are resolved.

use std::collections::BTreeMap;

use super::layers::{LayerKind, layer};
use super::notation::Notation;
use super::values::integer_between;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::spec::{Argument, Block, Body, Entry, Network, Operand, Place, Spanned, Spec, Statement, Value};

/// Layers that a network may expand to.
const MOST_LAYERS: usize = 20_000;
/// Blocks inside blocks.
const DEEPEST: usize = 64;
/// Entries that may be expanded, those of blocks without layers included.
const MOST_ENTRIES: usize = 100_000;

/// A layer of the expanded network.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// Its full name, the instances around it included.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: &'static LayerKind,
    /// What it reads.
    pub(super) sources: Vec<Source>,
    /// Its arguments, parameters put in.
    pub(super) arguments: Vec<Given>,
    /// Where its kind is written.
    pub(super) kind_place: Place,
}

/// A source of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// The tensor.
    pub(super) of: Tensor,
    /// Where it is named.
    pub(super) place: Place,
}

/// A tensor of the expanded network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tensor {
    /// The input of this index.
    Input(usize),
    /// The output of the layer of this index.
    Layer(usize),
    /// Nothing: a mistake that is already reported.
    Unknown,
}

/// An argument with its parameters put in.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// Its name.
    pub(super) name: Spanned<String>,
    /// Its value, at the place that wrote the value.
    pub(super) value: Spanned<Value>,
    /// Where the block uses the parameter that brought it here.
    pub(super) used: Option<Place>,
}

/// A network without blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Expanded {
    /// Every layer after its sources.
    pub(super) layers: Vec<Layer>,
    /// Name and tensor of each output.
    pub(super) outputs: Vec<(String, Source)>,
}

/// Expands a network. `refused` are the entries in which mistakes are already reported.
pub(super) fn expand(
    spec: &Spec,
    network: &Network,
    notation: Notation,
    refused: &[Place],
    diagnostics: &mut Vec<Diagnostic>,
) -> Expanded {
    let mut expander = Expander {
        spec,
        notation,
        refused,
        diagnostics,
        layers: Vec::new(),
        names: BTreeMap::new(),
        entries: 0,
        full: false,
    };
    let mut scope = Scope::default();
    for (index, input) in network.inputs.iter().enumerate() {
        if scope.bound.insert(input.name.value.clone(), Tensor::Input(index)).is_some() {
            let name = &input.name.value;
            expander.diagnostics.push(Diagnostic::error(
                Code::NameTwice,
                input.name.place,
                format!("two inputs are called `{name}`"),
            ));
        }
        expander.names.insert(input.name.value.clone(), input.name.place);
        scope.previous = if network.inputs.len() == 1 { Some(Tensor::Input(0)) } else { None };
    }
    let outputs = expander.body(&network.body, &mut scope);
    Expanded { layers: expander.layers, outputs }
}

struct Expander<'a> {
    spec: &'a Spec,
    notation: Notation,
    refused: &'a [Place],
    diagnostics: &'a mut Vec<Diagnostic>,
    layers: Vec<Layer>,
    /// Every full name, and where it was given.
    names: BTreeMap<String, Place>,
    entries: usize,
    /// A limit is reached, and reported.
    full: bool,
}

/// What is visible at one point of a body.
#[derive(Default)]
struct Scope {
    /// Put before names, with its dot.
    prefix: String,
    parameters: BTreeMap<String, Spanned<Value>>,
    bound: BTreeMap<String, Tensor>,
    /// Unnamed entries of each kind so far.
    counts: BTreeMap<String, usize>,
    /// The tensor above; `None` where the first layer must say which input it reads.
    previous: Option<Tensor>,
    /// Name of the layer above.
    last: String,
    /// Names below the point that has been reached, for a better message.
    rebinds: bool,
    depth: usize,
    later: Vec<String>,
}

impl Expander<'_> {
    fn body(&mut self, body: &Body, scope: &mut Scope) -> Vec<(String, Source)> {
        scope.rebinds = body.rebinds;
        scope.later = body
            .statements
            .iter()
            .filter_map(|statement| match statement {
                Statement::Layer(entry) => entry.name.as_ref().map(|name| name.value.clone()),
                _ => None,
            })
            .collect();
        self.statements(&body.statements, scope);
        match &body.outputs {
            Some(outputs) => outputs
                .iter()
                .map(|operand| {
                    let source = self.operand(operand, scope);
                    let name = match operand {
                        Operand::Named(name) => name.value.clone(),
                        Operand::Layer(_) => scope.last.clone(),
                    };
                    (name, source)
                })
                .collect(),
            None => {
                let place = body.statements.last().map_or(Place(0), |statement| match statement {
                    Statement::Layer(entry) => entry.place,
                    Statement::Alias(name, _) => name.place,
                    Statement::Loop { variable, .. } => variable.place,
                });
                let of = scope.previous.unwrap_or(Tensor::Unknown);
                vec![(scope.last.clone(), Source { of, place })]
            }
        }
    }

    fn statements(&mut self, statements: &[Statement], scope: &mut Scope) {
        for statement in statements {
            if self.full {
                return;
            }
            match statement {
                Statement::Layer(entry) => {
                    self.entry(entry, scope);
                }
                Statement::Alias(name, operand) => {
                    let source = self.operand(operand, scope);
                    scope.bound.insert(name.value.clone(), source.of);
                }
                Statement::Loop { variable, start, end, body } => {
                    let bound = |this: &mut Self, value: &Spanned<Value>, scope: &Scope| {
                        let value = this.resolve(value, scope)?;
                        let what = format!("the bound of loop `{}`", variable.value);
                        match integer_between(&value, &what, 0, MOST_ENTRIES) {
                            Ok(number) => Some(number),
                            Err(mistake) => {
                                this.diagnostics.push(mistake);
                                None
                            }
                        }
                    };
                    let (start, end) = (bound(self, start, scope), bound(self, end, scope));
                    let (Some(start), Some(end)) = (start, end) else { continue };
                    let outer = scope.parameters.get(&variable.value).cloned();
                    for i in start..end {
                        let value = Spanned::new(Value::Integer(i as i128), variable.place);
                        scope.parameters.insert(variable.value.clone(), value);
                        self.statements(body, scope);
                        if self.count(variable.place) {
                            return;
                        }
                    }
                    scope.parameters.remove(&variable.value);
                    scope.parameters.extend(outer.map(|value| (variable.value.clone(), value)));
                }
            }
        }
    }

    /// Counts one more entry; true when the limit is reached.
    fn count(&mut self, place: Place) -> bool {
        self.entries += 1;
        let over = self.entries > MOST_ENTRIES || self.layers.len() > MOST_LAYERS;
        if over && !self.full {
            self.full = true;
            let message = format!("the network expands to more than {MOST_LAYERS} layers");
            self.diagnostics.push(
                Diagnostic::error(Code::TooManyLayers, place, message)
                    .help("lower the counts of the repeats around this layer"),
            );
        }
        self.full
    }

    fn operand(&mut self, operand: &Operand, scope: &mut Scope) -> Source {
        match operand {
            Operand::Layer(entry) => Source { of: self.entry(entry, scope), place: entry.place },
            Operand::Named(name) => Source { of: self.named(name, scope), place: name.place },
        }
    }

    fn named(&mut self, name: &Spanned<String>, scope: &Scope) -> Tensor {
        if let Some(tensor) = scope.bound.get(&name.value) {
            return *tensor;
        }
        let later = scope.later.contains(&name.value);
        let code = if later { Code::SourceBelow } else { Code::UnknownSource };
        let mut mistake =
            Diagnostic::error(code, name.place, format!("there is no layer `{}` above this one", name.value))
                .label("not found");
        if later {
            mistake = mistake
                .note(format!(
                    "`{}` is defined further down; a layer reads only what stands above it",
                    name.value
                ))
                .help(format!("move `{}` up", name.value));
        } else if let Some(meant) = suggest(&name.value, scope.bound.keys().map(String::as_str)) {
            mistake = mistake.help(format!("did you mean `{meant}`?"));
        } else {
            let mut known: Vec<_> = scope.bound.keys().map(|name| format!("`{name}`")).collect();
            let more = known.len().saturating_sub(8);
            known.truncate(8);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            mistake = mistake.note(format!("known here: {}{more}", known.join(", ")));
        }
        self.diagnostics.push(mistake);
        Tensor::Unknown
    }

    /// Expands one entry, all its repeats included; gives the tensor that its name stands for.
    fn entry(&mut self, entry: &Entry, scope: &mut Scope) -> Tensor {
        if self.count(entry.place) {
            return Tensor::Unknown;
        }
        let sources = match &entry.sources {
            Some(operands) => operands.iter().map(|operand| self.operand(operand, scope)).collect(),
            None => vec![Source { of: self.above(entry, scope), place: entry.kind.place }],
        };
        let local = self.local_name(entry, scope);
        let arguments = self.arguments(&entry.arguments, scope);
        let repeat = match &entry.repeat {
            None => None,
            Some(value) => match self.resolve(value, scope) {
                None => return self.bind(entry, scope, local, Tensor::Unknown),
                Some(value) => {
                    let what = format!("`repeat` of `{local}`");
                    match integer_between(&value, &what, 1, MOST_LAYERS) {
                        Ok(count) => Some(count),
                        Err(mistake) => {
                            self.diagnostics.push(mistake);
                            return self.bind(entry, scope, local, Tensor::Unknown);
                        }
                    }
                }
            },
        };
        let mut tensor = Tensor::Unknown;
        match repeat {
            None => tensor = self.instance(entry, scope, &local, &sources, &arguments),
            Some(count) => {
                let mut sources = sources;
                for i in 0..count {
                    let link = format!("{local}.{i}");
                    tensor = self.instance(entry, scope, &link, &sources, &arguments);
                    scope.bound.insert(link, tensor);
                    sources = vec![Source { of: tensor, place: entry.kind.place }];
                    if self.count(entry.place) {
                        break;
                    }
                }
            }
        }
        self.bind(entry, scope, local, tensor)
    }

    /// The tensor above an entry that names no source.
    fn above(&mut self, entry: &Entry, scope: &Scope) -> Tensor {
        scope.previous.unwrap_or_else(|| {
            let inputs: Vec<_> = scope.bound.keys().map(|name| format!("`{name}`")).collect();
            let message = format!(
                "the network has {} inputs: say which one `{}` reads",
                inputs.len(),
                entry.kind.value
            );
            self.diagnostics.push(
                Diagnostic::error(Code::AmbiguousInput, entry.kind.place, message)
                    .label(format!("{} needed", self.notation.argument("from", "…")))
                    .note(format!("the inputs are {}", inputs.join(" and "))),
            );
            Tensor::Unknown
        })
    }

    fn local_name(&mut self, entry: &Entry, scope: &mut Scope) -> String {
        let Some(name) = &entry.name else {
            let count = scope.counts.entry(entry.kind.value.clone()).or_default();
            *count += 1;
            return format!("{}_{count}", entry.kind.value);
        };
        if !scope.rebinds {
            return name.value.clone();
        }
        let taken = |local: &str| self.names.contains_key(&format!("{}{local}", scope.prefix));
        let mut local = name.value.clone();
        let mut n = 1;
        while taken(&local) {
            n += 1;
            local = format!("{}_{n}", name.value);
        }
        local
    }

    fn bind(&mut self, entry: &Entry, scope: &mut Scope, local: String, tensor: Tensor) -> Tensor {
        let full = format!("{}{local}", scope.prefix);
        let place = entry.name.as_ref().map_or(entry.kind.place, |name| name.place);
        let first = self.names.insert(full.clone(), place);
        if let Some(first) = first.filter(|first| !scope.rebinds && *first != place) {
            let mistake =
                Diagnostic::error(Code::NameTwice, place, format!("two layers are called `{full}`"))
                    .label("given again")
                    .related(first, "given first here");
            self.diagnostics.push(mistake.help("give one of them another `name`"));
        }
        scope
            .bound
            .insert(entry.name.as_ref().map_or_else(|| local.clone(), |name| name.value.clone()), tensor);
        scope.later.retain(|later| *later != local);
        scope.previous = Some(tensor);
        scope.last = local;
        tensor
    }

    /// One layer, or all layers of one block.
    fn instance(
        &mut self,
        entry: &Entry,
        scope: &mut Scope,
        local: &str,
        sources: &[Source],
        arguments: &[Given],
    ) -> Tensor {
        if self.refused.binary_search(&entry.place).is_ok() {
            return Tensor::Unknown;
        }
        let name = format!("{}{local}", scope.prefix);
        if let Some(kind) = layer(&entry.kind.value) {
            self.layers.push(Layer {
                name,
                kind,
                sources: sources.to_vec(),
                arguments: arguments.to_vec(),
                kind_place: entry.kind.place,
            });
            return Tensor::Layer(self.layers.len() - 1);
        }
        let spec = self.spec;
        let Some(block) = spec.blocks.iter().find(|block| block.name.value == entry.kind.value) else {
            return Tensor::Unknown;
        };
        if scope.depth == DEEPEST {
            self.full = true;
            let message = format!("blocks are nested more than {DEEPEST} deep");
            self.diagnostics.push(Diagnostic::error(Code::TooManyLayers, entry.kind.place, message));
            return Tensor::Unknown;
        }
        let Some(parameters) = self.block_parameters(block, arguments) else { return Tensor::Unknown };
        let mut inner =
            Scope { prefix: format!("{name}."), parameters, depth: scope.depth + 1, ..Scope::default() };
        for (input, source) in block.inputs.iter().zip(sources) {
            inner.bound.insert(input.value.clone(), source.of);
            inner.previous = Some(source.of);
        }
        let given: Vec<_> = inner.bound.keys().cloned().collect();
        let outputs = self.body(&block.body, &mut inner);
        for (name, tensor) in inner.bound.into_iter().filter(|(name, _)| !given.contains(name)) {
            scope.bound.insert(format!("{local}.{name}"), tensor);
        }
        outputs.first().map_or(Tensor::Unknown, |(_, source)| source.of)
    }

    /// The values of a block's parameters; `None` where one is missing, which is reported elsewhere.
    fn block_parameters(
        &mut self,
        block: &Block,
        arguments: &[Given],
    ) -> Option<BTreeMap<String, Spanned<Value>>> {
        let mut scope = Scope::default();
        for parameter in &block.parameters {
            let name = &parameter.name.value;
            let given =
                arguments.iter().find(|given| given.name.value == *name).map(|given| given.value.clone());
            let value = match (given, &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.resolve(default, &scope)?,
                (None, None) => return None,
            };
            scope.parameters.insert(name.clone(), value);
        }
        Some(scope.parameters)
    }

    fn arguments(&mut self, arguments: &[Argument], scope: &Scope) -> Vec<Given> {
        arguments
            .iter()
            .filter_map(|argument| {
                let value = self.resolve(&argument.value, scope)?;
                let used =
                    matches!(argument.value.value, Value::Parameter(_)).then_some(argument.value.place);
                Some(Given { name: argument.name.clone(), value, used })
            })
            .collect()
    }

    /// A value with its parameters put in; `None` where one is unknown.
    fn resolve(&mut self, value: &Spanned<Value>, scope: &Scope) -> Option<Spanned<Value>> {
        let place = value.place;
        let resolved = match &value.value {
            Value::Parameter(name) => return self.parameter(name, place, scope),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.resolve(item, scope)).collect::<Option<_>>()?)
            }
            Value::Call(name, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| {
                        let value = self.resolve(&argument.value, scope)?;
                        Some(Argument { name: argument.name.clone(), value })
                    })
                    .collect::<Option<_>>()?;
                Value::Call(name.clone(), arguments)
            }
            other => other.clone(),
        };
        Some(Spanned::new(resolved, place))
    }

    fn parameter(&mut self, name: &str, place: Place, scope: &Scope) -> Option<Spanned<Value>> {
        if let Some(value) = scope.parameters.get(name) {
            return Some(value.clone());
        }
        let shown = self.notation.parameter(name);
        let mut mistake =
            Diagnostic::error(Code::UnknownParameter, place, format!("there is no parameter `{shown}` here"))
                .label("not a parameter");
        if scope.depth == 0 {
            mistake = mistake.note("parameters exist only inside the blocks that declare them");
        } else if let Some(meant) = suggest(name, scope.parameters.keys().map(String::as_str)) {
            mistake = mistake.help(format!("did you mean `{}`?", self.notation.parameter(meant)));
        } else {
            mistake = mistake.help(format!("declare `{name}` among the block's parameters"));
        }
        self.diagnostics.push(mistake);
        None
    }
}
