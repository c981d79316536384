"""Writes class-weights.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

CrossEntropyLoss with a weight for each class, of 8 images and 12 classes, with label smoothing, for images with one label (index targets)
and with two (probability targets): the images' losses, the gradient of their sum, and for index targets the mean, which PyTorch divides by
the sum of the labels' weights.
"""
import torch
from torch import nn

from make_golden import numbers, write
from make_losses import CLASSES, IMAGES, SHARES


def main():
    values = numbers(IMAGES * CLASSES)
    logits = torch.tensor([(value % 256 - 128) / 16 for value in values], dtype=torch.float64).reshape(IMAGES, CLASSES)
    labels = torch.tensor([i * 5 % CLASSES for i in range(IMAGES)])
    others = torch.tensor([(i * 7 + 3) % CLASSES for i in range(IMAGES)])
    shares = torch.tensor(SHARES, dtype=torch.float64)
    weights = torch.tensor([(k * 3 % 7) / 4 + (k % 2) / 8 for k in range(CLASSES)], dtype=torch.float64)
    one = nn.functional.one_hot
    mixed = shares[:, None] * one(labels, CLASSES) + (1 - shares[:, None]) * one(others, CLASSES)
    tensors = {"logits": logits, "labels": labels, "others": others, "shares": shares, "weights": weights}
    for smoothing in (0.0, 0.1):
        for name, target in (("one", labels), ("mixed", mixed)):
            def loss(reduction):
                return nn.CrossEntropyLoss(weight=weights, label_smoothing=smoothing, reduction=reduction)
            x = logits.clone().requires_grad_(True)
            loss("sum")(x, target).backward()
            tensors[f"{name}.{smoothing}.losses"], tensors[f"{name}.{smoothing}.gradient"] = loss("none")(logits, target), x.grad
        tensors[f"one.{smoothing}.mean"] = loss("mean")(logits, labels).reshape(1)
    write("class-weights", tensors)


if __name__ == "__main__":
    main()
