"""Writes Vectors/floats.safetensors and Vectors/floats.txt: an implementation of the format that shares no code with GpuCnn's.

floats.txt holds one line per float tensor: name, dimensions, and the expected float32 values as hexadecimal bit patterns.
F16 and BF16 values are PyTorch's where it is installed, checked here against struct's; both must agree.
Run: python3 Tests/Checkpoints/make_safetensors_vectors.py
"""
import json
import os
import struct

SPECIAL = [0.0, -0.0, 1.0, -2.5, 1 / 3, 65504.0, 6e-8, 6.1e-5, 1e-40, float("inf"), float("-inf"), float("nan")]


def bits(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def f16(value):
    return struct.pack("<e", value)


def bf16(value):
    """Round to nearest, ties to even; NaN stays NaN."""
    b = bits(value)
    return struct.pack("<H", 0x7FC0 if value != value else (b + 0x7FFF + (b >> 16 & 1)) >> 16)


def widen(kind, data):
    if kind == "F16":
        return [bits(v) for v in struct.unpack(f"<{len(data) // 2}e", data)]
    if kind == "BF16":
        return [h << 16 for h in struct.unpack(f"<{len(data) // 2}H", data)]
    if kind == "F64":
        return [bits(v) for v in struct.unpack(f"<{len(data) // 8}d", data)]
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def check_with_torch(kind, values, data):
    try:
        import torch
    except ImportError:
        return
    dtype = {"F16": torch.float16, "BF16": torch.bfloat16}.get(kind)
    if dtype is None:
        return
    narrow = torch.tensor(values, dtype=torch.float32).to(dtype)
    torch_bits = [b & 0xFFFFFFFF for b in narrow.float().view(torch.int32).tolist()]
    for value, a, b in zip(values, torch_bits, widen(kind, data)):
        assert a == b or value != value, (kind, value, hex(a), hex(b))


def main():
    pack = {"F32": lambda v: struct.pack("<f", v), "F64": lambda v: struct.pack("<d", v), "F16": f16, "BF16": bf16}
    tensors = [("special." + k.lower(), k, [3, 4], SPECIAL) for k in pack]
    tensors += [("scalar", "F32", [], [42.5]), ("empty", "F32", [2, 0, 3], []), ("Größe.重み", "BF16", [2], [0.1, -7.0]),
                ("beyond", "F64", [3], [1e300, -1e300, 16777217.0])]
    header, data, expected = {"__metadata__": {"format": "pt", "note": "quote \" newline \n ü 😀"}}, b"", []
    for name, kind, shape, values in tensors:
        packed = b"".join(pack[kind](v) for v in values) if name != "beyond" else struct.pack("<3d", *values)
        check_with_torch(kind, values, packed)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
        if name != "beyond":
            expected.append((name, shape, widen(kind, packed)))
    # To nearest: beyond the largest float32 is infinity, a tie goes to the even neighbour.
    expected.append(("beyond", [3], [0x7F800000, 0xFF800000, 0x4B800000]))
    for name, kind, packed in [("count", "I64", struct.pack("<q", -5)), ("mask", "BOOL", b"\1\0\1")]:
        shape = [] if name == "count" else [3]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()  # escapes what is not ASCII, unlike GpuCnn's writer
    text += b" " * (-len(text) % 8)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Vectors")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "floats.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(os.path.join(folder, "floats.txt"), "w", encoding="utf-8", newline="\n") as file:
        for name, shape, values in expected:
            file.write(f"{name}|{','.join(map(str, shape))}|{','.join(f'{v:08x}' for v in values)}\n")


main()
