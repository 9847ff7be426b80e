"""Collects golden cases and writes them as one safetensors file; see README.md for its layout."""
import json
import textwrap
import zlib

import numpy as np


def rng(case, part):
    """A generator of its own for every part of every case, so that adding a case changes no other."""
    return np.random.default_rng(zlib.crc32(f"{case}/{part}".encode()))


def random_weight(case, name, shape):
    """Kernels stay small, vectors (biases, scales, means) take both signs, variances are positive."""
    g = rng(case, name)
    if name.endswith(("running_var", "moving_variance")):
        return g.uniform(0.3, 2.0, shape).astype(np.float32)
    return (g.standard_normal(shape) * (0.7 if len(shape) == 1 else 0.3)).astype(np.float32)


class Recorder:
    def __init__(self, layout):
        self.layout, self.specs, self.tensors = layout, {}, {}

    def inputs(self, case, shapes, scale):
        """Random inputs by name; a network with a single unnamed input has the name ""."""
        if not isinstance(shapes, dict):
            shapes = {"": shapes}
        return {n: (rng(case, n).standard_normal(s) * scale).astype(np.float32) for n, s in shapes.items()}

    def add(self, case, body, inputs, outputs, weights):
        """`body` is one layer (`conv2d: {...}`) or the YAML that follows the header."""
        assert case not in self.specs, case
        shape = {n: list(x.shape) for n, x in inputs.items()}
        shape = shape[""] if "" in shape else "{" + ", ".join(f"{n}: {s}" for n, s in shape.items()) + "}"
        body = textwrap.dedent(body).strip("\n")
        if "layers:" not in body:
            body = f"layers:\n  - {body}"
        name = "".join(part.capitalize() for part in case.split("_"))
        self.specs[case] = f"name: {name}\ninput: {shape}\nweights: {{ layout: {self.layout} }}\n{body}\n"
        for kind, arrays in ("input", inputs), ("output", outputs), ("weights", weights):
            for n, array in arrays.items():
                array = np.ascontiguousarray(array, np.float32)
                assert np.isfinite(array).all(), (case, kind, n)
                self.tensors[f"{case}/{kind}/{n}".rstrip("/")] = array

    def save(self, path):
        """Written by hand because the library's writer orders the metadata at random."""
        header, at = {"__metadata__": self.specs}, 0
        for name, array in self.tensors.items():
            header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
            at += array.nbytes
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for array in self.tensors.values():
                file.write(array.tobytes())
        print(f"{path.name}: {len(self.specs)} cases, {(8 + len(text) + at) / 1e6:.2f} MB")
