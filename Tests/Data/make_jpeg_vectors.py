#!/usr/bin/env python3
"""Writes vectors/jpeg.zip: small JPEGs by cjpeg (libjpeg-turbo), and expected.txt with the hashes of the pixels that Pillow decodes.

Needs Pillow and cjpeg (Debian: python3-pil libjpeg-turbo-progs). The shipped file was made with libjpeg-turbo 2.1.5 and Pillow 9.4.
Samples of data sets, which are not shipped, are hashed into vectors/jpeg-sample.txt:
    make_jpeg_vectors.py [FOLDER_OF_JPEGS]
"""
import hashlib
import io
import os
import random
import subprocess
import sys
import zipfile

from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors")
SAMPLINGS = {"444": "1x1", "422": "2x1", "420": "2x2", "440": "1x2", "411": "4x1", "410": "4x2", "mixed": "2x2,2x1,1x2", "441": "1x4"}
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 18, 23, 24, 31, 32, 33, 34, 40, 47, 49, 63, 64, 65, 90]


def picture(width, height, rng):
    """Shades, edges and a little noise, so that all coefficients occur."""
    kind, slope = rng.randrange(3), [rng.uniform(-9, 9) for _ in range(6)]
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(3):
                v = 128 + slope[c] * (x - width / 2) * 20 / width + slope[c + 3] * (y - height / 2) * 20 / height
                if kind == 1 and (x // 5 + y // 3 + c) % 3 == 0:
                    v = 255 - v
                if kind == 2 or c == 1:
                    v += rng.randrange(-40, 40)
                data.append(max(0, min(255, int(v))))
    return bytes(data)


def hashed(image):
    return f"{image.width} {image.height} {len(image.getbands())} {hashlib.sha256(image.tobytes()).hexdigest()}"


def decoded(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def main():
    rng = random.Random(7)
    expected = []
    with zipfile.ZipFile(os.path.join(HERE, "jpeg.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        def add(name, width, height, *options, gray=False):
            data = picture(width, height, rng)
            source = Image.frombytes("RGB", (width, height), data)
            buffer = io.BytesIO()
            (source.convert("L") if gray else source).save(buffer, "PPM")
            file = subprocess.run(["cjpeg", *options], input=buffer.getvalue(), capture_output=True, check=True).stdout
            archive.writestr(zipfile.ZipInfo(name + ".jpg", (2026, 1, 1, 0, 0, 0)), file)
            expected.append(f"{name}.jpg {hashed(decoded(file))}")

        for label, sampling in SAMPLINGS.items():
            for index in range(18):
                width, height = rng.choice(SIZES), rng.choice(SIZES)
                if index == 0:
                    width, height = 1, 1
                if index == 1:
                    width, height = 90, 90
                options = ["-quality", str(rng.choice([5, 25, 50, 75, 90, 95, 100])), "-sample", sampling]
                if index % 3 == 2:
                    options += ["-restart", f"{rng.randrange(1, 6)}B"]
                if index % 4 == 3:
                    options += ["-optimize"]
                add(f"{label}-{index}-{width}x{height}", width, height, *options)
        for index in range(12):
            width, height = rng.choice(SIZES), rng.choice(SIZES)
            add(f"gray-{index}-{width}x{height}", width, height, "-quality", str(rng.choice([10, 50, 90])), gray=True)
        add("gray-2x2-33x33", 33, 33, "-sample", "2x2", "-restart", "3B", gray=True)
        add("rgb-33x20", 33, 20, "-rgb")
        # The tables of quality 1 need 16 bits.
        add("quality1-40x40", 40, 40, "-quality", "1")
        archive.writestr(zipfile.ZipInfo("expected.txt", (2026, 1, 1, 0, 0, 0)), "\n".join(expected) + "\n")
    print(len(expected), "files,", os.path.getsize(os.path.join(HERE, "jpeg.zip")), "bytes")

    if len(sys.argv) > 1:
        root, lines = sys.argv[1], []
        for folder, _, files in sorted(os.walk(root)):
            for file in sorted(files):
                with open(os.path.join(folder, file), "rb") as stream:
                    lines.append(f"{os.path.relpath(os.path.join(folder, file), root)} {hashed(decoded(stream.read()))}")
        with open(os.path.join(HERE, "jpeg-sample.txt"), "w", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")
        print(len(lines), "files of", root)


main()
