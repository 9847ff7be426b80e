"""Runs PyTorch modules on random NHWC inputs, in float64, and records what they give.

Weights are drawn in float32 and keep the names and layouts of the module's own state dict.
"""
import numpy as np
import torch
from torch import nn

from recorder import Recorder, random_weight

RECORDER = Recorder("pytorch")


class Net(nn.Module):
    """A network from its submodules, named as in the spec, and a forward function that takes the network."""

    def __init__(self, forward, **modules):
        super().__init__()
        self.run = forward
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, *inputs):
        return self.run(self, *inputs)


def to_torch(array):
    x = torch.from_numpy(array).double()[None]
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def to_nhwc(x):
    return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x)[0].numpy()


def draw_weights(case, module, rename):
    """Fills the module with random weights and returns them under the names the spec gives them."""
    weights, state = {}, module.state_dict()
    for key, tensor in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        name = rename(key)
        weights[name] = random_weight(case, name, tuple(tensor.shape))
        state[key] = torch.from_numpy(weights[name])
    module.load_state_dict(state)
    return weights


def network(case, shapes, body, module, scale=1.5, rename=lambda key: key):
    """A whole spec. The module returns one tensor, or a dictionary for several outputs."""
    weights = draw_weights(case, module, rename)
    inputs = RECORDER.inputs(case, shapes, scale)
    module.double().eval()
    with torch.no_grad():
        result = module(*(to_torch(x) for x in inputs.values()))
    outputs = result if isinstance(result, dict) else {"": result}
    RECORDER.add(case, body, inputs, {n: to_nhwc(y) for n, y in outputs.items()}, weights)


def layer(case, shapes, body, module, scale=1.5):
    """A spec of one unnamed layer; `module` may be a function of the inputs or a chain with one layer of weights."""
    name = body.split(":")[0] + "_1"
    if not isinstance(module, nn.Module):
        function = module
        module = Net(lambda net, *inputs: function(*inputs))
    network(case, shapes, body, module, scale, lambda key: f"{name}.{key.split('.')[-1]}")


def on_channels(module):
    """Applies a module that works on the last axis to NCHW data."""
    return nn.Sequential(Lambda(lambda x: x.movedim(1, -1)), module, Lambda(lambda x: x.movedim(-1, 1)))


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


def numpy_pad(x, quad, mode, **keywords):
    """numpy.pad with [top, bottom, left, right] on NCHW data."""
    t, b, l, r = quad
    return torch.from_numpy(np.pad(x.numpy(), ((0, 0), (0, 0), (t, b), (l, r)), mode, **keywords))
