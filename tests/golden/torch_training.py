"""What PyTorch makes of small networks in training: gradients, running statistics, and 20 steps of each optimiser.

The loss of a step of gradients is the sum over all images of the output times random factors.
"""
import textwrap

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from recorder import Recorder, rng
from torch_networks import conv
from torch_record import Net, draw_weights

RECORDER = Recorder("pytorch")


def to_torch(batch):
    """A batch of NHWC images, or of vectors."""
    x = torch.from_numpy(batch).double()
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def to_nhwc(x):
    return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).detach().numpy()


def add(case, body, inputs, tensors, weights):
    RECORDER.add(case, textwrap.dedent(body), {name: array[0] for name, array in inputs.items()}, {}, weights)
    for name, array in inputs.items():
        RECORDER.tensors[f"{case}/input/{name}".rstrip("/")] = array
    for name, array in tensors.items():
        array = np.ascontiguousarray(array, np.float32)
        assert np.isfinite(array).all(), (case, name)
        RECORDER.tensors[f"{case}/{name}"] = array


def gradients(case, shapes, body, module, images=3):
    """Records the gradient of every parameter, and the running statistics after the step."""
    weights = draw_weights(case, module, lambda key: key)
    shapes = shapes if isinstance(shapes, dict) else {"": shapes}
    inputs = RECORDER.inputs(case, {name: [images, *shape] for name, shape in shapes.items()}, 1.5)
    module.double().train()
    output = module(*(to_torch(x) for x in inputs.values()))
    factors = rng(case, "factors").uniform(-1, 1, to_nhwc(output).shape).astype(np.float32)
    (output * to_torch(factors)).sum().backward()
    tensors = {"factors": factors}
    for name, parameter in module.named_parameters():
        tensors[f"gradient/{name}"] = parameter.grad.numpy()
    for name, buffer in module.named_buffers():
        if not name.endswith("num_batches_tracked"):
            tensors[f"after/{name}"] = buffer.numpy()
    add(case, body, inputs, tensors, weights)


def convolutions():
    def case(name, shape, lines, function, images=3, **modules):
        body = "layers:\n" + "\n".join(f"  - {line}" for line in lines)
        gradients(name, shape, body, Net(function, **modules), images)

    first = "conv2d: { name: first, filters: 6, kernel_size: 1 }"
    case("stride_dilation_groups", [9, 8, 3],
         [first,
          "conv2d: { name: a, filters: 8, kernel_size: 3, stride: 2, padding: 1, groups: 2, activation: relu }",
          "conv2d: { name: b, filters: 4, kernel_size: [2, 3], dilation: [2, 1], bias: false, activation: tanh }"],
         lambda n, x: n.b(n.a(n.first(x)).relu()).tanh(), first=nn.Conv2d(3, 6, 1),
         a=nn.Conv2d(6, 8, 3, 2, 1, groups=2), b=nn.Conv2d(8, 4, (2, 3), dilation=(2, 1), bias=False))
    for mode in "reflect", "replicate", "circular":
        case(f"padding_{mode}", [5, 6, 3],
             [first, f"conv2d: {{ name: conv, filters: 5, kernel_size: 3, padding: [2, 1], padding_mode: {mode} }}",
              "softplus"],
             lambda n, x: F.softplus(n.conv(n.first(x))), first=nn.Conv2d(3, 6, 1),
             conv=nn.Conv2d(6, 5, 3, padding=(2, 1), padding_mode=mode))
    case("depthwise", [7, 6, 3],
         [first, "depthwise_conv2d: { name: a, kernel_size: 3, stride: 2, padding: 1, multiplier: 2 }", "silu",
          "depthwise_conv2d: { name: b, kernel_size: 2, dilation: 2, bias: false }"],
         lambda n, x: n.b(F.silu(n.a(n.first(x)))), first=nn.Conv2d(3, 6, 1),
         a=nn.Conv2d(6, 12, 3, 2, 1, groups=6), b=nn.Conv2d(12, 12, 2, dilation=2, groups=12, bias=False))
    case("transposed", [4, 5, 3],
         [first,
          "conv2d_transpose: { name: a, filters: 8, kernel_size: 3, stride: 2, padding: 1, output_padding: 1 }",
          "gelu", "conv2d_transpose: { name: b, filters: 4, kernel_size: 2, dilation: 2, groups: 2, bias: false }"],
         lambda n, x: n.b(F.gelu(n.a(n.first(x)))), first=nn.Conv2d(3, 6, 1),
         a=nn.ConvTranspose2d(6, 8, 3, 2, 1, 1), b=nn.ConvTranspose2d(8, 4, 2, dilation=2, groups=2, bias=False))
    case("tiles", [10, 11, 16],
         ["conv2d: { name: a, filters: 20, kernel_size: 3, padding: same, activation: relu }",
          "conv2d: { name: b, filters: 17, kernel_size: 3, padding: same }"],
         lambda n, x: n.b(n.a(x).relu()), images=2, a=conv(16, 20), b=conv(20, 17))


def spatial():
    def case(name, lines, function, shape=(6, 8, 3), **modules):
        body = "layers:\n  - conv2d: { name: conv, filters: 4, kernel_size: 1 }\n"
        body += "\n".join(f"  - {line}" for line in lines)
        gradients(name, list(shape), body, Net(lambda n, x: function(n, n.conv(x)), conv=nn.Conv2d(3, 4, 1), **modules))

    case("pools", ["max_pool2d: { name: a, kernel_size: 3, stride: 2, padding: 1, ceil_mode: true }",
                   "avg_pool2d: { name: b, from: conv, kernel_size: 2, stride: 2, ceil_mode: true }",
                   "avg_pool2d: { name: c, from: conv, kernel_size: [3, 4], stride: [2, 2], padding: 1, "
                   "ceil_mode: true, count_include_pad: true }",
                   "concat: { from: [a, b, c] }"],
         lambda n, x: torch.cat([F.max_pool2d(x, 3, 2, 1, ceil_mode=True), F.avg_pool2d(x, 2, 2, ceil_mode=True),
                                 F.avg_pool2d(x, (3, 4), 2, 1, ceil_mode=True)], 1), (5, 9, 3))
    case("global_pools", ["global_avg_pool2d: { name: a }", "global_max_pool2d: { name: b, from: conv }",
                          "mul: { name: c, from: [conv, a] }", "sub: { name: d, from: [c, b] }",
                          "maximum: { from: [d, conv] }"],
         lambda n, x: torch.maximum(x * x.mean((2, 3), True) - x.amax((2, 3), True), x))
    case("adaptive_pools", ["adaptive_avg_pool2d: { name: a, output_size: [4, 3] }",
                            "adaptive_max_pool2d: { name: b, from: conv, output_size: [4, 3] }",
                            "add: { from: [a, b] }"],
         lambda n, x: F.adaptive_avg_pool2d(x, (4, 3)) + F.adaptive_max_pool2d(x, (4, 3)))
    case("upsamplings", ["upsample2d: { name: a, scale_factor: [2, 3] }",
                         "upsample2d: { name: b, from: conv, scale_factor: [2, 3], mode: bilinear }",
                         "upsample2d: { name: c, from: conv, scale_factor: [2, 3], mode: bilinear, "
                         "align_corners: true }",
                         "mul: { name: d, from: [a, b] }", "add: { from: [d, c] }"],
         lambda n, x: F.interpolate(x, scale_factor=(2, 3)) * F.interpolate(x, scale_factor=(2, 3), mode="bilinear")
         + F.interpolate(x, scale_factor=(2, 3), mode="bilinear", align_corners=True))
    case("moves", ["depth_to_space: { block_size: 2, order: crd }", "crop2d: { cropping: [1, 0, 2, 3] }",
                   "pad2d: { padding: [0, 1, 2, 1], value: 0.5 }", "subsample2d: { stride: [2, 3] }", "exp"],
         lambda n, x: F.pad(F.pixel_shuffle(x, 2)[:, :, 1:, 2:-3], (2, 1, 0, 1), value=0.5)[:, :, ::2, ::3].exp())


def activations():
    functions = {
        "relu": F.relu, "relu6": F.relu6, "leaky_relu": F.leaky_relu, "elu: { alpha: 0.3 }": lambda x: F.elu(x, 0.3),
        "selu": F.selu, "celu: { alpha: 0.7 }": lambda x: F.celu(x, 0.7), "gelu": F.gelu,
        "gelu: { approximate: true }": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish,
        "sigmoid": torch.sigmoid, "hard_sigmoid": F.hardsigmoid, "hard_swish": F.hardswish, "tanh": torch.tanh,
        "softplus": F.softplus, "softsign": F.softsign, "softmax": lambda x: F.softmax(x, 1),
        "log_softmax": lambda x: F.log_softmax(x, 1), "exp": torch.exp,
        "clip: { min: -0.3, max: 0.4 }": lambda x: x.clip(-0.3, 0.4),
    }
    lines, names = ["conv2d: { name: conv, filters: 5, kernel_size: 1 }"], []
    for index, line in enumerate(functions):
        kind, _, arguments = line.partition(": { ")
        names.append(f"y{index}")
        arguments = f", {arguments.removesuffix(' }')}" if arguments else ""
        lines.append(f"{kind}: {{ name: y{index}, from: conv{arguments} }}")
    lines += ["prelu: { name: slope, from: conv }", f"concat: {{ from: [{', '.join(names)}, slope] }}"]

    def forward(n, x):
        x = n.conv(x)
        return torch.cat([*(function(x) for function in functions.values()), n.slope(x)], 1)

    gradients("activations", [3, 4, 3], "layers:\n" + "\n".join(f"  - {line}" for line in lines),
              Net(forward, conv=nn.Conv2d(3, 5, 1), slope=nn.PReLU(5)))


def norms():
    def case(name, lines, function, images=3, shape=(4, 5, 3), **modules):
        body = "layers:\n" + "\n".join(f"  - {line}" for line in lines)
        gradients(name, list(shape), body, Net(function, **modules), images)

    c1, c2 = "conv2d: { name: a, filters: 6, kernel_size: 3, padding: 1 }", "conv2d: { name: b, filters: 4, kernel_size: 2 }"
    convs = {"a": conv(3, 6), "b": nn.Conv2d(6, 4, 2)}
    case("batch_norm", [c1, "batch_norm: { name: one }", "relu", c2, "batch_norm: { name: two, epsilon: 0.01 }", "silu"],
         lambda n, x: F.silu(n.two(n.b(n.one(n.a(x)).relu()))), 5, one=nn.BatchNorm2d(6),
         two=nn.BatchNorm2d(4, 0.01), **convs)
    case("batch_norm_first", ["batch_norm: { name: one }", "conv2d: { name: a, filters: 6, kernel_size: 3, padding: 1 }"],
         lambda n, x: n.a(n.one(x)), one=nn.BatchNorm2d(3), a=conv(3, 6))
    case("batch_norm_vector", ["flatten", "batch_norm: { name: one }", "dense: { name: a, units: 5 }",
                               "batch_norm: { name: two }", "prelu: { name: slope }"],
         lambda n, x: n.slope(n.two(n.a(n.one(x.flatten(1))))), 4, (2, 3, 3), one=nn.BatchNorm1d(18),
         a=nn.Linear(18, 5), two=nn.BatchNorm1d(5), slope=nn.PReLU(5))
    case("other_norms", [c1, "group_norm: { name: one, groups: 3 }", "tanh", c2, "instance_norm: { name: two }",
                         "layer_norm: { name: three, epsilon: 0.01 }"],
         lambda n, x: n.three(n.two(n.b(n.one(n.a(x)).tanh())).movedim(1, -1)).movedim(-1, 1),
         one=nn.GroupNorm(3, 6), two=nn.InstanceNorm2d(4, affine=True), three=nn.LayerNorm(4, 0.01),
         a=conv(3, 6), b=nn.Conv2d(6, 4, 2))


def networks():
    def double(i, o):
        return nn.Sequential(conv(i, o, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    def unet(n, x):
        down = n.down(x)
        deep = n.deep(F.max_pool2d(down, 2))
        up = torch.cat([F.interpolate(deep, scale_factor=2, mode="bilinear"), down], 1)
        return n.mask(n.up(up))

    def block(name, filters, source=""):
        source = f"from: {source}, " if source else ""
        return (f"  - conv2d: {{ name: {name}.0, {source}filters: {filters}, kernel_size: 3, padding: same, bias: false }}\n"
                f"  - batch_norm: {{ name: {name}.1 }}\n  - relu: {{ name: {name}.2 }}\n")

    gradients("unet", [8, 10, 2], "layers:\n" + block("down", 8) + "  - max_pool2d: { kernel_size: 2 }\n"
              + block("deep", 12) + "  - upsample2d: { scale_factor: 2, mode: bilinear }\n"
              "  - concat: { name: both, from: [upsample2d_1, down.2] }\n" + block("up", 8)
              + "  - conv2d: { name: mask, filters: 1, kernel_size: 1 }",
              Net(unet, down=double(2, 8), deep=double(8, 12), up=double(20, 8), mask=nn.Conv2d(8, 1, 1)), 5)

    def inverted(n, x):
        y = F.relu6(n.two(n.wide(n.one(x)).relu()))
        y = y * n.excite(n.squeeze(y.mean((2, 3))).relu()).sigmoid()[:, :, None, None]
        return n.fc((n.narrow(y) + x).mean((2, 3)))

    gradients("inverted", [6, 7, 5], """
        layers:
          - batch_norm: { name: one }
          - conv2d: { name: wide, filters: 12, kernel_size: 1, activation: relu }
          - depthwise_conv2d: { name: two, kernel_size: 3, padding: 1, activation: relu6 }
          - global_avg_pool2d
          - dense: { name: squeeze, units: 3, activation: relu }
          - dense: { name: excite, units: 12, activation: sigmoid }
          - mul: { from: [two, excite] }
          - conv2d: { name: narrow, filters: 5, kernel_size: 1 }
          - add: { from: [narrow, input] }
          - global_avg_pool2d
          - dense: { name: fc, units: 4 }
        """, Net(inverted, one=nn.BatchNorm2d(5), wide=nn.Conv2d(5, 12, 1), two=conv(12, 12, groups=12),
                 squeeze=nn.Linear(12, 3), excite=nn.Linear(3, 12), narrow=nn.Conv2d(12, 5, 1), fc=nn.Linear(5, 4)))

    def siamese(n, left, right, extra):
        both = n.a(torch.cat([left, right], 1)).relu().flatten(1)
        return n.c(torch.cat([n.b(both), extra], 1))

    gradients("several_inputs", {"left": [4, 5, 2], "right": [4, 5, 3], "extra": [3]}, """
        layers:
          - concat: { from: [left, right] }
          - conv2d: { name: a, filters: 4, kernel_size: 3, activation: relu }
          - flatten
          - dense: { name: b, units: 6 }
          - concat: { from: [b, extra] }
          - dense: { name: c, units: 2 }
        """, Net(siamese, a=nn.Conv2d(5, 4, 3), b=nn.Linear(24, 6), c=nn.Linear(9, 2)))


STEPS, BATCH = 20, 6


def trajectories():
    """A small classifier, trained from one start: the losses, and the weights in the end. What has no gradient but
    rounding's, as a bias before a batch norm, would follow it: Adam divides it by itself."""
    def forward(n, x):
        x = F.max_pool2d(n.conv1(x).relu(), 2)
        x = F.max_pool2d(n.norm(n.conv2(x)).relu(), 2)
        return n.fc2(n.fc1(x.flatten(1)).relu())

    optimizers = {
        "sgd": lambda p: torch.optim.SGD(p, 0.02, momentum=0.9, nesterov=True, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam(p, 0.002, eps=1e-7),
        "adamw": lambda p: torch.optim.AdamW(p, 0.002, eps=1e-7, weight_decay=0.1),
        "rmsprop": lambda p: torch.optim.RMSprop(p, 0.0003, alpha=0.9, eps=1e-7, momentum=0.5),
    }
    for name, optimizer in optimizers.items():
        case = f"trajectory_{name}"
        module = Net(forward, conv1=conv(1, 4), conv2=conv(4, 6, bias=False), norm=nn.BatchNorm2d(6), fc1=nn.Linear(54, 8),
                     fc2=nn.Linear(8, 5))
        # The same start and the same images for each.
        weights = draw_weights("trajectory", module, lambda key: key)
        inputs = {"": (rng("trajectory", "").standard_normal([STEPS * BATCH, 12, 12, 1])).astype(np.float32)}
        classes = rng("trajectory", "classes").integers(0, 5, STEPS * BATCH)
        module.double().train()
        rule, losses = optimizer(module.parameters()), []
        for step in range(STEPS):
            batch = slice(step * BATCH, (step + 1) * BATCH)
            loss = F.cross_entropy(module(to_torch(inputs[""][batch])), torch.from_numpy(classes[batch]))
            rule.zero_grad()
            loss.backward()
            rule.step()
            losses.append(loss.item())
        tensors = {"classes": classes, "losses": losses}
        tensors |= {f"after/{key}": tensor.numpy() for key, tensor in module.state_dict().items()
                    if not key.endswith("num_batches_tracked")}
        add(case, """
            layers:
              - conv2d: { name: conv1, filters: 4, kernel_size: 3, padding: same, activation: relu }
              - max_pool2d: { kernel_size: 2 }
              - conv2d: { name: conv2, filters: 6, kernel_size: 3, padding: same, bias: false }
              - batch_norm: { name: norm }
              - relu
              - max_pool2d: { kernel_size: 2 }
              - flatten
              - dense: { name: fc1, units: 8, activation: relu }
              - dense: { name: fc2, units: 5, activation: softmax }
            """, inputs, tensors, weights)


def record():
    convolutions()
    spatial()
    activations()
    norms()
    networks()
    trajectories()
