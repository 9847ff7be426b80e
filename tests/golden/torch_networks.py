"""Small networks: several layers, inputs and outputs, blocks, and the chains a compiler likes to fuse."""
import torch
from torch import nn
from torch.nn import functional as F

from torch_record import Net, network, numpy_pad


def conv(i, o, k=3, **keywords):
    return nn.Conv2d(i, o, k, **{"padding": k // 2, **keywords})


def flat_dense():
    """`flatten` then `dense`: PyTorch's columns are in channels-first order."""
    flat = "layers:\n  - flatten\n"
    fc = "  - dense: { name: fc, units: 6 }"

    def case(name, middle, function, shape=(4, 5, 3), **modules):
        units = shape[0] * shape[1] * shape[2]
        network(f"flatten_{name}", list(shape), flat + "".join(f"  - {line}\n" for line in middle) + fc,
                Net(function, **modules, fc=nn.Linear(units, 6)))

    case("dense", [], lambda net, x: net.fc(x.flatten(1)))
    case("dense_tall", [], lambda net, x: net.fc(x.flatten(1)), (7, 2, 5))
    case("dense_one_channel", [], lambda net, x: net.fc(x.flatten(1)), (4, 5, 1))
    case("dense_one_pixel", [], lambda net, x: net.fc(x.flatten(1)), (1, 1, 7))
    case("relu_dense", ["relu"], lambda net, x: net.fc(F.relu(x.flatten(1))))
    case("dropout_dense", ["dropout: { rate: 0.5 }"], lambda net, x: net.fc(x.flatten(1)))
    case("dropout_elu_clip_dense", ["dropout: { rate: 0.5 }", "elu", "clip: { min: -0.4, max: 1 }"],
         lambda net, x: net.fc(F.elu(x.flatten(1)).clip(-0.4, 1)))
    case("softmax_dense", ["softmax"], lambda net, x: net.fc(x.flatten(1).softmax(1)))
    case("batch_norm_dense", ["batch_norm: { name: norm }"], lambda net, x: net.fc(net.norm(x.flatten(1))),
         norm=nn.BatchNorm1d(60))
    case("layer_norm_dense", ["layer_norm: { name: norm }"], lambda net, x: net.fc(net.norm(x.flatten(1))),
         norm=nn.LayerNorm(60))
    case("prelu_dense", ["prelu: { name: slope }"], lambda net, x: net.fc(net.slope(x.flatten(1))),
         slope=nn.PReLU(60))
    case("twice_dense", ["flatten"], lambda net, x: net.fc(x.flatten(1)))
    case("add_itself_dense", ["relu: { name: on }", "add: { from: [on, flatten_1] }"],
         lambda net, x: net.fc(F.relu(x.flatten(1)) + x.flatten(1)))
    network("flatten_concat_dense", {"a": [4, 5, 3], "b": [2, 3, 4]}, """
        layers:
          - flatten: { name: left, from: a }
          - flatten: { name: right, from: b }
          - concat: { from: [left, right] }
          - dense: { name: fc, units: 6 }
        """, Net(lambda net, a, b: net.fc(torch.cat([a.flatten(1), b.flatten(1)], 1)), fc=nn.Linear(84, 6)))
    network("flatten_two_dense", [4, 5, 3], """
        layers:
          - flatten
          - dense: { name: hidden, units: 12, activation: relu }
          - dense: { name: fc, units: 6 }
          - dense: { name: side, from: flatten_1, units: 2 }
        output: [fc, side]
        """, Net(lambda net, x: {"fc": net.fc(net.hidden(x.flatten(1)).relu()), "side": net.side(x.flatten(1))},
                 hidden=nn.Linear(60, 12), fc=nn.Linear(12, 6), side=nn.Linear(60, 2)))
    network("flatten_and_dense_outputs", [4, 5, 3], """
        layers:
          - flatten: { name: flat }
          - dense: { name: fc, units: 6 }
        output: [flat, fc]
        """, Net(lambda net, x: {"flat": x.permute(0, 2, 3, 1).flatten(1), "fc": net.fc(x.flatten(1))},
                 fc=nn.Linear(60, 6)))
    network("adaptive_flatten_dense", [7, 9, 3], """
        layers:
          - adaptive_avg_pool2d: { output_size: [2, 4] }
          - flatten
          - dense: { name: fc, units: 6 }
        """, Net(lambda net, x: net.fc(F.adaptive_avg_pool2d(x, (2, 4)).flatten(1)), fc=nn.Linear(24, 6)))

    def classifier(net, x):
        x = F.max_pool2d(net.conv1(x).relu(), 2)
        x = F.max_pool2d(net.conv2(x).relu(), 2)
        return net.fc2(net.fc1(x.flatten(1)).relu()).softmax(1)

    network("classifier", [9, 11, 2], """
        layers:
          - conv2d: { name: conv1, filters: 5, kernel_size: 3, padding: same, activation: relu }
          - max_pool2d: { kernel_size: 2 }
          - conv2d: { name: conv2, filters: 7, kernel_size: 3, padding: same, activation: relu }
          - max_pool2d: { kernel_size: 2 }
          - flatten
          - dense: { name: fc1, units: 12, activation: relu }
          - dense: { name: fc2, units: 10, activation: softmax }
        """, Net(classifier, conv1=conv(2, 5), conv2=conv(5, 7), fc1=nn.Linear(28, 12), fc2=nn.Linear(12, 10)))


def chains():
    """Sequences where a rewrite must not change the result."""

    def chain(case, shape, lines, function, **modules):
        body = "layers:\n" + "\n".join(f"  - {line}" for line in lines)
        network(f"chain_{case}", shape, body, Net(function, **modules))

    c3 = "conv2d: { name: conv, filters: 4, kernel_size: 3, padding: 1 }"
    bn = "batch_norm: { name: bn }"
    chain("conv_batch_norm_relu", [6, 7, 3], [c3, bn, "relu"], lambda n, x: n.bn(n.conv(x)).relu(),
          conv=conv(3, 4), bn=nn.BatchNorm2d(4))
    chain("conv_no_bias_batch_norm", [6, 7, 3], [c3.replace("padding: 1", "padding: 1, bias: false"), bn],
          lambda n, x: n.bn(n.conv(x)), conv=conv(3, 4, bias=False), bn=nn.BatchNorm2d(4))
    chain("conv_relu_batch_norm", [6, 7, 3], [c3, "relu", bn], lambda n, x: n.bn(n.conv(x).relu()),
          conv=conv(3, 4), bn=nn.BatchNorm2d(4))
    chain("batch_norm_padded_conv", [6, 7, 3], [bn, c3], lambda n, x: n.conv(n.bn(x)),
          bn=nn.BatchNorm2d(3), conv=conv(3, 4))
    chain("batch_norm_valid_conv", [6, 7, 3], [bn, c3.replace(", padding: 1", "")], lambda n, x: n.conv(n.bn(x)),
          bn=nn.BatchNorm2d(3), conv=conv(3, 4, padding=0))
    chain("batch_norm_depthwise_batch_norm", [6, 7, 3],
          ["batch_norm: { name: before }", "depthwise_conv2d: { name: conv, kernel_size: 3, multiplier: 2 }", bn],
          lambda n, x: n.bn(n.conv(n.before(x))), before=nn.BatchNorm2d(3), conv=nn.Conv2d(3, 6, 3, groups=3),
          bn=nn.BatchNorm2d(6))
    chain("transpose_batch_norm_relu", [4, 5, 3],
          ["conv2d_transpose: { name: up, filters: 4, kernel_size: 2, stride: 2 }", bn, "relu"],
          lambda n, x: n.bn(n.up(x)).relu(), up=nn.ConvTranspose2d(3, 4, 2, 2), bn=nn.BatchNorm2d(4))
    chain("dense_batch_norm", [9], ["dense: { name: fc, units: 5 }", bn], lambda n, x: n.bn(n.fc(x)),
          fc=nn.Linear(9, 5), bn=nn.BatchNorm1d(5))
    chain("pad_value_conv", [5, 6, 3], ["pad2d: { padding: 1, value: 2 }", c3],
          lambda n, x: n.conv(F.pad(x, (1, 1, 1, 1), value=2.0)), conv=conv(3, 4))
    chain("pad_conv", [5, 6, 3], ["pad2d: { padding: [2, 0, 1, 1] }", c3],
          lambda n, x: n.conv(F.pad(x, (1, 1, 2, 0))), conv=conv(3, 4))
    chain("pad_reflect_padded_conv", [5, 6, 3], ["pad2d: { padding: 1, mode: reflect }", c3],
          lambda n, x: n.conv(F.pad(x, (1, 1, 1, 1), "reflect")), conv=conv(3, 4))
    chain("pad_max_pool", [5, 6, 3], ["pad2d: { padding: 1 }", "max_pool2d: { kernel_size: 2 }"],
          lambda n, x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 2))
    chain("pad_avg_pool", [5, 6, 3], ["pad2d: { padding: 1 }", "avg_pool2d: { kernel_size: 3 }"],
          lambda n, x: F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 3))
    chain("pad_crop", [5, 6, 3], ["pad2d: { padding: 2, mode: symmetric }", "crop2d: { cropping: [0, 3, 1, 1] }"],
          lambda n, x: numpy_pad(x, (2, 2, 2, 2), "symmetric")[:, :, :-3, 1:-1])
    chain("conv_relu_max_pool", [9, 7, 3], [c3, "relu", "max_pool2d: { kernel_size: 2 }"],
          lambda n, x: F.max_pool2d(n.conv(x).relu(), 2), conv=conv(3, 4))
    chain("conv_max_pool_elu", [9, 7, 3], [c3, "max_pool2d: { kernel_size: 3, stride: 2, padding: 1 }", "elu"],
          lambda n, x: F.elu(F.max_pool2d(n.conv(x), 3, 2, 1)), conv=conv(3, 4))
    chain("conv_subsample", [7, 8, 3], [c3, "subsample2d: { stride: [2, 3] }"],
          lambda n, x: n.conv(x)[:, :, ::2, ::3], conv=conv(3, 4))
    chain("upsample_conv", [4, 5, 3], ["upsample2d: { scale_factor: 2 }", c3],
          lambda n, x: n.conv(F.interpolate(x, scale_factor=2)), conv=conv(3, 4))
    chain("bilinear_conv", [4, 5, 3], ["upsample2d: { scale_factor: 2, mode: bilinear }", c3],
          lambda n, x: n.conv(F.interpolate(x, scale_factor=2, mode="bilinear")), conv=conv(3, 4))
    chain("separable", [7, 8, 5], ["depthwise_conv2d: { name: depth, kernel_size: 3, padding: same, bias: false }",
                                   "conv2d: { name: point, filters: 9, kernel_size: 1, activation: relu6 }"],
          lambda n, x: F.relu6(n.point(n.depth(x))), depth=conv(5, 5, groups=5, bias=False), point=conv(5, 9, 1))
    chain("squeeze_excite", [5, 6, 8], ["global_avg_pool2d", "dense: { name: down, units: 2, activation: relu }",
                                        "dense: { name: up, units: 8, activation: sigmoid }",
                                        "mul: { from: [input, up] }"],
          lambda n, x: x * n.up(n.down(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None],
          down=nn.Linear(8, 2), up=nn.Linear(2, 8))
    def concat_add(n, x):
        merged = torch.cat([n.b(x).tanh(), x, n.a(x)], 1)
        return (n.c(merged) + merged).relu()

    chain("concat_add", [5, 6, 3],
          ["conv2d: { name: a, filters: 4, kernel_size: 3, padding: same }",
           "conv2d: { name: b, from: input, filters: 5, kernel_size: 1, activation: tanh }",
           "concat: { from: [b, input, a] }", "conv2d: { name: c, filters: 12, kernel_size: 3, padding: same }",
           "add: { from: [c, concat_1] }", "relu"],
          concat_add,
          a=conv(3, 4), b=conv(3, 5, 1), c=conv(12, 12))


def graphs():
    def scored(n, image, mask, extra):
        masked = n.features(image) * n.spread(mask)
        return {"score": n.score(torch.cat([masked.amax((2, 3)), extra], 1)).sigmoid(), "masked": masked}

    network("several_inputs_and_outputs", {"image": [6, 8, 3], "mask": [6, 8, 1], "extra": [5]}, """
        layers:
          - conv2d: { name: features, from: image, filters: 4, kernel_size: 3, padding: same }
          - conv2d: { name: spread, from: mask, filters: 4, kernel_size: 1 }
          - mul: { name: masked, from: [features, spread] }
          - global_max_pool2d: { name: top }
          - concat: { from: [top, extra] }
          - dense: { name: score, units: 2, activation: sigmoid }
        output: [score, masked]
        """, Net(scored, features=conv(3, 4), spread=conv(1, 4, 1), score=nn.Linear(9, 2)))

    def tapped(n, x):
        y = n.conv(x)
        on = n.bn(y).relu()
        return {"conv": y, "pooled": F.max_pool2d(on, 2), "on": on}

    network("intermediate_outputs", [6, 7, 3], """
        layers:
          - conv2d: { name: conv, filters: 4, kernel_size: 3 }
          - batch_norm: { name: bn }
          - relu: { name: on }
          - max_pool2d: { name: pooled, kernel_size: 2 }
        output: [conv, pooled, on]
        """, Net(tapped, conv=conv(3, 4, padding=0), bn=nn.BatchNorm2d(4)))
    network("output_in_the_middle", [6, 7, 3], """
        layers:
          - conv2d: { name: wanted, filters: 4, kernel_size: 3 }
          - relu: { name: unused }
        output: wanted
        """, Net(lambda n, x: n.wanted(x), wanted=conv(3, 4, padding=0)))


def residual(filters, stride, i):
    def forward(n, x):
        y = n.bn2(n.conv2(n.bn1(n.conv1(x)).relu()))
        return (y + n.downsample(x)).relu()
    return Net(forward, conv1=conv(i, filters, stride=stride, bias=False), bn1=nn.BatchNorm2d(filters),
               conv2=conv(filters, filters, bias=False), bn2=nn.BatchNorm2d(filters),
               downsample=nn.Sequential(nn.Conv2d(i, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)))


def blocks():
    network("block_residual", [9, 8, 3], """
        blocks:
          basic:
            params: [filters, {stride: 1}]
            layers:
              - conv2d: { name: conv1, filters: $filters, kernel_size: 3, stride: $stride, padding: 1, bias: false }
              - batch_norm: { name: bn1 }
              - relu
              - conv2d: { name: conv2, filters: $filters, kernel_size: 3, padding: 1, bias: false }
              - batch_norm: { name: bn2 }
              - conv2d:
                  name: downsample.0
                  from: input
                  filters: $filters
                  kernel_size: 1
                  stride: $stride
                  bias: false
              - batch_norm: { name: downsample.1 }
              - add: { from: [bn2, downsample.1] }
              - relu
        layers:
          - basic: { name: layer1.0, filters: 5 }
          - basic: { name: layer1.1, filters: 6, stride: 2 }
          - global_avg_pool2d
          - dense: { name: fc, units: 4 }
        """, Net(lambda n, x: n.fc(n.layer1(x).mean((2, 3))),
                 layer1=nn.Sequential(residual(5, 1, 3), residual(6, 2, 5)), fc=nn.Linear(6, 4)))
    network("block_unnamed_layers", [5, 6, 3], """
        blocks:
          double:
            params: [filters]
            layers:
              - conv2d: { filters: $filters, kernel_size: 3, padding: same, activation: relu }
              - conv2d: { filters: $filters, kernel_size: 3, padding: same }
        layers:
          - double: { filters: 4 }
          - double: { name: last, filters: 2 }
          - conv2d: { filters: 3, kernel_size: 1 }
        """, Net(lambda n, x: n.conv2d_1(n.last(n.double_1(x))), double_1=double(3, 4), last=double(4, 2),
                 conv2d_1=conv(2, 3, 1)))
    network("block_repeat", [5, 6, 4], """
        blocks:
          step:
            params: [{rate: 1}]
            layers:
              - conv2d: { name: conv, filters: 4, kernel_size: 3, padding: same, dilation: $rate, activation: tanh }
              - add: { from: [input, conv] }
        layers:
          - step: { name: near, repeat: 3 }
          - step: { name: far, rate: 2, repeat: 2 }
          - conv2d: { name: mix, filters: 4, kernel_size: 1, repeat: 2 }
        """, Net(lambda n, x: n.mix(n.far(n.near(x))), near=nn.Sequential(*(step(1) for _ in range(3))),
                 far=nn.Sequential(*(step(2) for _ in range(2))), mix=nn.Sequential(conv(4, 4, 1), conv(4, 4, 1))))
    network("block_nested", [6, 7, 3], """
        blocks:
          unit:
            params: [filters, {act: relu}]
            layers:
              - conv2d: { name: conv, filters: $filters, kernel_size: 3, padding: same, activation: $act }
          stage:
            params: [wide, thin]
            layers:
              - unit: { name: a, filters: $wide }
              - unit: { name: b, from: input, filters: $thin, act: { elu: { alpha: 0.5 } } }
              - concat: { from: [a, b] }
        layers:
          - stage: { name: s1, wide: 4, thin: 2 }
          - stage: { name: s2, wide: 3, thin: 1 }
        """, Net(lambda n, x: n.s2(n.s1(x)), s1=stage(3, 4, 2), s2=stage(6, 3, 1)))
    network("anchors_and_merge_keys", [5, 6, 3], """
        layers:
          - conv2d: &same3 { name: first, filters: 4, kernel_size: 3, padding: same, activation: relu }
          - conv2d: { <<: *same3, name: second, activation: tanh }
          - conv2d: { <<: *same3, name: third, filters: 2 }
        """, Net(lambda n, x: n.third(n.second(n.first(x).relu()).tanh()).relu(),
                 first=conv(3, 4), second=conv(4, 4), third=conv(4, 2)))


def double(i, o):
    return Net(lambda n, x: n.conv2d_2(n.conv2d_1(x).relu()), conv2d_1=conv(i, o), conv2d_2=conv(o, o))


def step(rate):
    return Net(lambda n, x: x + n.conv(x).tanh(), conv=conv(4, 4, dilation=rate, padding=rate))


def stage(i, wide, thin):
    return Net(lambda n, x: torch.cat([n.a.conv(x).relu(), F.elu(n.b.conv(x), 0.5)], 1),
               a=Net(None, conv=conv(i, wide)), b=Net(None, conv=conv(i, thin)))


def record():
    flat_dense()
    chains()
    graphs()
    blocks()
