"""Values from a formula that the tests repeat, and the files that they are compared with."""
import json
import os
import struct

import numpy as np

FOLDER = os.path.dirname(os.path.abspath(__file__))


def mix(value):
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def uniform(stream, count):
    """Draws from [-1, 1), multiples of 2^-23, which are exact in float32."""
    with np.errstate(over="ignore"):
        key = mix(mix(np.uint64(1)) ^ np.uint64(stream))
        bits = mix(key ^ mix(np.arange(count, dtype=np.uint64)))
    return (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def write(name, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for key, tensor in tensors.items():
        raw = tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()
        header[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, name + ".safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
