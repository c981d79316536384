#!/usr/bin/env python3
"""Writes vectors/resample.txt: hashes of the results of torchvision's transforms of the pictures in jpeg.zip.

A line is: file, interpolation, crop x y w h (or, for a center crop, the size of the scaled shorter side), output width and height,
flip, hash of the bytes [H, W, 3], hash of the float32 [3, H, W] after ToTensor and Normalize with ImageNet's numbers.
The same for a folder of JPEGs, which is not shipped, goes to vectors/resample-sample.txt:
    make_resample_vectors.py [FOLDER_OF_JPEGS]
Needs python3-torch python3-torchvision (Debian); the shipped files were made with torchvision 0.14.1, Pillow 9.4.
"""
import hashlib
import io
import os
import random
import sys
import zipfile

import numpy
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional as F
from torchvision.transforms.functional import InterpolationMode

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors")
NORMALIZE = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
MODES = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}


def hashed(data):
    return hashlib.sha256(data).hexdigest()[:32]


def line(name, image, mode, rng, width, height):
    image = image.convert("RGB")
    flip = rng.random() < 0.5
    if rng.random() < 0.25 and min(image.size) >= 8:
        small = max(width, height) * 8 // 7
        made = F.center_crop(F.resize(image, small, MODES[mode]), (height, width))
        where = f"centre {small} 0 0"
    else:
        w, h = rng.randrange(1, image.width + 1), rng.randrange(1, image.height + 1)
        x, y = rng.randrange(image.width - w + 1), rng.randrange(image.height - h + 1)
        made = F.resized_crop(image, y, x, h, w, (height, width), MODES[mode])
        where = f"{x} {y} {w} {h}"
    if flip:
        made = F.hflip(made)
    floats = NORMALIZE(made).numpy()
    assert floats.dtype == numpy.float32
    return f"{name} {mode} {where} {width} {height} {int(flip)} {hashed(made.tobytes())} {hashed(floats.tobytes())}"


def write(name, lines):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    print(name, len(lines))


def main():
    rng = random.Random(11)
    lines = []
    with zipfile.ZipFile(os.path.join(HERE, "jpeg.zip")) as archive:
        for index, name in enumerate(n for n in archive.namelist() if n.endswith(".jpg")):
            image = Image.open(io.BytesIO(archive.read(name)))
            for mode in MODES:
                size = (224, 224) if index % 4 == 0 else (rng.randrange(1, 70), rng.randrange(1, 70))
                lines.append(line(name, image, mode, rng, *size))
    write("resample.txt", lines)
    if len(sys.argv) > 1:
        root, lines = sys.argv[1], []
        for folder, _, files in sorted(os.walk(root)):
            for file in sorted(files):
                path = os.path.join(folder, file)
                lines.append(line(os.path.relpath(path, root), Image.open(path), "bilinear", rng, 224, 224))
        write("resample-sample.txt", lines)


main()
