"""Training beside Keras and PyTorch: MNIST, batches of 128, Adam, a tenth of the examples for validation.

    training.py [--threads N] [--epochs N] [--rivals keras,pytorch]

Every engine is a process of its own, and they train an epoch in turn: while one does, the others wait for a line.
The first epoch of each, in which libraries load and compile, is shown but not counted. Needs NumPy and the rivals
named (`pip install tensorflow-cpu torch`), and `cargo build --release --features train --example epochs`.
"""

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
OURS = "convolve"
TRAINING, BATCH = 54_000, 128


def idx(name, head):
    with gzip.open(ROOT / "models/data" / f"{name}.gz") as file:
        return np.frombuffer(file.read(), np.uint8)[head:]


def mnist():
    """Images as N×28×28 floats from 0 to 1, and labels: to learn from, and to test."""
    parts = []
    for part in ["train", "t10k"]:
        images = idx(f"{part}-images-idx3-ubyte", 16).reshape(-1, 28, 28) / np.float32(255)
        parts += [images, idx(f"{part}-labels-idx1-ubyte", 8).astype(np.int64)]
    return parts


def keras(threads):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    from tensorflow.keras import Sequential
    from tensorflow.keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    images, labels, test, answers = mnist()
    images, test = images[..., None], test[..., None]
    convolution = {"kernel_size": 3, "activation": "relu", "padding": "same"}
    model = Sequential([
        Input((28, 28, 1)), Conv2D(32, **convolution), MaxPooling2D(2), Conv2D(64, **convolution),
        MaxPooling2D(2), Flatten(), Dense(128, activation="relu"), Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    def epoch():
        model.fit(images, labels, batch_size=BATCH, validation_split=0.1, verbose=0)

    return epoch, lambda: model.evaluate(test, answers, verbose=0)[1]


def pytorch(threads):
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    images, labels, test, answers = (torch.from_numpy(part) for part in mnist())
    images, test = images[:, None], test[:, None]
    layout = {"memory_format": torch.channels_last}
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10),
    ).to(**layout)
    adam = torch.optim.Adam(model.parameters(), fused=True)

    def right(images, labels):
        with torch.no_grad():
            parts = zip(images.split(1000), labels.split(1000))
            return sum(int((model(i.to(**layout)).argmax(1) == l).sum()) for i, l in parts) / len(labels)

    def epoch():
        for batch in torch.randperm(TRAINING).split(BATCH):
            adam.zero_grad()
            outputs = model(images[batch].to(**layout))
            nn.functional.cross_entropy(outputs, labels[batch]).backward()
            adam.step()
        right(images[TRAINING:], labels[TRAINING:])

    return epoch, lambda: right(test, answers)


def serve(name, threads):
    """What the process of a rival does: see `examples/epochs.rs` for what is said."""
    epoch, evaluate = {"keras": keras, "pytorch": pytorch}[name](threads)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        epoch()
        print(time.perf_counter() - start, flush=True)
    print(evaluate(), flush=True)


class Engine:
    def __init__(self, name, threads):
        self.name, self.seconds = name, []
        command = [ROOT / "target/release/examples/epochs", str(threads)]
        if name != OURS:
            command = [sys.executable, __file__, "--serve", name, "--threads", str(threads)]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} has ended")
        return line

    def epoch(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.answer()))

    def end(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        self.process.stdin.close()
        return kilobytes / 1024, float(self.answer())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rivals", default="keras,pytorch")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve(arguments.serve, arguments.threads)
    engines = [Engine(name, arguments.threads) for name in [OURS, *arguments.rivals.split(",")]]
    for _ in range(arguments.epochs):
        for engine in engines:
            engine.epoch()
    ours = statistics.median(engines[0].seconds[1:])
    print(f"{arguments.threads} threads, seconds of an epoch (the first | median of the others), peak memory")
    for engine in engines:
        median = statistics.median(engine.seconds[1:])
        megabytes, accuracy = engine.end()
        print(
            f"{engine.name:9} {engine.seconds[0]:6.2f} | {median:6.2f}   {megabytes:5.0f} MB   "
            f"test accuracy {accuracy:.4f}   ours / this: {ours / median:.2f}"
        )


if __name__ == "__main__":
    main()
