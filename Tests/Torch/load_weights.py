"""Loads a GpuCnn weights file into the PyTorch model of the same name, by tensor names with none left over, and compares the logits.

    load_weights.py WEIGHTS EXPECTED    EXPECTED is a safetensors file with images and GpuCnn's logits

Prints the largest difference, relative to the largest logit.
"""
import importlib
import importlib.util
import json
import struct
import sys

import numpy
import torch
import torchvision

THEIR_NAMES = {"alexnet-torchvision": "alexnet", "googlenet-torchvision": "googlenet"}


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        assert entry["dtype"] == "F32"
        tensors[name] = torch.from_numpy(numpy.frombuffer(data[begin:end], "<f4").copy()).reshape(entry["shape"])
    return metadata, tensors


def make(name, classes):
    """The network of networks/NAME.py where there is one, else torchvision's."""
    here = importlib.util.find_spec(f"networks.{name.replace('-', '_')}")
    if here is not None:
        return importlib.import_module(here.name).make(classes)
    options = {"aux_logits": True, "init_weights": False} if "googlenet" in name else {}
    return getattr(torchvision.models, THEIR_NAMES.get(name, name))(weights=None, num_classes=classes, **options)


def main(weights, expected):
    metadata, tensors = read(weights)
    name, classes = metadata["model"], len(json.loads(metadata["classes"]))
    model = make(name, classes)
    model.load_state_dict(tensors, strict=True)
    _, golden = read(expected)
    with torch.no_grad():
        logits = model.eval()(golden["images"])
    print(float((logits - golden["logits"]).abs().max() / golden["logits"].abs().max()))


if __name__ == "__main__":
    main(*sys.argv[1:])
