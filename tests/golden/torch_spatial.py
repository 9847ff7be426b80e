"""One case for every layer and argument that PyTorch computes, alone or from its primitives."""
import torch
from torch import nn
from torch.nn import functional as F

from torch_record import Lambda, layer, numpy_pad

CHAIN = nn.Sequential


def padded(quad, module, mode="constant", value=0.0):
    """The module after explicit padding [top, bottom, left, right]."""
    t, b, l, r = quad
    return CHAIN(Lambda(lambda x: F.pad(x, (l, r, t, b), mode, value if mode == "constant" else None)), module)


def cropped(module, quad):
    t, b, l, r = quad
    return CHAIN(module, Lambda(lambda x: x[:, :, t:x.shape[2] - b, l:x.shape[3] - r]))


def convolutions():
    def conv(case, shape, arguments, module):
        layer(f"conv2d_{case}", shape, f"conv2d: {{ filters: {arguments} }}", module)

    conv("1x1", [5, 6, 5], "7, kernel_size: 1", nn.Conv2d(5, 7, 1))
    conv("3x3", [7, 9, 5], "6, kernel_size: 3", nn.Conv2d(5, 6, 3))
    conv("1x1_wide", [5, 7, 19], "35, kernel_size: 1", nn.Conv2d(19, 35, 1))
    conv("3x3_wide", [9, 8, 17], "33, kernel_size: 3, padding: same", nn.Conv2d(17, 33, 3, padding=1))
    conv("3x3_large_map", [19, 22, 3], "8, kernel_size: 3, padding: same", nn.Conv2d(3, 8, 3, padding=1))
    conv("3x3_many_tiles", [21, 26, 16], "24, kernel_size: 3, padding: same", nn.Conv2d(16, 24, 3, padding=1))
    conv("stride2_many_tiles", [17, 19, 16], "32, kernel_size: 3, stride: 2, padding: 1", nn.Conv2d(16, 32, 3, 2, 1))
    conv("dilation_many_tiles", [15, 13, 16], "20, kernel_size: 3, dilation: 4, padding: same",
         nn.Conv2d(16, 20, 3, dilation=4, padding=4))
    conv("kernel_pair", [7, 9, 3], "4, kernel_size: [2, 5]", nn.Conv2d(3, 4, (2, 5)))
    conv("kernel_as_large_as_input", [4, 5, 3], "4, kernel_size: [4, 5]", nn.Conv2d(3, 4, (4, 5)))
    conv("one_pixel_input", [1, 1, 4], "3, kernel_size: 3, padding: 1", nn.Conv2d(4, 3, 3, padding=1))
    conv("no_bias", [7, 9, 3], "4, kernel_size: 3, bias: false", nn.Conv2d(3, 4, 3, bias=False))
    conv("stride2", [7, 9, 3], "4, kernel_size: 3, stride: 2", nn.Conv2d(3, 4, 3, 2))
    conv("stride2_remainder", [8, 10, 3], "4, kernel_size: 3, stride: 2", nn.Conv2d(3, 4, 3, 2))
    conv("stride_pair", [7, 9, 3], "4, kernel_size: 3, stride: [1, 3]", nn.Conv2d(3, 4, 3, (1, 3)))
    conv("stride_larger_than_kernel", [9, 11, 3], "4, kernel_size: 2, stride: 3", nn.Conv2d(3, 4, 2, 3))
    conv("dilation2", [7, 9, 3], "4, kernel_size: 3, dilation: 2", nn.Conv2d(3, 4, 3, dilation=2))
    conv("dilation_pair", [7, 9, 3], "4, kernel_size: 3, dilation: [3, 1]", nn.Conv2d(3, 4, 3, dilation=(3, 1)))
    conv("dilation_same_mostly_padding", [7, 9, 3], "4, kernel_size: 3, dilation: 6, padding: same",
         nn.Conv2d(3, 4, 3, dilation=6, padding="same"))
    conv("dilation_stride_padding", [9, 11, 3],
         "4, kernel_size: [3, 2], stride: 2, dilation: [2, 3], padding: [2, 1]",
         nn.Conv2d(3, 4, (3, 2), 2, (2, 1), (2, 3)))
    conv("groups", [5, 6, 6], "4, kernel_size: 3, groups: 2", nn.Conv2d(6, 4, 3, groups=2))
    conv("groups_stride_dilation", [9, 8, 6], "9, kernel_size: 3, groups: 3, stride: 2, dilation: 2, padding: 2",
         nn.Conv2d(6, 9, 3, 2, 2, 2, groups=3))
    conv("groups_equal_channels", [5, 6, 4], "8, kernel_size: 3, groups: 4, padding: 1",
         nn.Conv2d(4, 8, 3, padding=1, groups=4))

    conv("valid", [7, 9, 3], "4, kernel_size: 3, padding: valid", nn.Conv2d(3, 4, 3, padding="valid"))
    conv("same", [7, 9, 3], "4, kernel_size: 3, padding: same", nn.Conv2d(3, 4, 3, padding="same"))
    conv("same_even_kernel", [7, 9, 3], "4, kernel_size: [2, 4], padding: same",
         nn.Conv2d(3, 4, (2, 4), padding="same"))
    conv("same_lower_even_kernel", [7, 9, 3], "4, kernel_size: [2, 4], padding: same_lower",
         padded((1, 0, 2, 1), nn.Conv2d(3, 4, (2, 4))))
    conv("stride2_same", [8, 9, 3], "4, kernel_size: 3, stride: 2, padding: same",
         padded((0, 1, 1, 1), nn.Conv2d(3, 4, 3, 2)))
    conv("stride2_same_lower", [8, 9, 3], "4, kernel_size: 3, stride: 2, padding: same_lower",
         padded((1, 0, 1, 1), nn.Conv2d(3, 4, 3, 2)))
    conv("same_without_padding", [8, 9, 3], "4, kernel_size: 2, stride: 3, padding: same",
         padded((0, 0, 0, 0), nn.Conv2d(3, 4, 2, 3)))
    conv("padding_number", [5, 6, 3], "4, kernel_size: 3, padding: 2", nn.Conv2d(3, 4, 3, padding=2))
    conv("padding_pair", [5, 6, 3], "4, kernel_size: 3, padding: [0, 2]", nn.Conv2d(3, 4, 3, padding=(0, 2)))
    conv("padding_quadruple", [5, 6, 3], "4, kernel_size: 3, padding: [2, 0, 1, 3]",
         padded((2, 0, 1, 3), nn.Conv2d(3, 4, 3)))
    conv("padding_larger_than_kernel", [4, 5, 3], "4, kernel_size: 2, padding: 3", nn.Conv2d(3, 4, 2, padding=3))
    for mode in "zeros", "reflect", "replicate", "circular":
        conv(f"padding_mode_{mode}", [5, 7, 3], f"4, kernel_size: 3, padding: [1, 2], padding_mode: {mode}",
             nn.Conv2d(3, 4, 3, padding=(1, 2), padding_mode=mode))
        name = "constant" if mode == "zeros" else mode
        conv(f"padding_mode_{mode}_stride2_same", [6, 7, 3],
             f"4, kernel_size: 4, stride: 2, padding: same, padding_mode: {mode}",
             padded((1, 1, 1, 2), nn.Conv2d(3, 4, 4, 2), name))
        conv(f"padding_mode_{mode}_quadruple_dilation", [6, 7, 3],
             f"4, kernel_size: 3, dilation: 2, padding: [3, 0, 1, 4], padding_mode: {mode}",
             padded((3, 0, 1, 4), nn.Conv2d(3, 4, 3, dilation=2), name))
    conv("padding_mode_circular_full", [4, 5, 2], "3, kernel_size: 3, padding: [4, 5], padding_mode: circular",
         nn.Conv2d(2, 3, 3, padding=(4, 5), padding_mode="circular"))

    def depthwise(case, shape, arguments, module):
        layer(f"depthwise_conv2d_{case}", shape, f"depthwise_conv2d: {{ kernel_size: {arguments} }}", module)

    def dw(multiplier, kernel, *arguments, **keywords):
        return nn.Conv2d(5, 5 * multiplier, kernel, *arguments, groups=5, **keywords)

    depthwise("3x3", [7, 9, 5], "3", dw(1, 3))
    depthwise("multiplier3", [5, 6, 5], "3, multiplier: 3, padding: same", dw(3, 3, padding=1))
    depthwise("wide", [6, 7, 37], "3, padding: 1", nn.Conv2d(37, 37, 3, padding=1, groups=37))
    depthwise("many_tiles", [13, 18, 24], "3, padding: 1", nn.Conv2d(24, 24, 3, padding=1, groups=24))
    depthwise("wide_multiplier2", [5, 6, 19], "3, multiplier: 2", nn.Conv2d(19, 38, 3, groups=19))
    depthwise("stride_pair", [7, 9, 5], "[3, 2], stride: [2, 1], padding: 1", dw(1, (3, 2), (2, 1), 1))
    depthwise("dilation", [9, 8, 5], "3, dilation: [2, 3], padding: [0, 3], multiplier: 2",
              dw(2, 3, dilation=(2, 3), padding=(0, 3)))
    depthwise("stride2_same", [8, 9, 5], "3, stride: 2, padding: same", padded((0, 1, 1, 1), dw(1, 3, 2)))
    depthwise("stride2_same_lower", [8, 9, 5], "3, stride: 2, padding: same_lower",
              padded((1, 0, 1, 1), dw(1, 3, 2)))
    depthwise("padding_quadruple", [5, 6, 5], "3, padding: [0, 2, 3, 1]", padded((0, 2, 3, 1), dw(1, 3)))
    depthwise("no_bias", [5, 6, 5], "3, bias: false", dw(1, 3, bias=False))
    depthwise("activation", [5, 6, 5], "3, activation: relu6", CHAIN(dw(1, 3), nn.ReLU6()))
    for mode in "reflect", "replicate", "circular":
        depthwise(f"padding_mode_{mode}", [5, 6, 5], f"5, padding: 2, padding_mode: {mode}",
                  dw(1, 5, padding=2, padding_mode=mode))


def transposed():
    def conv(case, shape, arguments, module):
        layer(f"conv2d_transpose_{case}", shape, f"conv2d_transpose: {{ filters: {arguments} }}", module)

    def up(*arguments, **keywords):
        return nn.ConvTranspose2d(3, 4, *arguments, **keywords)

    conv("3x3", [4, 5, 3], "4, kernel_size: 3", up(3))
    conv("stride2", [4, 5, 3], "4, kernel_size: 3, stride: 2", up(3, 2))
    conv("stride_pair", [4, 5, 3], "4, kernel_size: [2, 3], stride: [3, 2]", up((2, 3), (3, 2)))
    conv("kernel_smaller_than_stride", [4, 5, 3], "4, kernel_size: 2, stride: 3", up(2, 3))
    conv("1x1_stride2", [4, 5, 3], "4, kernel_size: 1, stride: 2", up(1, 2))
    conv("padding", [4, 5, 3], "4, kernel_size: 4, stride: 2, padding: 1", up(4, 2, 1))
    conv("padding_pair", [4, 5, 3], "4, kernel_size: 4, stride: 2, padding: [0, 2]", up(4, 2, (0, 2)))
    conv("padding_quadruple", [4, 5, 3], "4, kernel_size: 4, stride: 2, padding: [1, 0, 2, 3]",
         cropped(up(4, 2), (1, 0, 2, 3)))
    conv("output_padding", [4, 5, 3], "4, kernel_size: 3, stride: 2, padding: 1, output_padding: 1", up(3, 2, 1, 1))
    conv("output_padding_pair", [4, 5, 3], "4, kernel_size: 2, stride: 3, output_padding: [2, 1]",
         up(2, 3, 0, (2, 1)))
    conv("dilation", [4, 5, 3], "4, kernel_size: 3, dilation: 2", up(3, dilation=2))
    conv("dilation_stride", [4, 5, 3], "4, kernel_size: [2, 3], stride: 2, dilation: [3, 2], padding: [1, 0]",
         up((2, 3), 2, (1, 0), dilation=(3, 2)))
    conv("groups", [4, 5, 6], "4, kernel_size: 3, stride: 2, groups: 2", nn.ConvTranspose2d(6, 4, 3, 2, groups=2))
    conv("groups_equal_channels", [4, 5, 4], "4, kernel_size: 4, stride: 2, padding: 1, groups: 4, bias: false",
         nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=4, bias=False))
    conv("no_bias", [4, 5, 3], "4, kernel_size: 3, bias: false", up(3, bias=False))
    conv("activation", [4, 5, 3], "4, kernel_size: 2, stride: 2, activation: relu", CHAIN(up(2, 2), nn.ReLU()))
    conv("same", [4, 5, 3], "4, kernel_size: 3, stride: 2, padding: same", cropped(up(3, 2), (0, 1, 0, 1)))
    conv("same_lower", [4, 5, 3], "4, kernel_size: 3, stride: 2, padding: same_lower",
         cropped(up(3, 2), (1, 0, 1, 0)))
    conv("same_dilation", [4, 5, 3], "4, kernel_size: 3, dilation: 2, padding: same",
         cropped(up(3, dilation=2), (2, 2, 2, 2)))
    conv("same_kernel_smaller_than_stride", [4, 5, 3], "4, kernel_size: 2, stride: 3, padding: same",
         up(2, 3, 0, 1))
    conv("wide", [3, 4, 18], "21, kernel_size: 2, stride: 2", nn.ConvTranspose2d(18, 21, 2, 2))


def average_inside(quad, kernel, stride):
    """The average over the cells inside the input, for padding PyTorch's own layer does not take."""
    pool = padded(quad, nn.AvgPool2d(kernel, stride))
    return lambda x: pool(x) / pool(torch.ones_like(x))


def pools():
    def pool(kind, case, shape, arguments, module):
        layer(f"{kind}_pool2d_{case}", shape, f"{kind}_pool2d: {{ kernel_size: {arguments} }}", module)

    def average(*arguments, **keywords):
        return nn.AvgPool2d(*arguments, count_include_pad=False, **keywords)

    for kind, torch_pool in ("max", nn.MaxPool2d), ("avg", average):
        pool(kind, "2x2", [7, 9, 5], "2", torch_pool(2))
        pool(kind, "kernel_pair", [7, 9, 5], "[3, 2]", torch_pool((3, 2)))
        pool(kind, "wide", [6, 7, 35], "3, stride: 2, padding: 1", torch_pool(3, 2, 1))
        pool(kind, "overlapping", [7, 9, 5], "3, stride: [1, 2]", torch_pool(3, (1, 2)))
        pool(kind, "stride_larger_than_kernel", [7, 9, 5], "2, stride: 3", torch_pool(2, 3))
        pool(kind, "padding_number", [7, 9, 5], "3, stride: 2, padding: 1", torch_pool(3, 2, 1))
        pool(kind, "padding_pair", [7, 9, 5], "[2, 5], stride: 2, padding: [0, 2]", torch_pool((2, 5), 2, (0, 2)))
        pool(kind, "ceil_mode", [6, 8, 5], "3, stride: 2, ceil_mode: true", torch_pool(3, 2, ceil_mode=True))
        pool(kind, "ceil_mode_padding", [6, 9, 5], "[3, 2], stride: 2, padding: 1, ceil_mode: true",
             torch_pool((3, 2), 2, 1, ceil_mode=True))
        pool(kind, "ceil_mode_drops_last_window", [7, 10, 5], "2, stride: 3, padding: 1, ceil_mode: true",
             torch_pool(2, 3, 1, ceil_mode=True))
    pool("max", "same", [8, 9, 5], "3, stride: 2, padding: same",
         padded((0, 1, 1, 1), nn.MaxPool2d(3, 2), value=-torch.inf))
    pool("max", "same_lower", [8, 9, 5], "3, stride: 2, padding: same_lower",
         padded((1, 0, 1, 1), nn.MaxPool2d(3, 2), value=-torch.inf))
    pool("max", "padding_quadruple", [7, 9, 5], "3, stride: 2, padding: [2, 0, 1, 2]",
         padded((2, 0, 1, 2), nn.MaxPool2d(3, 2), value=-torch.inf))
    pool("max", "dilation", [9, 11, 5], "3, stride: 1, dilation: [2, 3]", nn.MaxPool2d(3, 1, dilation=(2, 3)))
    pool("max", "dilation_padding_ceil_mode", [9, 10, 5], "3, stride: 2, dilation: 2, padding: 1, ceil_mode: true",
         nn.MaxPool2d(3, 2, 1, 2, ceil_mode=True))
    pool("avg", "same", [8, 9, 5], "3, stride: 2, padding: same", average_inside((0, 1, 1, 1), 3, 2))
    pool("avg", "same_lower", [8, 9, 5], "3, stride: 2, padding: same_lower", average_inside((1, 0, 1, 1), 3, 2))
    pool("avg", "padding_quadruple", [7, 9, 5], "3, stride: 2, padding: [2, 0, 1, 2]",
         average_inside((2, 0, 1, 2), 3, 2))
    pool("avg", "count_include_pad", [7, 9, 5], "3, stride: 2, padding: 1, count_include_pad: true",
         nn.AvgPool2d(3, 2, 1))
    pool("avg", "count_include_pad_ceil_mode", [6, 8, 5],
         "3, stride: 2, padding: 1, ceil_mode: true, count_include_pad: true", nn.AvgPool2d(3, 2, 1, ceil_mode=True))
    pool("avg", "count_include_pad_quadruple", [7, 9, 5],
         "3, stride: 2, padding: [2, 0, 1, 2], count_include_pad: true", padded((2, 0, 1, 2), nn.AvgPool2d(3, 2)))
    pool("avg", "count_include_pad_same", [8, 9, 5], "3, stride: 2, padding: same, count_include_pad: true",
         padded((0, 1, 1, 1), nn.AvgPool2d(3, 2)))

    layer("global_avg_pool2d", [7, 9, 5], "global_avg_pool2d", lambda x: x.mean((2, 3)))
    layer("global_max_pool2d", [7, 9, 5], "global_max_pool2d", lambda x: x.amax((2, 3)))
    layer("global_avg_pool2d_wide", [5, 3, 37], "global_avg_pool2d", lambda x: x.mean((2, 3)))
    sizes = {"number": ("3", 3), "pair": ("[3, 4]", (3, 4)), "divisible": ("[7, 3]", (7, 3)),
             "one": ("1", 1), "larger_than_input": ("[9, 11]", (9, 11))}
    for name, (text, size) in sizes.items():
        for kind, function in ("avg", F.adaptive_avg_pool2d), ("max", F.adaptive_max_pool2d):
            layer(f"adaptive_{kind}_pool2d_{name}", [7, 9, 5],
                  f"adaptive_{kind}_pool2d: {{ output_size: {text} }}", lambda x: function(x, size))


def rearranged():
    def pad(case, arguments, quad, mode, **keywords):
        layer(f"pad2d_{case}", [5, 6, 3], f"pad2d: {{ padding: {arguments} }}",
              lambda x: numpy_pad(x, quad, mode, **keywords))

    pad("number", "2", (2, 2, 2, 2), "constant")
    pad("pair", "[0, 2]", (0, 0, 2, 2), "constant")
    pad("value", "[1, 0, 2, 3], value: -1.5", (1, 0, 2, 3), "constant", constant_values=-1.5)
    for mode in "constant", "reflect", "symmetric", "edge", "wrap":
        pad(mode, f"[1, 2, 3, 0], mode: {mode}", (1, 2, 3, 0), mode)
    pad("reflect_widest", "[4, 4, 5, 5], mode: reflect", (4, 4, 5, 5), "reflect")
    pad("symmetric_widest", "[5, 5, 6, 6], mode: symmetric", (5, 5, 6, 6), "symmetric")
    pad("wrap_widest", "[5, 5, 6, 6], mode: wrap", (5, 5, 6, 6), "wrap")
    pad("edge_wider_than_input", "[7, 0, 0, 8], mode: edge", (7, 0, 0, 8), "edge")

    layer("crop2d_number", [5, 6, 3], "crop2d: { cropping: 1 }", lambda x: x[:, :, 1:-1, 1:-1])
    layer("crop2d_pair", [5, 6, 3], "crop2d: { cropping: [0, 2] }", lambda x: x[:, :, :, 2:-2])
    layer("crop2d_quadruple", [5, 6, 3], "crop2d: { cropping: [2, 0, 1, 3] }", lambda x: x[:, :, 2:, 1:3])
    layer("subsample2d_number", [7, 8, 3], "subsample2d: { stride: 3 }", lambda x: x[:, :, ::3, ::3])
    layer("subsample2d_pair", [7, 8, 3], "subsample2d: { stride: [2, 1] }", lambda x: x[:, :, ::2])

    for text, scale in ("2", 2), ("[2, 3]", (2, 3)), ("[1, 4]", (1, 4)):
        case = "_".join(str(scale).strip("()").split(", "))
        for name, extra, keywords in (
            ("nearest", "", dict(mode="nearest")),
            ("bilinear", ", mode: bilinear", dict(mode="bilinear", align_corners=False)),
            ("bilinear_align_corners", ", mode: bilinear, align_corners: true",
             dict(mode="bilinear", align_corners=True)),
        ):
            layer(f"upsample2d_{name}_{case}", [4, 5, 3], f"upsample2d: {{ scale_factor: {text}{extra} }}",
                  nn.Upsample(scale_factor=scale, **keywords))
    layer("upsample2d_nearest_explicit", [4, 5, 3],
          "upsample2d: { scale_factor: 3, mode: nearest, align_corners: false }",
          nn.UpsamplingNearest2d(scale_factor=3))
    layer("upsample2d_bilinear_one_pixel", [1, 1, 3],
          "upsample2d: { scale_factor: 3, mode: bilinear, align_corners: true }",
          nn.Upsample(scale_factor=3, mode="bilinear", align_corners=True))

    def nhwc(function):
        return lambda x: function(x.permute(0, 2, 3, 1))

    layer("flatten", [3, 4, 5], "flatten", nhwc(lambda x: x.reshape(1, -1)))
    layer("flatten_vector", [7], "flatten", lambda x: x)
    layer("reshape_to_vector", [3, 4, 5], "reshape: { shape: [60] }", nhwc(lambda x: x.reshape(1, 60)))
    layer("reshape_to_image", [60], "reshape: { shape: [5, 4, 3] }",
          lambda x: x.reshape(1, 5, 4, 3).permute(0, 3, 1, 2))
    layer("reshape_image", [3, 4, 5], "reshape: { shape: [6, 1, 10] }",
          nhwc(lambda x: x.reshape(1, 6, 1, 10).permute(0, 3, 1, 2)))
    layer("depth_to_space_crd", [3, 4, 12], "depth_to_space: { block_size: 2, order: crd }", nn.PixelShuffle(2))
    layer("depth_to_space_crd_3", [2, 3, 18], "depth_to_space: { block_size: 3, order: crd }", nn.PixelShuffle(3))
    layer("space_to_depth_crd", [4, 6, 3], "space_to_depth: { block_size: 2, order: crd }", nn.PixelUnshuffle(2))
    layer("space_to_depth_crd_3", [6, 3, 2], "space_to_depth: { block_size: 3, order: crd }", nn.PixelUnshuffle(3))


def record():
    convolutions()
    transposed()
    pools()
    rearranged()
