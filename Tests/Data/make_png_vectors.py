#!/usr/bin/env python3
"""Writes the PNG files of vectors/ and expected.txt, the pixels they must decode to.

Run as: python3 make_png_vectors.py        (needs Pillow; written with 9.4)

Half of the files come from an encoder in this script, which shares nothing with the C# code and covers every color type, bit depth,
filter and interlacing; Pillow decodes each of them as a check of this encoder. The other half are written by Pillow itself.
Expected pixels are computed here from the samples: 16 bits rounded to 8, transparency composed over white.
resize.txt holds the results of Pillow's bilinear resize, for the scaler.
"""
import os
import random
import struct
import zlib

from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors")
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
expected = []


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(samples, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    bits = "".join(format(s, "0%db" % depth) for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def filtered(kind, row, above, bpp):
    out = bytearray([kind])
    for i, value in enumerate(row):
        a = row[i - bpp] if i >= bpp else 0
        b = above[i]
        c = above[i - bpp] if i >= bpp else 0
        out.append((value - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) % 256)
    return bytes(out)


def scanlines(pixels, width, height, color, depth, interlaced):
    bpp = max(1, SAMPLES[color] * depth // 8)
    raw = b""
    for x0, y0, dx, dy in (ADAM7 if interlaced else [(0, 0, 1, 1)]):
        columns, rows = range(x0, width, dx), range(y0, height, dy)
        if not columns:
            continue
        above = None
        for number, y in enumerate(rows):
            row = pack([s for x in columns for s in pixels[y * width + x]], depth)
            # Uses every filter in turn, starting with another one in each pass.
            raw += filtered((number + x0 + y0 + 4) % 5, row, above or bytes(len(row)), bpp)
            above = row
    return raw


def decoded(pixels, color, depth, palette, transparency):
    top = (1 << depth) - 1
    out = bytearray()
    for p in pixels:
        if color == 3:
            rgb = palette[p[0]]
            alpha = transparency[p[0]] if transparency and p[0] < len(transparency) else 255
            values, top_here = rgb, 255
        else:
            n = 1 if color in (0, 4) else 3
            values, top_here = p[:n], top
            alpha = p[n] if color in (4, 6) else 0 if transparency is not None and tuple(values) == tuple(transparency) else top
        for v in values:
            numerator = (v * alpha + top_here * (top_here - alpha)) * 255
            out.append((numerator + top_here * top_here // 2) // (top_here * top_here))
    return bytes(out)


def write(name, width, height, color, depth, interlaced=False, palette=None, transparency=None, parts=1, ancillary=False):
    rng = random.Random(name)
    top = len(palette) - 1 if palette else (1 << depth) - 1
    pixels = []
    for y in range(height):
        for x in range(width):
            # Smooth with some noise, so that filters matter. The color key appears often.
            smooth = [(x * 37 + y * 11 * (k + 1) + k * 29) * top // 900 % (top + 1) for k in range(SAMPLES[color])]
            pixels.append([rng.randint(0, top) if rng.random() < 0.2 else s for s in smooth])
            if transparency and color in (0, 2) and rng.random() < 0.3:
                pixels[-1] = list(transparency)
    data = zlib.compress(scanlines(pixels, width, height, color, depth, interlaced), 9)
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced)))
    if ancillary:
        out += chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"tEXt", b"Comment\0vector")
    if palette:
        out += chunk(b"PLTE", b"".join(bytes(c) for c in palette))
    if transparency is not None:
        out += chunk(b"tRNS", bytes(transparency) if color == 3 else b"".join(struct.pack(">H", v) for v in transparency))
    step = -(-len(data) // parts)
    for i in range(0, len(data), step):
        out += chunk(b"IDAT", data[i:i + step])
    out += chunk(b"IEND", b"")
    with open(os.path.join(HERE, name + ".png"), "wb") as f:
        f.write(out)
    pixels8 = decoded(pixels, color, depth, palette, transparency)
    channels = 1 if color in (0, 4) else 3
    expected.append((name, width, height, channels, pixels8))
    # Pillow keeps opaque images of up to 8 bits exactly, and must agree on them.
    image = Image.open(os.path.join(HERE, name + ".png"))
    image.load()
    if depth <= 8 and transparency is None and color in (0, 2, 3):
        assert image.convert("L" if channels == 1 else "RGB").tobytes() == pixels8, name


def by_pillow(name, image, channels):
    path = os.path.join(HERE, name + ".png")
    image.save(path, optimize=True)
    if image.mode in ("LA", "RGBA"):
        out = bytearray()
        for p in image.getdata():
            out += bytes((v * p[-1] + 255 * (255 - p[-1]) + 127) // 255 for v in p[:-1])
        pixels = bytes(out)
    elif image.mode.startswith("I"):
        pixels = bytes((v * 255 + 32767) // 65535 for v in image.getdata())
    else:
        pixels = image.convert("L" if channels == 1 else "RGB").tobytes()
    expected.append((name, image.width, image.height, channels, pixels))


def gradient(mode, width, height):
    rng = random.Random(mode)
    bands = len(mode) if mode in ("L", "LA", "RGB", "RGBA") else 1
    values = bytes((x * 9 + y * 5 + b * 60 + rng.randint(0, 20)) % 256 for y in range(height) for x in range(width) for b in range(bands))
    return Image.frombytes(mode, (width, height), values)


def main():
    os.makedirs(HERE, exist_ok=True)
    rng = random.Random(1)
    for color, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            palette = [tuple(rng.randint(0, 255) for _ in range(3)) for _ in range(min(1 << depth, 200))] if color == 3 else None
            for interlaced in (False, True):
                write("color%d-depth%d%s" % (color, depth, "-adam7" if interlaced else ""), 13, 11, color, depth, interlaced, palette)
    write("gray1-key", 9, 5, 0, 1, transparency=(1,))
    write("gray4-key", 9, 5, 0, 4, transparency=(7,))
    write("gray8-key", 9, 5, 0, 8, transparency=(100,))
    write("gray16-key-adam7", 9, 5, 0, 16, True, transparency=(300,))
    write("rgb8-key", 9, 5, 2, 8, transparency=(10, 200, 30))
    write("rgb16-key", 9, 5, 2, 16, transparency=(10, 20000, 30))
    palette = [(i * 16, 255 - i * 16, i * 5) for i in range(16)]
    write("palette4-alpha", 9, 5, 3, 4, palette=palette, transparency=[0, 255, 128, 64, 1])
    write("palette4-alpha-adam7", 9, 5, 3, 4, True, palette=palette, transparency=[0, 255, 128, 64, 1])
    write("many-idat", 20, 20, 2, 8, parts=17)
    write("ancillary", 7, 7, 2, 8, ancillary=True)
    for width, height in ((1, 1), (1, 8), (8, 1), (2, 3), (4, 4), (5, 2), (3, 9)):
        write("adam7-%dx%d" % (width, height), width, height, 2, 8, True)
        write("adam7-bits-%dx%d" % (width, height), width, height, 0, 1, True)

    by_pillow("pillow-1", gradient("L", 19, 6).convert("1"), 1)
    by_pillow("pillow-L", gradient("L", 17, 9), 1)
    by_pillow("pillow-LA", gradient("LA", 17, 9), 1)
    by_pillow("pillow-RGB", gradient("RGB", 17, 9), 3)
    by_pillow("pillow-RGBA", gradient("RGBA", 17, 9), 3)
    by_pillow("pillow-P", gradient("RGB", 17, 9).quantize(16), 3)
    by_pillow("pillow-I16", Image.frombytes("I;16", (11, 7), bytes(rng.randint(0, 255) for _ in range(154))), 1)

    with open(os.path.join(HERE, "expected.txt"), "w") as f:
        for name, width, height, channels, pixels in expected:
            f.write("%s %d %d %d %s\n" % (name, width, height, channels, pixels.hex()))

    with open(os.path.join(HERE, "resize.txt"), "w") as f:
        for name in ("pillow-L", "pillow-RGB"):
            image = Image.open(os.path.join(HERE, name + ".png"))
            for width, height in ((17, 9), (34, 18), (8, 4), (5, 9), (1, 1), (23, 3), (3, 23)):
                f.write("%s %d %d %s\n" % (name, width, height, image.resize((width, height), Image.BILINEAR).tobytes().hex()))
            f.write("%s gray - %s\n" % (name, image.convert("L").tobytes().hex()))


main()
