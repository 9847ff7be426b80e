//! Spec → Graph: names, arguments, shapes. The last stage where a user can be wrong.
//!
//! All independent mistakes are reported; what merely follows from one is not.

mod activations;
mod aliases;
mod arguments;
mod builder;
mod conv;
mod dense;
mod expand;
mod layers;
mod merge;
mod norms;
mod notation;
mod pool;
mod reshape;
mod settings;
mod space;
mod statics;
mod values;
mod weights;
mod window;

pub use layers::{Argument, Arity, LAYERS, LayerKind};
pub use notation::Notation;
pub(crate) use weights::embed;
pub use weights::{Embedded, parameters};

use self::builder::Builder;
use self::expand::{Expanded, Tensor, expand};
use self::settings::Settings;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::{Graph, Layout, Shape};
use crate::spec::{Input, Network, Place, Spanned, Spec, Value};

/// What holds where the text does not say.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The network's name where the text gives none.
    pub name: Option<String>,
    /// The layout of the weights where the text gives none.
    pub layout: Option<Layout>,
}

/// Checks every network of a spec. A network in error gives `None`; warnings are among the diagnostics too.
pub fn check(
    spec: &Spec,
    notation: Notation,
    defaults: &Defaults,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Option<Graph>> {
    let refused = statics::statics(spec, notation, diagnostics);
    let graphs = spec
        .networks
        .iter()
        .map(|network| check_network(spec, network, notation, defaults, &refused, diagnostics))
        .collect();
    once_a_place(diagnostics);
    graphs
}

/// A block's mistakes come again with each use of the block: the first at each place stays.
fn once_a_place(diagnostics: &mut Vec<Diagnostic>) {
    let mut kept: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics.drain(..) {
        let again =
            kept.iter().any(|other| other.place == diagnostic.place && other.severity == diagnostic.severity);
        if !again {
            kept.push(diagnostic);
        }
    }
    *diagnostics = kept;
}

fn check_network(
    spec: &Spec,
    network: &Network,
    notation: Notation,
    defaults: &Defaults,
    refused: &[Place],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Graph> {
    let errors =
        |diagnostics: &[Diagnostic]| diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    let name = network_name(network, defaults, diagnostics);
    let settings = Settings::read(network, defaults, diagnostics);
    let expanded = expand(spec, network, notation, refused, diagnostics);
    if expanded.layers.is_empty() && errors(diagnostics) == 0 {
        diagnostics.push(
            Diagnostic::error(Code::MissingPart, network.place, "the network has no layers")
                .label("at least one is needed"),
        );
    }
    let shapes: Vec<_> = network.inputs.iter().map(|input| input_shape(input, diagnostics)).collect();
    let mut builder = Builder::new(name, settings, notation, diagnostics);
    for (input, shape) in network.inputs.iter().zip(shapes) {
        builder.input(&input.name.value, shape);
    }
    for layer in &expanded.layers {
        builder.layer(layer);
    }
    outputs(&mut builder, network, &expanded);
    let mut graph = builder.graph;
    // Mistakes anywhere in the text, another network's included, may have left holes in this one; what is
    // unused because of them is not worth a warning.
    if errors(diagnostics) > 0 || !refused.is_empty() {
        return None;
    }
    unused(network, &expanded, diagnostics);
    graph.remove_unread();
    Some(graph)
}

/// The network's name: a CamelCase identifier, since it becomes a type.
fn network_name(network: &Network, defaults: &Defaults, diagnostics: &mut Vec<Diagnostic>) -> String {
    let Some(name) = &network.name else {
        return defaults.name.clone().unwrap_or_else(|| "Network".to_owned());
    };
    let word = &name.value;
    let camel =
        word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric());
    if !camel || word == "Self" {
        let meant = camel_case(word);
        let example = if meant.is_empty() || meant == "Self" { "Network".to_owned() } else { meant };
        diagnostics.push(
            Diagnostic::error(Code::NetworkName, name.place, format!("`{word}` cannot name a network"))
                .label("expected a CamelCase identifier")
                .note("the name becomes a Rust type")
                .help(format!("for example `{example}`")),
        );
    }
    word.clone()
}

/// The letters and digits of a name, its words capitalised.
pub fn camel_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined: String = words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect();
    joined.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned()
}

fn input_shape(input: &Input, diagnostics: &mut Vec<Diagnostic>) -> Option<Shape> {
    // The front end has reported a shape that it could not read.
    if input.shape.value.is_empty() {
        return None;
    }
    let what = format!("the shape of input `{}`", input.name.value);
    let shape = shape_of(&input.shape, &what, diagnostics)?;
    let [height, width, channels] = shape.extents();
    let elements = [width, channels].iter().try_fold(height, |all, n| all.checked_mul(*n));
    if elements.is_some_and(|elements| elements <= values::LARGEST) {
        return Some(shape);
    }
    let message = format!("the input `{}`, {shape}, has more than 2³¹ elements", input.name.value);
    diagnostics.push(Diagnostic::error(Code::TooManyElements, input.shape.place, message).label("too large"));
    None
}

/// A shape of one or three numbers; any other is reported.
fn shape_of(
    shape: &Spanned<Vec<Spanned<Value>>>,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Shape> {
    match reshape::dimensions(&shape.value, what) {
        Ok(Some(shape)) => return Some(shape),
        Ok(None) => {
            let message = format!("{what} has {} numbers", shape.value.len());
            diagnostics.push(
                Diagnostic::error(Code::ListLength, shape.place, message)
                    .label("expected height, width and channels, or one length")
                    .help("a grey image of 28×28 pixels is 28, 28, 1"),
            );
        }
        Err(mistake) => diagnostics.push(mistake),
    }
    None
}

/// Notes the outputs, and compares them with the declared shapes.
fn outputs(builder: &mut Builder<'_>, network: &Network, expanded: &Expanded) {
    for (index, (name, source)) in expanded.outputs.iter().enumerate() {
        if expanded.outputs[..index].iter().any(|(other, _)| other == name) {
            let message = format!("`{name}` is an output twice");
            builder
                .diagnostics
                .push(Diagnostic::error(Code::NameTwice, source.place, message).label("an output already"));
        }
        let Some(node) = builder.node(source.of) else { continue };
        builder.graph.outputs.push((name.clone(), node));
        let Some(Some(declared)) = network.declared.get(index) else { continue };
        let what = format!("the shape of output {}", index + 1);
        let Some(shape) = shape_of(declared, &what, builder.diagnostics) else { continue };
        let found = builder.shape(node);
        if shape != found {
            let mistake = Diagnostic::error(
                Code::DeclaredOutputs,
                declared.place,
                format!("the output is declared as {shape}, but is {found}"),
            )
            .label(format!("expected {found}"))
            .note(builder.origin(node));
            let numbers: Vec<_> = found.dimensions().iter().map(usize::to_string).collect();
            builder.diagnostics.push(mistake.help(format!("declare `Output<{}>`", numbers.join(", "))));
        }
    }
    let declared = network.declared.len();
    if declared > 0 && declared != expanded.outputs.len() {
        let message = format!("{declared} outputs are declared, but {} are returned", expanded.outputs.len());
        builder.diagnostics.push(Diagnostic::error(Code::DeclaredOutputs, network.place, message));
    }
}

/// Warns of layers and inputs that nothing reads.
fn unused(network: &Network, expanded: &Expanded, diagnostics: &mut Vec<Diagnostic>) {
    let read: Vec<Tensor> = expanded
        .layers
        .iter()
        .flat_map(|layer| &layer.sources)
        .chain(expanded.outputs.iter().map(|(_, source)| source))
        .map(|source| source.of)
        .collect();
    for (index, input) in network.inputs.iter().enumerate() {
        if !read.contains(&Tensor::Input(index)) {
            let message = format!("the input `{}` is never read", input.name.value);
            diagnostics.push(Diagnostic::warning(Code::Unused, input.name.place, message).label("unused"));
        }
    }
    let mut used = vec![false; expanded.layers.len()];
    for tensor in read {
        if let Tensor::Layer(index) = tensor {
            used[index] = true;
        }
    }
    for (layer, _) in expanded.layers.iter().zip(&used).filter(|(_, used)| !**used) {
        let message = format!("the layer `{}` is never read", layer.name);
        diagnostics.push(
            Diagnostic::warning(Code::Unused, layer.kind_place, message)
                .label("unused")
                .help(format!("read `{}` further down, make it an output, or remove it", layer.name)),
        );
    }
}
