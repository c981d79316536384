"""Writes silu.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU: SiLU and its derivative."""
import torch
from torch import nn

from make_golden import write


def main():
    x = torch.arange(-64, 65, dtype=torch.float64) / 4
    input = x.clone().requires_grad_(True)
    y = nn.SiLU()(input)
    y.sum().backward()
    write("silu", {"x": x, "y": y, "derivative": input.grad})


if __name__ == "__main__":
    main()
