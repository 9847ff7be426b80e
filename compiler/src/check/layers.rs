//! The table of layers: names, arguments, and the function that checks each.

use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::{activations, conv, dense, merge, norms, pool, reshape, space};

/// How many sources a layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// One.
    One,
    /// Exactly two, whose order matters.
    Two,
    /// Two or more.
    Many,
}

/// An argument of a layer. Its default stands where it is read.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// Whether the layer needs it.
    pub required: bool,
}

/// A layer of the language.
#[derive(Clone, Copy, Debug)]
pub struct LayerKind {
    /// Its name.
    pub name: &'static str,
    /// Its sources.
    pub arity: Arity,
    /// Its arguments, in the order of the documentation.
    pub arguments: &'static [Argument],
    /// Checks a layer of this kind and adds its nodes.
    pub(super) build: fn(&mut Builder<'_>, &Layer) -> Checked,
}

/// The layer of this name.
pub(super) fn layer(name: &str) -> Option<&'static LayerKind> {
    LAYERS.iter().find(|kind| kind.name == name)
}

/// A required argument.
const fn needs(name: &'static str) -> Argument {
    Argument { name, required: true }
}

/// An optional argument.
const fn takes(name: &'static str) -> Argument {
    Argument { name, required: false }
}

/// A layer of one source.
const fn one(
    name: &'static str,
    arguments: &'static [Argument],
    build: fn(&mut Builder<'_>, &Layer) -> Checked,
) -> LayerKind {
    LayerKind { name, arity: Arity::One, arguments, build }
}

/// A layer of several sources.
const fn several(
    name: &'static str,
    arity: Arity,
    build: fn(&mut Builder<'_>, &Layer) -> Checked,
) -> LayerKind {
    LayerKind { name, arity, arguments: &[], build }
}

/// An activation, as a layer.
const fn activation(name: &'static str, arguments: &'static [Argument]) -> LayerKind {
    LayerKind { name, arity: Arity::One, arguments, build: activations::layer }
}

/// Every layer.
pub const LAYERS: &[LayerKind] = &[
    one(
        "conv2d",
        &[
            needs("filters"),
            needs("kernel_size"),
            takes("stride"),
            takes("padding"),
            takes("dilation"),
            takes("groups"),
            takes("bias"),
            takes("padding_mode"),
            takes("activation"),
        ],
        conv::conv2d,
    ),
    one(
        "depthwise_conv2d",
        &[
            needs("kernel_size"),
            takes("multiplier"),
            takes("stride"),
            takes("padding"),
            takes("dilation"),
            takes("bias"),
            takes("padding_mode"),
            takes("activation"),
        ],
        conv::depthwise_conv2d,
    ),
    one(
        "conv2d_transpose",
        &[
            needs("filters"),
            needs("kernel_size"),
            takes("stride"),
            takes("padding"),
            takes("output_padding"),
            takes("dilation"),
            takes("groups"),
            takes("bias"),
            takes("activation"),
        ],
        conv::conv2d_transpose,
    ),
    one(
        "max_pool2d",
        &[needs("kernel_size"), takes("stride"), takes("padding"), takes("dilation"), takes("ceil_mode")],
        pool::max_pool2d,
    ),
    one(
        "avg_pool2d",
        &[
            needs("kernel_size"),
            takes("stride"),
            takes("padding"),
            takes("ceil_mode"),
            takes("count_include_pad"),
        ],
        pool::avg_pool2d,
    ),
    one("global_avg_pool2d", &[], pool::global_avg_pool2d),
    one("global_max_pool2d", &[], pool::global_max_pool2d),
    one("adaptive_avg_pool2d", &[needs("output_size")], pool::adaptive_avg_pool2d),
    one("adaptive_max_pool2d", &[needs("output_size")], pool::adaptive_max_pool2d),
    one("pad2d", &[needs("padding"), takes("mode"), takes("value")], space::pad2d),
    one("crop2d", &[needs("cropping")], space::crop2d),
    one("subsample2d", &[needs("stride")], space::subsample2d),
    one("upsample2d", &[needs("scale_factor"), takes("mode"), takes("align_corners")], space::upsample2d),
    several("concat", Arity::Many, merge::concat),
    several("add", Arity::Many, merge::add),
    several("sub", Arity::Two, merge::sub),
    several("mul", Arity::Many, merge::mul),
    several("maximum", Arity::Many, merge::maximum),
    one("flatten", &[], reshape::flatten),
    one("reshape", &[needs("shape")], reshape::reshape),
    one("depth_to_space", &[needs("block_size"), takes("order")], reshape::depth_to_space),
    one("space_to_depth", &[needs("block_size"), takes("order")], reshape::space_to_depth),
    one("dense", &[needs("units"), takes("bias"), takes("activation")], dense::dense),
    one("batch_norm", &[takes("epsilon")], norms::batch_norm),
    one("layer_norm", &[takes("epsilon")], norms::layer_norm),
    one("instance_norm", &[takes("epsilon")], norms::instance_norm),
    one("group_norm", &[needs("groups"), takes("epsilon")], norms::group_norm),
    one("dropout", &[needs("rate")], dense::dropout),
    activation("linear", &[]),
    activation("relu", &[]),
    activation("relu6", &[]),
    activation("leaky_relu", &[takes("negative_slope")]),
    activation("prelu", &[]),
    activation("elu", &[takes("alpha")]),
    activation("selu", &[]),
    activation("celu", &[takes("alpha")]),
    activation("gelu", &[takes("approximate")]),
    activation("silu", &[]),
    activation("mish", &[]),
    activation("sigmoid", &[]),
    activation("hard_sigmoid", &[]),
    activation("hard_swish", &[]),
    activation("tanh", &[]),
    activation("softplus", &[]),
    activation("softsign", &[]),
    activation("softmax", &[]),
    activation("log_softmax", &[]),
    activation("exp", &[]),
    activation("clip", &[needs("min"), needs("max")]),
];

impl LayerKind {
    /// Whether the layer is an activation, which is also a value of `activation`.
    #[must_use]
    pub fn is_activation(&self) -> bool {
        core::ptr::fn_addr_eq(self.build, activations::layer as fn(&mut Builder<'_>, &Layer) -> Checked)
    }
}
