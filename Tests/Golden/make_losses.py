"""Writes losses.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

CrossEntropyLoss of 8 images and 12 classes with label smoothing, for images with one label (index targets) and with two (probability
targets): the images' losses, and the gradient of their mean.
"""
import torch
from torch import nn

from make_golden import numbers, write

IMAGES, CLASSES = 8, 12
SHARES = [1.0, 0.0, 0.5, 0.25, 0.875, 0.0625, 0.75, 0.375]


def main():
    values = numbers(IMAGES * CLASSES)
    logits = torch.tensor([(value % 256 - 128) / 16 for value in values], dtype=torch.float64).reshape(IMAGES, CLASSES)
    labels = torch.tensor([i * 5 % CLASSES for i in range(IMAGES)])
    others = torch.tensor([(i * 7 + 3) % CLASSES for i in range(IMAGES)])
    shares = torch.tensor(SHARES, dtype=torch.float64)
    one = nn.functional.one_hot
    mixed = shares[:, None] * one(labels, CLASSES) + (1 - shares[:, None]) * one(others, CLASSES)
    tensors = {"logits": logits, "labels": labels, "others": others, "shares": shares}
    for smoothing in (0.0, 0.1):
        for name, target in (("one", labels), ("mixed", mixed)):
            x = logits.clone().requires_grad_(True)
            nn.CrossEntropyLoss(label_smoothing=smoothing)(x, target).backward()
            tensors[f"{name}.{smoothing}.losses"] = nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")(logits, target)
            tensors[f"{name}.{smoothing}.gradient"] = x.grad
    write("losses", tensors)


if __name__ == "__main__":
    main()
