"""Writes pytorch.safetensors and keras.safetensors, what PyTorch and Keras compute for every layer, and
training.safetensors, what PyTorch makes of networks in training.

Usage: pip install -r requirements.txt && python generate.py
"""
import os
import pathlib

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")

import keras_cases
import torch_networks
import torch_pointwise
import torch_record
import torch_spatial
import torch_training

HERE = pathlib.Path(__file__).parent

if __name__ == "__main__":
    torch_spatial.record()
    torch_pointwise.record()
    torch_networks.record()
    torch_record.RECORDER.save(HERE / "pytorch.safetensors")
    torch_training.record()
    torch_training.RECORDER.save(HERE / "training.safetensors")
    keras_cases.record()
    keras_cases.RECORDER.save(HERE / "keras.safetensors")
