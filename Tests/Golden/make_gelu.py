"""Writes gelu.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

It holds GELU and its derivative, exact and by tanh.
"""
import torch
from torch import nn

from make_golden import write


def main():
    x = torch.arange(-64, 65, dtype=torch.float64) / 8
    tensors = {"x": x}
    for approximate in ("none", "tanh"):
        input = x.clone().requires_grad_(True)
        y = nn.GELU(approximate=approximate)(input)
        y.sum().backward()
        tensors[approximate] = y
        tensors[approximate + ".derivative"] = input.grad
    write("gelu", tensors)


if __name__ == "__main__":
    main()
