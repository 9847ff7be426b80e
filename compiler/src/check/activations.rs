//! Activations, as layers and as values of `activation`.

use convolve_runtime::kernels::Activation;
use convolve_runtime::weights::Initial;

use super::aliases::{argument_meant, layer_meant};
use super::arguments::Arguments;
use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::layers::{LAYERS, LayerKind};
use super::values::{self, kind_of};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Layout, NodeId, Op};
use crate::spec::{Place, Spanned, Value};

/// An activation as chosen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen {
    /// A function of each element.
    Function(Activation),
    /// Slopes to be learned.
    Prelu,
    /// Softmax, or its logarithm.
    Softmax { log: bool },
}

/// An activation's layer.
pub(super) fn layer(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let get =
        |name: &str| layer.arguments.iter().find(|given| given.name.value == name).map(|given| &given.value);
    let chosen = match choose(layer.kind.name, layer.kind_place, get, &format!("of `{}`", layer.name)) {
        Ok(chosen) => chosen,
        Err((argument, mistake)) => {
            builder.arguments(layer).report(argument, mistake);
            return None;
        }
    };
    let source = builder.source(layer)?;
    add(builder, layer, source, chosen, &layer.name)
}

/// The `activation` argument.
pub(super) fn argument(arguments: &mut Arguments<'_>) -> Option<Chosen> {
    let Some(given) = arguments.given("activation") else {
        return Some(Chosen::Function(Activation::Linear));
    };
    match read(&given.value, &arguments.what("activation")) {
        Ok(chosen) => Some(chosen),
        Err(mistake) => {
            arguments.report("activation", mistake);
            None
        }
    }
}

/// Adds the activation of a layer to its node. Its slopes are called `<layer>.prelu.…`: the layer's own
/// kernel may be a `weight` too.
pub(super) fn apply(builder: &mut Builder<'_>, layer: &Layer, node: NodeId, chosen: Chosen) -> Checked {
    match chosen {
        Chosen::Function(Activation::Linear) => Some(node),
        chosen => add(builder, layer, node, chosen, &format!("{}.prelu", layer.name)),
    }
}

fn add(builder: &mut Builder<'_>, layer: &Layer, source: NodeId, chosen: Chosen, slopes: &str) -> Checked {
    let (shape, order) = (builder.shape(source), builder.order(source).to_vec());
    let op = match chosen {
        Chosen::Function(activation) => Op::Activate { activation, order: vec![] },
        Chosen::Softmax { log } => Op::Softmax { log },
        Chosen::Prelu => {
            let suffix = match builder.graph.layout {
                Layout::Pytorch => "weight",
                Layout::Keras => "alpha",
            };
            let slopes = builder.parameter(slopes, suffix, &[shape.channels()], Initial::Constant(0.25));
            Op::Activate { activation: Activation::Prelu { slopes }, order: order.clone() }
        }
    };
    let node = builder.add(layer, op, vec![source], shape)?;
    builder.set_order(node, order);
    Some(node)
}

/// An activation written as a word or a call.
fn read(value: &Spanned<Value>, what: &str) -> Result<Chosen, Diagnostic> {
    let (name, place, arguments) = match &value.value {
        Value::Word(word) => (word, value.place, &[][..]),
        Value::Call(name, arguments) => (&name.value, name.place, arguments.as_slice()),
        other => {
            return Err(Diagnostic::error(
                Code::WrongType,
                value.place,
                format!("{what} is {}, not an activation", kind_of(other)),
            )
            .label("expected an activation, for example `relu`"));
        }
    };
    let activations = || LAYERS.iter().filter(|kind| LayerKind::is_activation(kind));
    let Some(kind) = activations().find(|kind| kind.name == name) else {
        let meant = layer_meant(name, core::iter::empty())
            .filter(|meant| activations().any(|kind| kind.name == *meant))
            .map(|meant| format!("did you mean `{meant}`?"));
        let listed: Vec<_> = activations().map(|kind| kind.name).collect();
        return Err(Diagnostic::error(
            Code::UnknownActivation,
            place,
            format!("there is no activation {}", kind_of(&Value::Word(name.clone()))),
        )
        .label("unknown activation")
        .note(format!("the activations are {}", listed.join(", ")))
        .maybe_help(meant));
    };
    let known: Vec<_> = kind.arguments.iter().map(|argument| argument.name).collect();
    for (index, argument) in arguments.iter().enumerate() {
        let found = argument.name.value.as_str();
        if !known.contains(&found) {
            let meant =
                argument_meant(kind.name, found, &known).map(|meant| format!("did you mean `{meant}`?"));
            return Err(Diagnostic::error(
                Code::UnknownArgument,
                argument.name.place,
                format!("`{name}` has no argument `{found}`"),
            )
            .label("unknown argument")
            .maybe_help(meant));
        }
        if arguments[..index].iter().any(|other| other.name.value == found) {
            return Err(Diagnostic::error(
                Code::GivenTwice,
                argument.name.place,
                format!("`{found}` is given twice"),
            ));
        }
    }
    let get = |name: &str| arguments.iter().find(|argument| argument.name.value == name).map(|a| &a.value);
    if let Some(missing) =
        kind.arguments.iter().find(|argument| argument.required && get(argument.name).is_none())
    {
        return Err(Diagnostic::error(
            Code::MissingArgument,
            place,
            format!("`{name}` needs `{}`", missing.name),
        )
        .label("argument missing"));
    }
    choose(kind.name, place, get, &format!("in {what}")).map_err(|(_, mistake)| mistake)
}

/// Reads the arguments of an activation; a mistake comes with the argument's name.
fn choose<'a>(
    kind: &str,
    place: Place,
    get: impl Fn(&str) -> Option<&'a Spanned<Value>>,
    of: &str,
) -> Result<Chosen, (&'static str, Diagnostic)> {
    let number = |name: &'static str, default: f32| match get(name) {
        None => Ok(default),
        Some(value) => values::number(value, &format!("`{name}` {of}")).map_err(|mistake| (name, mistake)),
    };
    Ok(Chosen::Function(match kind {
        "prelu" => return Ok(Chosen::Prelu),
        "softmax" => return Ok(Chosen::Softmax { log: false }),
        "log_softmax" => return Ok(Chosen::Softmax { log: true }),
        "relu" => Activation::Relu,
        "relu6" => Activation::Relu6,
        "leaky_relu" => Activation::LeakyRelu { negative_slope: number("negative_slope", 0.01)? },
        "elu" => Activation::Elu { alpha: number("alpha", 1.0)? },
        "selu" => Activation::Selu,
        "celu" => {
            let alpha = number("alpha", 1.0)?;
            if alpha == 0.0 {
                let place = get("alpha").map_or(place, |value| value.place);
                let message = format!("`alpha` {of} is 0, by which `celu` divides");
                return Err(("alpha", Diagnostic::error(Code::OutOfRange, place, message).label("not 0")));
            }
            Activation::Celu { alpha }
        }
        "gelu" => match get("approximate") {
            None => Activation::Gelu,
            Some(value) => match values::truth(value, &format!("`approximate` {of}")) {
                Ok(true) => Activation::GeluApproximate,
                Ok(false) => Activation::Gelu,
                Err(mistake) => return Err(("approximate", mistake)),
            },
        },
        "silu" => Activation::Silu,
        "mish" => Activation::Mish,
        "sigmoid" => Activation::Sigmoid,
        "hard_sigmoid" => Activation::HardSigmoid,
        "hard_swish" => Activation::HardSwish,
        "tanh" => Activation::Tanh,
        "softplus" => Activation::Softplus,
        "softsign" => Activation::Softsign,
        "exp" => Activation::Exp,
        "clip" => {
            let (min, max) = (number("min", f32::MIN)?, number("max", f32::MAX)?);
            if min > max {
                let place = get("min").map_or(place, |value| value.place);
                let message = format!("`min` {of} is {min}, above `max`, {max}");
                return Err((
                    "min",
                    Diagnostic::error(Code::Contradiction, place, message).label(format!("at most {max}")),
                ));
            }
            Activation::Clip { min, max }
        }
        _ => Activation::Linear,
    }))
}
