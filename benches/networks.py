"""The networks of `models/specs` as ONNX files, with the weights of both from one seed.

An ONNX network has its batch norms folded, as exporters leave it; the safetensors file has them in full,
under our names. So the other engines have nothing left to fold, and our folding is checked by NumPy's.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EPSILON = 1e-5


class Network:
    """Builds a network, layer by layer. A value is known by its name; `self.channels` has its channels."""

    def __init__(self, seed, height, width, channels):
        self.shape = [1, channels, height, width]
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers, self.weights = [], [], {}
        self.channels = {"input": channels}
        self.sizes = {"input": (height, width)}
        self.macs = 0

    def constant(self, array):
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, inputs, channels=None, size=None, **attributes):
        """An operation; its result is like its first input where nothing else is said."""
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        self.channels[name] = self.channels[inputs[0]] if channels is None else channels
        self.sizes[name] = self.sizes[inputs[0]] if size is None else size
        return name

    def normal(self, *shape, deviation):
        return (self.random.standard_normal(shape) * deviation).astype(np.float32)

    def conv(self, x, name, filters, kernel=3, stride=1, dilation=1, depthwise=False, norm=None, act=None):
        """A convolution with `same` padding; with a bias, or followed by a batch norm of this name."""
        groups = self.channels[x] if depthwise else 1
        inputs = self.channels[x] // groups
        weight = self.normal(filters, inputs, kernel, kernel, deviation=(2 / (inputs * kernel**2)) ** 0.5)
        self.weights[f"{name}.weight"] = weight
        if norm is None:
            bias = self.weights[f"{name}.bias"] = self.normal(filters, deviation=0.1)
        else:
            weight, bias = self.fold(weight, norm)
        pad = dilation * (kernel - 1) // 2
        size = tuple((side + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1 for side in self.sizes[x])
        self.macs += filters * inputs * kernel**2 * size[0] * size[1]
        inputs = [x, self.constant(weight), self.constant(bias)]
        window = dict(kernel_shape=[kernel] * 2, strides=[stride] * 2, dilations=[dilation] * 2)
        y = self.node("Conv", inputs, filters, size, pads=[pad] * 4, group=groups, **window)
        return self.act(y, act)

    def fold(self, weight, norm):
        """Random tensors of a batch norm, and what they make of a kernel without a bias."""
        filters = len(weight)
        scale, variance = (self.random.uniform(0.5, 1.0, filters).astype(np.float32) for _ in range(2))
        shift, mean = (self.normal(filters, deviation=0.1) for _ in range(2))
        names = ["weight", "bias", "running_mean", "running_var"]
        for name, tensor in zip(names, [scale, shift, mean, variance]):
            self.weights[f"{norm}.{name}"] = tensor
        factor = scale / np.sqrt(variance.astype(np.float64) + EPSILON)
        folded = weight * factor[:, None, None, None]
        return folded.astype(np.float32), (shift - mean * factor).astype(np.float32)

    def act(self, x, act):
        if act == "Relu6":
            return self.node("Clip", [x, self.constant(np.float32(0)), self.constant(np.float32(6))])
        return self.node(act, [x]) if act else x

    def max_pool(self, x, kernel=2, pad=0):
        size = tuple((side + 2 * pad - kernel) // 2 + 1 for side in self.sizes[x])
        return self.node("MaxPool", [x], size=size, kernel_shape=[kernel] * 2, strides=[2] * 2, pads=[pad] * 4)

    def upsample(self, x):
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        rule = dict(coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        size = tuple(2 * side for side in self.sizes[x])
        return self.node("Resize", [x, "", scales], size=size, mode="nearest", **rule)

    def concat(self, *parts):
        return self.node("Concat", list(parts), sum(self.channels[part] for part in parts), axis=1)

    def add(self, x, y, act=None):
        return self.act(self.node("Add", [x, y]), act)

    def flatten(self, x):
        height, width = self.sizes[x]
        return self.node("Flatten", [x], self.channels[x] * height * width, (1, 1), axis=1)

    def mean(self, x):
        return self.flatten(self.node("GlobalAveragePool", [x], size=(1, 1)))

    def dense(self, x, name, units, act=None):
        inputs = self.channels[x]
        self.macs += inputs * units
        weight = self.weights[f"{name}.weight"] = self.normal(units, inputs, deviation=(2 / inputs) ** 0.5)
        bias = self.weights[f"{name}.bias"] = self.normal(units, deviation=0.1)
        y = self.node("Gemm", [x, self.constant(weight), self.constant(bias)], units, transB=1)
        return self.act(y, act)

    def model(self, output):
        """The ONNX network that gives this value."""
        given = helper.make_tensor_value_info("input", TensorProto.FLOAT, self.shape)
        wanted = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "network", [given], [wanted], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        model = onnx.shape_inference.infer_shapes(model)
        onnx.checker.check_model(model, full_check=True)
        return model


def mnist(seed):
    n = Network(seed, 28, 28, 1)
    x = n.max_pool(n.conv("input", "conv1", 32, act="Relu"))
    x = n.max_pool(n.conv(x, "conv2", 64, act="Relu"))
    x = n.dense(n.flatten(x), "fc1", 128, "Relu")
    return n, n.node("Softmax", [n.dense(x, "fc2", 10)], axis=-1)


def unet(seed):
    n = Network(seed, 256, 256, 1)

    def double(x, name, filters):
        for conv in ["conv2d_1", "conv2d_2"]:
            x = n.conv(x, f"{name}.{conv}", filters, act="Relu")
        return x

    down1 = double("input", "down1", 64)
    down2 = double(n.max_pool(down1), "down2", 128)
    x = double(n.max_pool(down2), "bridge", 256)
    x = double(n.concat(n.upsample(x), down2), "up2", 128)
    x = double(n.concat(n.upsample(x), down1), "up1", 64)
    return n, n.conv(x, "mask", 1, 1, act="Sigmoid")


def resnet(seed, blocks, bottleneck):
    n = Network(seed, 224, 224, 3)
    x = n.max_pool(n.conv("input", "conv1", 64, 7, 2, norm="bn1", act="Relu"), 3, 1)
    for stage, count in enumerate(blocks, 1):
        filters = 32 * 2**stage
        for index in range(count):
            name = f"layer{stage}.{index}"
            stride = 2 if stage > 1 and index == 0 else 1

            def conv(x, part, filters, kernel, stride=1, act=None):
                return n.conv(x, f"{name}.conv{part}", filters, kernel, stride, norm=f"{name}.bn{part}", act=act)

            if bottleneck:
                y = conv(x, 1, filters, 1, act="Relu")
                y = conv(conv(y, 2, filters, 3, stride, act="Relu"), 3, 4 * filters, 1)
            else:
                y = conv(conv(x, 1, filters, 3, stride, act="Relu"), 2, filters, 3)
            if n.channels[x] != n.channels[y]:
                side = f"{name}.downsample"
                x = n.conv(x, f"{side}.0", n.channels[y], 1, stride, norm=f"{side}.1")
            x = n.add(y, x, "Relu")
    return n, n.dense(n.mean(x), "fc", 1000)


def mobilenetv2(seed):
    n = Network(seed, 224, 224, 3)

    def conv(x, name, filters, *args, norm, **kwargs):
        return n.conv(x, f"features.{name}", filters, *args, norm=f"features.{norm}", **kwargs)

    x = conv("input", "0.0", 32, 3, 2, norm="0.1", act="Relu6")
    x = conv(x, "1.conv.0.0", 32, depthwise=True, norm="1.conv.0.1", act="Relu6")
    x = conv(x, "1.conv.1", 16, 1, norm="1.conv.2")
    index = 2
    for filters, count, first in [(24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]:
        for stride in [first] + [1] * (count - 1):
            name, hidden = f"{index}.conv", 6 * n.channels[x]
            y = conv(x, f"{name}.0.0", hidden, 1, norm=f"{name}.0.1", act="Relu6")
            y = conv(y, f"{name}.1.0", hidden, 3, stride, depthwise=True, norm=f"{name}.1.1", act="Relu6")
            y = conv(y, f"{name}.2", filters, 1, norm=f"{name}.3")
            x = n.add(y, x) if stride == 1 and n.channels[x] == filters else y
            index += 1
    x = conv(x, "18.0", 1280, 1, norm="18.1", act="Relu6")
    return n, n.dense(n.mean(x), "classifier.1", 1000)


def atrous_pyramid(seed):
    n = Network(seed, 33, 33, 512)
    scales = [n.conv("input", "rate1", 256, 1, act="Relu")]
    scales += [n.conv("input", f"rate{rate}", 256, dilation=rate, act="Relu") for rate in (6, 12, 18)]
    x = n.conv(n.concat(*scales), "project", 256, 1, act="Relu")
    return n, n.conv(n.conv(x, "refine", 256, act="Relu"), "classes", 21, 1)


ALL = {
    "mnist": mnist,
    "unet": unet,
    "resnet18": lambda seed: resnet(seed, [2, 2, 2, 2], False),
    "resnet50": lambda seed: resnet(seed, [3, 4, 6, 3], True),
    "mobilenetv2": mobilenetv2,
    "atrous_pyramid": atrous_pyramid,
}
