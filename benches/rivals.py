"""Convolve beside other engines, on the networks of `models/specs`.

    rivals.py make FOLDER                      the networks and their weights, for all engines
    rivals.py run FOLDER [--threads N] …       times, ratios, loading, memory, differences

Every engine is a process of its own, and they predict in turn: while one does, the others wait for a line.
Between two turns there is a pause, because threads that look for work go on doing so for a while after the
last prediction. The first prediction of a turn finds the caches full of the others' data and is not counted.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SEED = 1
OURS, REFERENCE = "convolve", "onnxruntime"
PYTHON = ["onnxruntime", "openvino", "ncnn"]
RUST = ["tract", "rten"]
NETWORKS = ["mnist", "unet", "resnet18", "resnet50", "mobilenetv2", "atrous_pyramid"]
# Height and width of the results that are maps.
SIDES = {"unet": 256, "atrous_pyramid": 33}
# Seconds between two turns, and of a turn.
PAUSE, TURN = 0.3, 0.3
# What results may differ by, of the largest number in them.
TOLERANCE = 1e-3


class Engine:
    """A process that predicts on demand; see engines.py for what is said."""

    def __init__(self, name, network, folder, threads):
        self.name, self.output = name, folder / f"output.{name}"
        arguments = [folder, self.output]
        if name == OURS:
            command = [ROOT / "target/release/examples/latency", network, *arguments, str(threads)]
        elif name in RUST:
            command = [ROOT / "benches/rust-rivals/target/release/rust-rivals", name, *arguments]
        else:
            command = [sys.executable, ROOT / "benches/engines.py", name, *arguments, str(threads)]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "RTEN_NUM_THREADS": str(threads)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe)
        self.answer()
        # The peak is that of loading and predicting, not of reading libraries.
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        before = self.memory("VmRSS")
        [nanoseconds] = self.ask("load")
        self.load = nanoseconds * 1e-9
        seconds = self.ask(1)[0] * 1e-9
        self.count = max(1, min(1000, round(TURN / seconds)))
        self.added = self.memory("VmHWM") - before
        # Of every prediction, and the median of every turn.
        self.times, self.turns = [], []

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with code {self.process.wait()}")
        return line

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return [int(word) for word in self.answer().split()]

    def turn(self):
        time.sleep(PAUSE)
        _, *nanoseconds = self.ask(self.count + 1)
        self.times += [number * 1e-9 for number in nanoseconds]
        self.turns.append(statistics.median(nanoseconds) * 1e-9)

    def memory(self, key):
        """Bytes, by the kernel's name for them."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
        raise KeyError(key)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def make(options):
    import networks
    import onnx
    from safetensors.numpy import save_file

    for index, name in enumerate(options.networks):
        folder = options.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        network, output = networks.ALL[name](SEED)
        onnx.save(network.model(output), folder / "model.onnx")
        save_file(network.weights, folder / "weights.safetensors")
        image = np.random.default_rng(SEED + index).standard_normal(network.shape).astype(np.float32)
        np.save(folder / "input.npy", image)
        image.tofile(folder / "input.nchw")
        image.transpose(0, 2, 3, 1).tofile(folder / "input.nhwc")
        convert(folder, network.shape)
        print(f"{name}: {network.macs:,} multiply-adds", flush=True)


def convert(folder, shape):
    """Makes ncnn's files of the ONNX network."""
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "model.onnx").symlink_to(folder / "model.onnx")
        sizes = ",".join(map(str, shape))
        command = [Path(sys.executable).with_name("pnnx"), "model.onnx", f"inputshape=[{sizes}]", "fp16=0"]
        subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for file in ["model.ncnn.param", "model.ncnn.bin"]:
            shutil.copy(Path(work) / file, folder)


def difference(network, folder, engine):
    """From the reference's result, in parts of its largest number."""
    wanted, found = (np.fromfile(folder / f"output.{name}", np.float32) for name in (REFERENCE, engine))
    if engine == OURS and network in SIDES:
        # Ours has the channels last.
        found = found.reshape(SIDES[network], SIDES[network], -1).transpose(2, 0, 1).ravel()
    return np.abs(wanted - found).max() / np.abs(wanted).max()


def run(options):
    """Gives the number of engines whose results are too far from the reference's."""
    faults = 0
    for network in options.networks:
        folder = options.folder / network
        engines = {}
        for name in options.engines:
            try:
                engines[name] = Engine(name, network, folder, options.threads)
            except RuntimeError as error:
                print(f"{network}: {error}")
        for _ in range(options.rounds):
            for engine in engines.values():
                engine.turn()
        print(f"\n{network}, {options.threads} thread(s)")
        print(f"{'engine':12} {'median ms':>10} {'least ms':>10} {'load ms':>9} {'memory MB':>9}  difference")
        for name, engine in engines.items():
            apart = difference(network, folder, name) if REFERENCE in engines else float("nan")
            faults += apart > TOLERANCE
            times = f"{statistics.median(engine.times) * 1e3:10.3f} {min(engine.times) * 1e3:10.3f}"
            print(f"{name:12} {times} {engine.load * 1e3:9.1f} {engine.added / 1e6:9.1f}  {apart:.1e}")
        if OURS in engines:
            compare(engines[OURS], [engine for name, engine in engines.items() if name != OURS])
            if options.batch:
                batches(engines[OURS], options.batch)
        for engine in engines.values():
            engine.close()
        sys.stdout.flush()
    return faults


def compare(ours, rivals):
    """Prints the ratio to the best of the rivals: the median of those of the rounds, for the machine's pace changes."""
    if rivals:
        best = min(rivals, key=lambda engine: statistics.median(engine.turns))
        ratios = [mine / theirs for mine, theirs in zip(ours.turns, best.turns)]
        print(f"{ours.name} / {best.name}: {statistics.median(ratios):.3f}")


def batches(engine, images):
    """Prints images a second, one by one and in batches, in turn."""
    one, many = [], []
    for _ in range(3):
        one += engine.ask(images)
        many += engine.ask(1, images)
    rates = 1e9 / statistics.median(one), 1e9 * images / statistics.median(many)
    print(f"images a second: {rates[0]:.1f} one by one, {rates[1]:.1f} in batches of {images}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["make", "run"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--engines", nargs="+", default=[OURS, *PYTHON], choices=[OURS, *PYTHON, *RUST])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine")
    parser.add_argument("--batch", type=int, help="also predict so many images at once")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    if options.action == "make":
        make(options)
    elif run(options):
        sys.exit(f"results differ by more than {TOLERANCE} of their largest number")


main()
