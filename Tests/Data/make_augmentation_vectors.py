"""Makes vectors/augmentations.safetensors with torchvision (0.14) and Pillow (9.4): the result of each augmentation of a picture.

torchvision draws from the product's random numbers (SplitMix64 over a counter, Data/RandomStream.cs): its transforms use a torch whose
random functions are replaced. So each transform's own choice of parameters is compared too, not only its arithmetic. A tensor's name is
"CHANNELS LIST SEED EPOCH IMAGE"; it holds the values in [0, 1] of an input of 16 rows and 12 columns, [C, H, W].
"""
import json
import math
import os
import struct
import types

import numpy
import torch
import torchvision.transforms.autoaugment as autoaugment
import torchvision.transforms.functional as F
import torchvision.transforms.transforms as transforms
from PIL import Image

FOLDER = os.path.dirname(os.path.abspath(__file__))
SOURCE_WIDTH, SOURCE_HEIGHT, WIDTH, HEIGHT = 61, 47, 12, 16
MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Stream:
    """RandomStream."""

    def __init__(self, seed, stream, index):
        key = mix((seed + GOLDEN) & MASK)
        key = mix((key + stream * 0xD1342543DE82EF95 + GOLDEN) & MASK)
        self.key, self.counter = mix((key + index * 0xDA942042E4DD58B5 + GOLDEN) & MASK), 0

    def word(self):
        self.counter += 1
        return mix((self.key + self.counter * GOLDEN) & MASK)

    def below(self, exclusive):
        return (self.word() * exclusive) >> 64

    def real(self, low=0.0, high=1.0):
        return low + (high - low) * ((self.word() >> 11) * (1.0 / 2**53))

    def flag(self):
        return self.word() >> 63 != 0

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.real()))
        return radius * math.cos(2 * math.pi * self.real())

    def shuffled(self, count):
        values = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.below(i + 1)
            values[i], values[j] = values[j], values[i]
        return values


class Drawn:
    """Replaces torch.empty(1) until it is drawn."""

    def __init__(self, value=None):
        self.value = value

    def uniform_(self, low, high):
        return Drawn(stream.real(float(low), float(high)))

    def item(self):
        return self.value

    def __float__(self):
        return self.value


def randint(*args, **options):
    low, high = (0, args[0]) if len(args) == 1 or isinstance(args[1], tuple) else args[:2]
    return torch.tensor([low + stream.below(high - low)])


class DrawnTorch(types.ModuleType):
    def __getattr__(self, name):
        return getattr(torch, name)


stream = None
fake = DrawnTorch("torch")
fake.empty = lambda *size, **options: Drawn()
fake.exp = lambda value: Drawn(math.exp(value.value)) if isinstance(value, Drawn) else torch.exp(value)
fake.randint = randint
fake.rand = lambda *size: torch.tensor([stream.real()], dtype=torch.float64)
fake.randperm = lambda count: torch.tensor(stream.shuffled(count))
# Limits of logarithms in float64.
fake.log = lambda value: torch.log(value.double())
fake.tensor = lambda data, **options: torch.tensor(data, **({"dtype": torch.float64} if isinstance(data, tuple) else options))
transforms.torch = fake
autoaugment.torch = fake


def source(channels):
    state, image = 7, numpy.zeros((SOURCE_HEIGHT, SOURCE_WIDTH, channels), numpy.uint8)
    for y in range(SOURCE_HEIGHT):
        for x in range(SOURCE_WIDTH):
            for c in range(channels):
                state = (1664525 * state + 1013904223) % 2**32
                image[y, x, c] = (4 * x + 3 * y * (c + 1) + (state >> 24) % 64) % 256
    return Image.fromarray(image if channels == 3 else image[:, :, 0])


def cover(image):
    """Scales until the input is covered, and takes the center; here the heights decide."""
    full = SOURCE_WIDTH * HEIGHT // SOURCE_HEIGHT
    left = round((full - WIDTH) / 2)
    return image.resize((full, HEIGHT), Image.BILINEAR).crop((left, 0, left + WIDTH, HEIGHT))


def pad_and_crop(padding):
    def apply(image):
        x, y = stream.below(2 * padding + 1) - padding, stream.below(2 * padding + 1) - padding
        return F.crop(F.pad(cover(image), padding), padding + y, padding + x, HEIGHT, WIDTH)
    return apply


def scale(low, high, square=False):
    def apply(image):
        side = low + stream.below(high - low + 1)
        image = transforms.Resize(side)(image)
        if square:
            image = transforms.CenterCrop(side)(image)
        x = stream.below(image.width - WIDTH + 1)
        return F.crop(image, stream.below(image.height - HEIGHT + 1), x, HEIGHT, WIDTH)
    return apply


def ten_crops(side):
    return lambda image: F.ten_crop(transforms.Resize(side)(image), (HEIGHT, WIDTH))[stream.below(10)]


def flip(image):
    return F.hflip(image) if stream.flag() else image


def lighting(deviation):
    spread = numpy.array([0.2175, 0.0188, 0.0045])
    components = numpy.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])

    def apply(values):
        shift = components @ (spread * deviation * numpy.array([stream.normal() for _ in range(3)]))
        if values.shape[0] == 1:
            shift = numpy.array([[0.299, 0.587, 0.114] @ shift])
        return values + torch.tensor(shift)[:, None, None]
    return apply


RRC = transforms.RandomResizedCrop((HEIGHT, WIDTH), (0.08, 1))
CROPS = [
    ("none", [cover]),
    ("flip", [cover, flip]),
    ("crop3,flip", [pad_and_crop(3), flip]),
    ("crop(0.08-1),flip", [RRC, flip]),
    ("crop(0.5-0.6,3-4)", [transforms.RandomResizedCrop((HEIGHT, WIDTH), (0.5, 0.6), (3, 4))]),
    ("crop(0.9-1,0.1-0.2)", [transforms.RandomResizedCrop((HEIGHT, WIDTH), (0.9, 1), (0.1, 0.2))]),
    ("scale(20),flip", [scale(20, 20), flip]),
    ("scale(20,square)", [scale(20, 20, True)]),
    ("scale(17-40)", [scale(17, 40)]),
    # For an input whose longer side has 16 pixels.
    ("scale(10-20/8)", [scale(20, 40)]),
    ("ten-crops(19)", [ten_crops(19)]),
]
PIXELS = [
    ("jitter(0.4)", transforms.ColorJitter(0.4, 0.4, 0.4)),
    ("jitter(0.9,0.9,0.9,0.5)", transforms.ColorJitter(0.9, 0.9, 0.9, 0.5)),
    ("jitter(0,2,0)", transforms.ColorJitter(0, 2, 0)),
    ("gray(0.5)", transforms.RandomGrayscale(0.5)),
    ("rotate(45)", transforms.RandomRotation(45)),
    ("rotate(180)", transforms.RandomRotation(180)),
    ("trivialaugment", autoaugment.TrivialAugmentWide()),
] + [(f"randaugment(3,{magnitude})", autoaugment.RandAugment(3, magnitude)) for magnitude in (0, 9, 30)]
VALUES = [("erase(0.7)", transforms.RandomErasing(0.7)), ("pca(0.1)", lighting(0.1)), ("pca(2)", lighting(2))]


def cases():
    for name, steps in CROPS:
        for image in range(6 if "," in name or "(" in name else 2):
            yield name, steps, image
    for name, step in PIXELS:
        for image in range(48 if name == "trivialaugment" else 16 if "rand" in name else 6):
            yield f"crop(0.08-1),flip,{name}", [RRC, flip, step], image
    for name, step in VALUES:
        for image in range(5):
            yield f"flip,{name}", [cover, flip, F.to_tensor, step], image
    yield "crop(0.08-1),flip,jitter(0.4),pca(0.1),erase(0.7)", [RRC, flip, PIXELS[0][1], F.to_tensor, VALUES[1][1], VALUES[0][1]], 3


def main():
    global stream
    header, data = {}, b""
    for channels in (3, 1):
        picture = source(channels)
        for name, steps, image in cases():
            if channels == 1 and image > 1:
                continue
            seed, epoch = 11, image % 3
            stream = Stream(seed, (1 << 62) + epoch, image)
            value = picture
            for step in steps:
                value = step(value)
            values = (value if isinstance(value, torch.Tensor) else F.to_tensor(value)).float().numpy()
            assert values.shape == (channels, HEIGHT, WIDTH), (name, values.shape)
            raw = values.astype("<f4").tobytes()
            header[f"{channels} {name} {seed} {epoch} {image}"] = {
                "dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, "vectors", "augmentations.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    print(len(header), "cases,", len(data), "bytes")


if __name__ == "__main__":
    main()
