"""An engine in a process of its own: engines.py ENGINE FOLDER OUTPUT THREADS.

The conversation, a line at a time, in which `latency` and `rust-rivals` take part too:

    engine: started                 its libraries are in memory, and the input is read
    driver: load
    engine: NANOSECONDS             from the file to the first prediction, whose result is in OUTPUT
    driver: COUNT
    engine: NANOSECONDS …           of so many predictions
    …                               until the driver closes the pipe
"""

import sys
import time
from pathlib import Path

import numpy as np


def onnxruntime():
    import onnxruntime as ort

    def load(folder, image, threads):
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = ort.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_cpu_input("input", image)
        binding.bind_output(session.get_outputs()[0].name)
        return lambda: session.run_with_iobinding(binding), lambda: binding.copy_outputs_to_cpu()[0]

    return load


def openvino():
    import openvino as ov

    def load(folder, image, threads):
        core = ov.Core()
        settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        settings |= {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
        request = core.compile_model(core.read_model(folder / "model.onnx"), "CPU", settings).create_infer_request()
        request.set_input_tensor(ov.Tensor(image))
        return request.infer, lambda: request.get_output_tensor().data

    return load


def ncnn():
    import ncnn as nn

    def load(folder, image, threads):
        net = nn.Net()
        net.opt.num_threads = threads
        for setting in ["fp16_storage", "fp16_arithmetic", "fp16_packed", "bf16_storage"]:
            setattr(net.opt, f"use_{setting}", False)
        net.load_param(str(folder / "model.ncnn.param"))
        net.load_model(str(folder / "model.ncnn.bin"))
        given, wanted, image = net.input_names()[0], net.output_names()[0], nn.Mat(image[0])
        result = None

        def predict():
            nonlocal result
            extractor = net.create_extractor()
            extractor.input(given, image)
            result = extractor.extract(wanted)[1]

        return predict, lambda: np.array(result)

    return load


ENGINES = {"onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn}


def timed(work):
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


def main():
    engine, folder, output, threads = sys.argv[1:]
    folder, threads = Path(folder), int(threads)
    load = ENGINES[engine]()
    image = np.load(folder / "input.npy")
    print("started", flush=True)
    sys.stdin.readline()
    start = time.perf_counter_ns()
    predict, result = load(folder, image, threads)
    predict()
    print(time.perf_counter_ns() - start, flush=True)
    np.ascontiguousarray(result(), np.float32).tofile(output)
    for request in sys.stdin:
        print(*(timed(predict) for _ in range(int(request))), flush=True)


main()
