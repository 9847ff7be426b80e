"""One case for every layer and argument that Keras has, in its own weight layout, computed in float64."""
import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers as K
from keras import ops

from recorder import Recorder, random_weight

RECORDER = Recorder("keras")
keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")


def network(case, shapes, body, build, scale=1.5):
    """A whole spec. `build` takes the symbolic inputs and gives a tensor, or a dictionary of several."""
    inputs = RECORDER.inputs(case, shapes, scale)
    symbols = [keras.Input(x.shape) for x in inputs.values()]
    result = build(*symbols)
    model = keras.Model(symbols, result)
    weights = {}
    for layer in model.layers:
        for variable in layer.weights:
            if "seed" in variable.name:
                continue
            name = f"{layer.name}.{variable.name}"
            value = random_weight(case, name, tuple(variable.shape))
            variable.assign(value)
            # PReLU shared over the pixels keeps unit axes for them.
            weights[name] = value.reshape(-1) if variable.name == "alpha" else value
    result = model([x[None].astype(np.float64) for x in inputs.values()], training=False)
    outputs = result if isinstance(result, dict) else {"": result}
    RECORDER.add(case, body, inputs, {n: np.asarray(y)[0] for n, y in outputs.items()}, weights)


def layer(case, shape, body, function, scale=1.5):
    """A spec of one unnamed layer. `function` is a Keras layer or a function of the input."""
    if isinstance(function, K.Layer):
        function.name = body.split(":")[0] + "_1"
    network(case, shape, body, function, scale)


def convolutions():
    def conv(case, arguments, filters, kernel, shape=(7, 9, 4), **keywords):
        layer(f"conv2d_{case}", list(shape), f"conv2d: {{ filters: {filters}, kernel_size: {arguments} }}",
              K.Conv2D(filters, kernel, **keywords))

    conv("1x1", "1", 6, 1)
    conv("3x3", "3", 5, 3)
    conv("wide", "3, padding: same", 33, 3, (6, 7, 18), padding="same")
    conv("kernel_pair", "[2, 4]", 5, (2, 4))
    conv("no_bias", "3, bias: false", 5, 3, use_bias=False)
    conv("valid_stride2", "3, stride: 2, padding: valid", 5, 3, strides=2)
    conv("same", "3, padding: same", 5, 3, padding="same")
    conv("same_even_kernel", "[4, 2], padding: same", 5, (4, 2), padding="same")
    conv("same_stride2", "3, stride: 2, padding: same", 5, 3, (8, 9, 4), strides=2, padding="same")
    conv("same_stride_pair", "[5, 2], stride: [2, 3], padding: same", 5, (5, 2), (8, 10, 4), strides=(2, 3),
         padding="same")
    conv("same_stride3_kernel1", "1, stride: 3, padding: same", 5, 1, (8, 10, 4), strides=3, padding="same")
    conv("same_dilation", "3, dilation: [2, 4], padding: same", 5, 3, dilation_rate=(2, 4), padding="same")
    conv("dilation", "3, dilation: 3", 5, 3, dilation_rate=3)
    conv("groups", "3, groups: 2, padding: same", 6, 3, groups=2, padding="same")

    def depthwise(case, arguments, kernel, shape=(7, 9, 4), **keywords):
        layer(f"depthwise_conv2d_{case}", list(shape), f"depthwise_conv2d: {{ kernel_size: {arguments} }}",
              K.DepthwiseConv2D(kernel, **keywords))

    depthwise("3x3", "3", 3)
    depthwise("multiplier3", "3, multiplier: 3", 3, depth_multiplier=3)
    depthwise("same_stride2", "3, stride: 2, padding: same", 3, (8, 9, 4), strides=2, padding="same")
    depthwise("same_dilation", "3, dilation: 2, padding: same, multiplier: 2", 3, dilation_rate=2, padding="same",
              depth_multiplier=2)
    depthwise("no_bias_relu", "[2, 3], bias: false, activation: relu", (2, 3), use_bias=False, activation="relu")

    def transposed(case, arguments, kernel, **keywords):
        layer(f"conv2d_transpose_{case}", [4, 5, 3], f"conv2d_transpose: {{ filters: 4, kernel_size: {arguments} }}",
              K.Conv2DTranspose(4, kernel, **keywords))

    transposed("3x3", "3", 3)
    transposed("stride2", "3, stride: 2", 3, strides=2)
    transposed("stride_pair", "[2, 4], stride: [1, 2]", (2, 4), strides=(1, 2))
    transposed("output_padding", "3, stride: 2, output_padding: 1", 3, strides=2, output_padding=1)
    # Keras pads the output by itself where the kernel is smaller than the stride.
    transposed("kernel_smaller_than_stride", "2, stride: 3, output_padding: 1", 2, strides=3)
    for kernel, stride in (3, 1), (3, 2), (4, 2), (5, 2), (2, 3), (1, 2), (5, 3):
        transposed(f"same_kernel{kernel}_stride{stride}", f"{kernel}, stride: {stride}, padding: same", kernel,
                   strides=stride, padding="same")
    transposed("no_bias_tanh", "2, stride: 2, bias: false, activation: tanh", 2, strides=2, use_bias=False,
               activation="tanh")


def pools():
    for kind, pool in ("max", K.MaxPooling2D), ("avg", K.AveragePooling2D):
        def case(name, arguments, size, shape=(7, 9, 5), **keywords):
            layer(f"{kind}_pool2d_{name}", list(shape), f"{kind}_pool2d: {{ kernel_size: {arguments} }}",
                  pool(size, **keywords))

        case("2x2", "2", 2)
        case("same", "2, padding: same", 2, padding="same")
        case("same_overlapping", "3, stride: 1, padding: same", 3, strides=1, padding="same")
        case("same_stride2", "3, stride: 2, padding: same", 3, (8, 10, 5), strides=2, padding="same")
        case("same_pairs", "[2, 5], stride: [3, 2], padding: same", (2, 5), strides=(3, 2), padding="same")
        case("stride_pair", "[3, 2], stride: [1, 2]", (3, 2), strides=(1, 2))
    layer("global_avg_pool2d", [5, 6, 7], "global_avg_pool2d", K.GlobalAveragePooling2D())
    layer("global_max_pool2d", [5, 6, 7], "global_max_pool2d", K.GlobalMaxPooling2D())


def rearranged():
    layer("pad2d_number", [5, 6, 3], "pad2d: { padding: 2 }", K.ZeroPadding2D(2))
    layer("pad2d_pair", [5, 6, 3], "pad2d: { padding: [1, 0] }", K.ZeroPadding2D((1, 0)))
    layer("pad2d_quadruple", [5, 6, 3], "pad2d: { padding: [1, 0, 2, 3] }", K.ZeroPadding2D(((1, 0), (2, 3))))
    for mode in "reflect", "symmetric":
        layer(f"pad2d_{mode}", [5, 6, 3], f"pad2d: {{ padding: [1, 3, 2, 0], mode: {mode} }}",
              lambda x: ops.pad(x, [[0, 0], [1, 3], [2, 0], [0, 0]], mode=mode))
    layer("crop2d", [5, 6, 3], "crop2d: { cropping: [1, 0, 2, 1] }", K.Cropping2D(((1, 0), (2, 1))))
    layer("subsample2d", [7, 8, 3], "subsample2d: { stride: [3, 2] }", lambda x: x[:, ::3, ::2])
    for name, extra, mode in ("nearest", "", "nearest"), ("bilinear", ", mode: bilinear", "bilinear"):
        for text, size in ("2", 2), ("[3, 2]", (3, 2)), ("[1, 4]", (1, 4)):
            suffix = "_".join(str(size).strip("()").split(", "))
            layer(f"upsample2d_{name}_{suffix}", [4, 5, 3], f"upsample2d: {{ scale_factor: {text}{extra} }}",
                  K.UpSampling2D(size, interpolation=mode))
    layer("flatten", [3, 4, 5], "flatten", K.Flatten())
    layer("reshape", [3, 4, 5], "reshape: { shape: [6, 2, 5] }", K.Reshape((6, 2, 5)))
    for size, depth, space in (2, [3, 4, 12], [4, 6, 3]), (3, [2, 3, 18], [6, 3, 2]):
        for suffix, order in ("", ""), ("_dcr", ", order: dcr"):
            layer(f"depth_to_space_{size}{suffix}", depth, f"depth_to_space: {{ block_size: {size}{order} }}",
                  K.Lambda(lambda x: tf.nn.depth_to_space(x, size)))
            layer(f"space_to_depth_{size}{suffix}", space, f"space_to_depth: {{ block_size: {size}{order} }}",
                  K.Lambda(lambda x: tf.nn.space_to_depth(x, size)))


A = keras.activations
ACTIVATIONS = {
    "linear": ("", A.linear),
    "relu": ("", A.relu),
    "relu6": ("", A.relu6),
    "leaky_relu": ("", lambda x: A.leaky_relu(x, 0.01)),
    "leaky_relu_slope": ("negative_slope: 0.3", lambda x: A.leaky_relu(x, 0.3)),
    "elu": ("", A.elu),
    "elu_alpha": ("alpha: 0.3", lambda x: A.elu(x, 0.3)),
    "selu": ("", A.selu),
    "celu": ("", A.celu),
    "celu_alpha": ("alpha: 2.5", lambda x: A.celu(x, 2.5)),
    "gelu": ("", A.gelu),
    "gelu_approximate": ("approximate: true", lambda x: A.gelu(x, approximate=True)),
    "silu": ("", A.silu),
    "mish": ("", A.mish),
    "sigmoid": ("", A.sigmoid),
    "hard_sigmoid": ("", A.hard_sigmoid),
    "hard_swish": ("", A.hard_silu),
    "tanh": ("", A.tanh),
    "softplus": ("", A.softplus),
    "softsign": ("", A.softsign),
    "softmax": ("", A.softmax),
    "log_softmax": ("", A.log_softmax),
    "exp": ("", A.exponential),
    "clip": ("min: -1, max: 0.5", lambda x: ops.clip(x, -1.0, 0.5)),
}


def activations():
    for case, (arguments, function) in ACTIVATIONS.items():
        name = case.rsplit("_", 1)[0] if arguments and case != "clip" else case
        alone = f"{name}: {{ {arguments} }}" if arguments else name
        layer(case, [5, 6, 7], alone, K.Activation(function), scale=3.0)
        layer(f"{case}_vector", [11], alone, K.Activation(function), scale=3.0)
    layer("prelu", [5, 6, 7], "prelu", K.PReLU(shared_axes=[1, 2]))
    layer("prelu_vector", [11], "prelu", K.PReLU())
    layer("dropout", [5, 6, 7], "dropout: { rate: 0.4 }", K.Dropout(0.4))


def dense_and_norms():
    layer("dense", [13], "dense: { units: 9 }", K.Dense(9))
    layer("dense_no_bias", [13], "dense: { units: 9, bias: false }", K.Dense(9, use_bias=False))
    layer("dense_image", [5, 6, 7], "dense: { units: 9, activation: relu }", K.Dense(9, activation="relu"))
    # Small inputs make the default epsilon visible.
    for case, extra, keywords in ("", "", {}), ("_epsilon", "epsilon: 0.02", dict(epsilon=0.02)):
        body = f": {{ {extra} }}" if extra else ""
        comma = f", {extra}" if extra else ""
        layer(f"batch_norm{case}", [5, 6, 7], f"batch_norm{body}", K.BatchNormalization(**keywords))
        layer(f"layer_norm{case}", [5, 6, 7], f"layer_norm{body}", K.LayerNormalization(**keywords), 0.05)
        layer(f"layer_norm_vector{case}", [11], f"layer_norm{body}", K.LayerNormalization(**keywords), 0.05)
        layer(f"instance_norm{case}", [5, 6, 7], f"instance_norm{body}", K.GroupNormalization(-1, **keywords), 0.05)
        layer(f"group_norm{case}", [5, 6, 6], f"group_norm: {{ groups: 2{comma} }}",
              K.GroupNormalization(2, **keywords), 0.05)
    layer("batch_norm_vector", [11], "batch_norm", K.BatchNormalization())


def merges():
    image = [4, 5, 6]
    kinds = {"add": K.Add, "sub": K.Subtract, "mul": K.Multiply, "maximum": K.Maximum}
    for kind, merge in kinds.items():
        names = ["a", "b"] if kind == "sub" else ["a", "b", "c"]
        body = f"layers:\n  - {kind}: {{ from: [{', '.join(names)}] }}"
        network(kind, {n: image for n in names}, body, lambda *x: merge()(list(x)))
        network(f"{kind}_pixel", {"a": image, "b": [1, 1, 6]}, f"layers:\n  - {kind}: {{ from: [a, b] }}",
                lambda a, b: merge()([a, b]))
    network("concat", {"a": [4, 5, 3], "b": [4, 5, 1], "c": [4, 5, 6]},
            "layers:\n  - concat: { from: [a, b, c] }", lambda *x: K.Concatenate()(list(x)))


def networks():
    network("flatten_dense", [4, 5, 3], """
        layers:
          - flatten
          - relu
          - dropout: { rate: 0.5 }
          - dense: { name: fc, units: 6 }
        """, lambda x: K.Dense(6, name="fc")(K.Dropout(0.5)(K.ReLU()(K.Flatten()(x)))))

    def classifier(x):
        x = K.MaxPooling2D()(K.Conv2D(5, 3, padding="same", activation="relu", name="conv1")(x))
        x = K.MaxPooling2D()(K.Conv2D(7, 3, padding="same", activation="relu", name="conv2")(x))
        x = K.Dense(12, activation="relu", name="fc1")(K.Flatten()(x))
        return K.Dense(10, activation="softmax", name="fc2")(x)

    network("classifier", [9, 11, 2], """
        layers:
          - conv2d: { name: conv1, filters: 5, kernel_size: 3, padding: same, activation: relu }
          - max_pool2d: { kernel_size: 2 }
          - conv2d: { name: conv2, filters: 7, kernel_size: 3, padding: same, activation: relu }
          - max_pool2d: { kernel_size: 2 }
          - flatten
          - dense: { name: fc1, units: 12, activation: relu }
          - dense: { name: fc2, units: 10, activation: softmax }
        """, classifier)

    def double(x, filters, name):
        x = K.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}.conv2d_1")(x)
        return K.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}.conv2d_2")(x)

    def unet(x):
        c1 = double(x, 4, "c1")
        c2 = double(K.MaxPooling2D()(c1), 6, "c2")
        c3 = double(K.Concatenate()([K.UpSampling2D()(c2), c1]), 4, "c3")
        return {"mask": K.Conv2D(1, 1, activation="sigmoid", name="mask")(c3), "c2": c2}

    network("unet_block", [8, 10, 1], """
        blocks:
          double_conv:
            params: [filters]
            layers:
              - conv2d: { filters: $filters, kernel_size: 3, padding: same, activation: relu }
              - conv2d: { filters: $filters, kernel_size: 3, padding: same, activation: relu }
        layers:
          - double_conv: { name: c1, filters: 4 }
          - max_pool2d: { kernel_size: 2 }
          - double_conv: { name: c2, filters: 6 }
          - upsample2d: { name: up1, scale_factor: 2 }
          - concat: { name: m1, from: [up1, c1] }
          - double_conv: { name: c3, filters: 4 }
          - conv2d: { name: mask, filters: 1, kernel_size: 1, activation: sigmoid }
        output: [mask, c2]
        """, unet)
    network("conv_batch_norm_relu", [6, 7, 3], """
        layers:
          - conv2d: { name: conv, filters: 4, kernel_size: 3, padding: same, bias: false }
          - batch_norm: { name: bn }
          - relu
        """, lambda x: K.ReLU()(K.BatchNormalization(name="bn")(
            K.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(x))))
    network("separable", [8, 9, 3], """
        layers:
          - depthwise_conv2d: { name: depth, kernel_size: 3, stride: 2, padding: same, bias: false }
          - batch_norm: { name: bn1 }
          - relu6
          - conv2d: { name: point, filters: 5, kernel_size: 1, bias: false }
          - batch_norm: { name: bn2 }
        """, lambda x: K.BatchNormalization(name="bn2")(K.Conv2D(5, 1, use_bias=False, name="point")(K.ReLU(6.0)(
            K.BatchNormalization(name="bn1")(K.DepthwiseConv2D(
                3, strides=2, padding="same", use_bias=False, name="depth")(x))))))


def record():
    convolutions()
    pools()
    rearranged()
    activations()
    dense_and_norms()
    merges()
    networks()
