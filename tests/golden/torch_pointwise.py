"""Dense layers, norms, activations and merges: what works cell by cell or on the channels."""
import torch
from torch import nn
from torch.nn import functional as F

from torch_record import Lambda, Net, layer, network, on_channels

SHAPES = {"": [5, 6, 7], "_vector": [11]}

# Arguments in the spec, PyTorch's function.
ACTIVATIONS = {
    "linear": ("", lambda x: x),
    "relu": ("", F.relu),
    "relu6": ("", F.relu6),
    "leaky_relu": ("", F.leaky_relu),
    "leaky_relu_slope": ("negative_slope: 0.3", lambda x: F.leaky_relu(x, 0.3)),
    "elu": ("", F.elu),
    "elu_alpha": ("alpha: 0.3", lambda x: F.elu(x, 0.3)),
    "selu": ("", F.selu),
    "celu": ("", F.celu),
    "celu_alpha": ("alpha: 0.3", lambda x: F.celu(x, 0.3)),
    "gelu": ("", F.gelu),
    "gelu_approximate": ("approximate: true", lambda x: F.gelu(x, approximate="tanh")),
    "silu": ("", F.silu),
    "mish": ("", F.mish),
    "sigmoid": ("", F.sigmoid),
    "hard_sigmoid": ("", F.hardsigmoid),
    "hard_swish": ("", F.hardswish),
    "tanh": ("", F.tanh),
    "softplus": ("", F.softplus),
    "softsign": ("", F.softsign),
    "softmax": ("", lambda x: F.softmax(x, 1)),
    "log_softmax": ("", lambda x: F.log_softmax(x, 1)),
    "exp": ("", torch.exp),
    "clip": ("min: -0.5, max: 1.25", lambda x: torch.clip(x, -0.5, 1.25)),
}


def activations():
    for case, (arguments, function) in ACTIVATIONS.items():
        name = case if case == "clip" or not arguments else case.rsplit("_", 1)[0]
        alone = f"{name}: {{ {arguments} }}" if arguments else name
        inside = f"{{ {name}: {{ {arguments} }} }}" if arguments else name
        for suffix, shape in SHAPES.items():
            layer(f"{case}{suffix}", shape, alone, function, scale=3.0)
        layer(f"conv2d_{case}", [4, 5, 3], f"conv2d: {{ filters: 5, kernel_size: 3, activation: {inside} }}",
              nn.Sequential(nn.Conv2d(3, 5, 3), Lambda(function)))
        layer(f"dense_{case}", [6], f"dense: {{ units: 5, activation: {inside} }}",
              nn.Sequential(nn.Linear(6, 5), Lambda(function)))
    for large in "sigmoid", "tanh", "softplus", "softmax", "log_softmax", "gelu", "silu", "mish", "elu", "softsign":
        layer(f"{large}_large_values", [3, 4, 5], large, ACTIVATIONS[large][1], scale=60.0)
    layer("prelu", [5, 6, 7], "prelu", nn.PReLU(7))
    layer("prelu_vector", [11], "prelu", nn.PReLU(11))
    layer("dropout", [5, 6, 7], "dropout: { rate: 0.4 }", nn.Dropout(0.4))


def dense_and_norms():
    layer("dense", [13], "dense: { units: 9 }", nn.Linear(13, 9))
    layer("dense_wide", [67], "dense: { units: 35 }", nn.Linear(67, 35))
    layer("dense_very_wide", [201], "dense: { units: 70 }", nn.Linear(201, 70))
    layer("dense_one_unit", [13], "dense: { units: 1 }", nn.Linear(13, 1))
    layer("dense_no_bias", [13], "dense: { units: 9, bias: false }", nn.Linear(13, 9, bias=False))
    layer("dense_image", [5, 6, 7], "dense: { units: 9, activation: relu }",
          nn.Sequential(on_channels(nn.Linear(7, 9)), nn.ReLU()))

    layer("batch_norm", [5, 6, 7], "batch_norm", nn.BatchNorm2d(7))
    layer("batch_norm_epsilon", [5, 6, 7], "batch_norm: { epsilon: 0.2 }", nn.BatchNorm2d(7, eps=0.2))
    layer("batch_norm_vector", [11], "batch_norm", nn.BatchNorm1d(11))
    # A small scale makes the default epsilon visible.
    for case, extra, eps in ("", "", 1e-5), ("_epsilon", "epsilon: 0.02", 0.02):
        body = f": {{ {extra} }}" if extra else ""
        comma = f", {extra}" if extra else ""
        layer(f"layer_norm{case}", [5, 6, 7], f"layer_norm{body}", on_channels(nn.LayerNorm(7, eps=eps)), 0.02)
        layer(f"layer_norm_vector{case}", [11], f"layer_norm{body}", nn.LayerNorm(11, eps=eps), 0.02)
        layer(f"instance_norm{case}", [5, 6, 7], f"instance_norm{body}",
              nn.InstanceNorm2d(7, eps=eps, affine=True), 0.02)
        layer(f"group_norm{case}", [5, 6, 6], f"group_norm: {{ groups: 3{comma} }}",
              nn.GroupNorm(3, 6, eps=eps), 0.02)
    layer("group_norm_one_group", [5, 6, 6], "group_norm: { groups: 1 }", nn.GroupNorm(1, 6))


def merges():
    def merge(case, kind, shapes, function):
        names = list(shapes)
        network(case, shapes, f"layers:\n  - {kind}: {{ from: [{', '.join(names)}] }}",
                Net(lambda net, *sources: function(*sources)))

    def chain(function):
        def apply(*sources):
            result = sources[0]
            for source in sources[1:]:
                result = function(result, source)
            return result
        return apply

    image, vector, pixel = [4, 5, 6], [6], [1, 1, 6]

    def as_pixel(x):
        return x[:, :, None, None] if x.ndim == 2 else x

    functions = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "maximum": torch.maximum}
    for kind, function in functions.items():
        merge(kind, kind, {"a": image, "b": image}, function)
        merge(f"{kind}_vectors", kind, {"a": vector, "b": vector}, function)
        for name, shape in ("vector", vector), ("pixel", pixel):
            def broadcast(a, b):
                return function(as_pixel(a), as_pixel(b))

            merge(f"{kind}_image_{name}", kind, {"a": image, "b": shape}, broadcast)
            merge(f"{kind}_{name}_image", kind, {"a": shape, "b": image}, broadcast)
        if kind != "sub":
            merge(f"{kind}_four_sources", kind, {"a": image, "b": image, "c": image, "d": image}, chain(function))
            network(f"{kind}_with_itself", [4, 5, 6], f"layers:\n  - {kind}: {{ from: [input, input] }}",
                    Net(lambda net, x: function(x, x)))
    merge("add_broadcast_three_sources", "add", {"a": image, "b": vector, "c": pixel},
        lambda a, b, c: a + as_pixel(b) + c)

    def concat(*sources):
        return torch.cat(sources, 1)

    merge("concat", "concat", {"a": [4, 5, 3], "b": [4, 5, 6]}, concat)
    merge("concat_four_sources", "concat", {"a": [4, 5, 3], "b": [4, 5, 1], "c": [4, 5, 17], "d": [4, 5, 2]}, concat)
    merge("concat_vectors", "concat", {"a": [3], "b": [5], "c": [2]}, concat)
    network("concat_with_itself", [4, 5, 3], "layers:\n  - concat: { from: [input, input] }",
            Net(lambda net, x: torch.cat([x, x], 1)))


def record():
    activations()
    dense_and_norms()
    merges()
