//! What other frameworks call the things of this language: never accepted, always understood.

use super::layers::LAYERS;
use crate::diagnostic::suggest;

/// (their name, in lower case without underscores; ours)
const LAYER_ALIASES: &[(&str, &str)] = &[
    ("adaptiveaveragepooling2d", "adaptive_avg_pool2d"),
    ("adaptiveavgpool2d", "adaptive_avg_pool2d"),
    ("adaptivemaxpool2d", "adaptive_max_pool2d"),
    ("averagepooling2d", "avg_pool2d"),
    ("averagepool", "avg_pool2d"),
    ("avgpool", "avg_pool2d"),
    ("batchnorm2d", "batch_norm"),
    ("batchnormalization", "batch_norm"),
    ("cat", "concat"),
    ("concatenate", "concat"),
    ("conv", "conv2d"),
    ("conv2dtranspose", "conv2d_transpose"),
    ("convolution2d", "conv2d"),
    ("convtranspose2d", "conv2d_transpose"),
    ("cropping2d", "crop2d"),
    ("deconv2d", "conv2d_transpose"),
    ("dropout2d", "dropout"),
    ("fc", "dense"),
    ("globalaveragepooling2d", "global_avg_pool2d"),
    ("globalmaxpooling2d", "global_max_pool2d"),
    ("groupnormalization", "group_norm"),
    ("hardswish", "hard_swish"),
    ("hardtanh", "clip"),
    ("instancenorm2d", "instance_norm"),
    ("layernormalization", "layer_norm"),
    ("leakyrelu", "leaky_relu"),
    ("maxpool", "max_pool2d"),
    ("maxpooling2d", "max_pool2d"),
    ("merge", "concat"),
    ("multiply", "mul"),
    ("pad", "pad2d"),
    ("pixelshuffle", "depth_to_space"),
    ("pixelunshuffle", "space_to_depth"),
    ("reflectionpad2d", "pad2d"),
    ("replicationpad2d", "pad2d"),
    ("subtract", "sub"),
    ("swish", "silu"),
    ("upsample", "upsample2d"),
    ("upsampling2d", "upsample2d"),
    ("view", "reshape"),
    ("zeropad2d", "pad2d"),
    ("zeropadding2d", "pad2d"),
];

/// (layer, or "" for all; their name; ours)
const ARGUMENT_ALIASES: &[(&str, &str, &str)] = &[
    ("", "dilation_rate", "dilation"),
    ("", "dilations", "dilation"),
    ("", "eps", "epsilon"),
    ("", "input", "from"),
    ("", "inputs", "from"),
    ("", "kernel", "kernel_size"),
    ("", "negative_slope", "alpha"),
    ("", "num_groups", "groups"),
    ("", "out_features", "units"),
    ("", "pad", "padding"),
    ("", "pads", "padding"),
    ("", "pool_size", "kernel_size"),
    ("", "strides", "stride"),
    ("", "use_bias", "bias"),
    ("", "depth_multiplier", "multiplier"),
    ("", "channels", "filters"),
    ("conv2d", "out_channels", "filters"),
    ("conv2d", "size", "kernel_size"),
    ("conv2d_transpose", "out_channels", "filters"),
    ("dense", "filters", "units"),
    ("crop2d", "padding", "cropping"),
    ("pad2d", "padding_mode", "mode"),
    ("pad2d", "constant_values", "value"),
    ("upsample2d", "interpolation", "mode"),
    ("upsample2d", "size", "scale_factor"),
    ("upsample2d", "scale", "scale_factor"),
    ("adaptive_avg_pool2d", "size", "output_size"),
    ("adaptive_max_pool2d", "size", "output_size"),
    ("depth_to_space", "upscale_factor", "block_size"),
    ("space_to_depth", "downscale_factor", "block_size"),
    ("dropout", "p", "rate"),
    ("leaky_relu", "alpha", "negative_slope"),
    ("reshape", "target_shape", "shape"),
    ("clip", "min_value", "min"),
    ("clip", "max_value", "max"),
];

/// The layer or block that `found` is meant to be.
pub(super) fn layer_meant<'a>(found: &str, blocks: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bare: String = found.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
    let same = |name: &str| name.chars().filter(|c| *c != '_').eq(bare.chars());
    let spelled = LAYERS.iter().map(|kind| kind.name).find(|name| same(name));
    let known = || LAYER_ALIASES.iter().find(|(theirs, _)| *theirs == bare).map(|(_, ours)| *ours);
    // PyTorch's Linear is a layer with weights; the activation of that name is written in lower case.
    let linear = (found == "Linear").then_some("dense");
    linear
        .or(spelled)
        .or_else(known)
        .or_else(|| suggest(found, blocks.chain(LAYERS.iter().map(|kind| kind.name))))
}

/// The argument of `layer` that `found` is meant to be, out of `known`.
pub(super) fn argument_meant<'a>(layer: &str, found: &str, known: &[&'a str]) -> Option<&'a str> {
    let alias = |of: &str| {
        let (_, _, ours) = ARGUMENT_ALIASES.iter().find(|(at, theirs, _)| *at == of && *theirs == found)?;
        known.iter().copied().find(|name| name == ours)
    };
    alias(layer).or_else(|| alias("")).or_else(|| suggest(found, known.iter().copied()))
}
