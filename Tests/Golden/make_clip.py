"""Writes clip.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

Clips the gradients of a matrix of 6x8 and a vector of 8 together with torch.nn.utils.clip_grad_norm_, at limits below and above their norm.
Writes the gradients before and after, and the limits.
"""
import torch

from make_golden import numbers, write

LIMITS = [0.25, 2.0, 7.5, 1000.0]


def main():
    values = [(value % 256 - 128) / 64 for value in numbers(56)]
    gradients = torch.tensor(values, dtype=torch.float64)
    clipped = []
    for limit in LIMITS:
        matrix = torch.nn.Parameter(torch.zeros(6, 8, dtype=torch.float64))
        vector = torch.nn.Parameter(torch.zeros(8, dtype=torch.float64))
        matrix.grad, vector.grad = gradients[:48].reshape(6, 8).clone(), gradients[48:].clone()
        torch.nn.utils.clip_grad_norm_([matrix, vector], limit)
        clipped.append(torch.cat([matrix.grad.flatten(), vector.grad]))
    write("clip", {"gradients": gradients, "limits": torch.tensor(LIMITS, dtype=torch.float64), "clipped": torch.stack(clipped)})


if __name__ == "__main__":
    main()
