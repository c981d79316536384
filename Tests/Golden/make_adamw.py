"""Writes adamw.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

Runs five steps of torch.optim.AdamW on 48 weights, with gradients that a formula gives, for two settings. Writes the weights and both
averages after the last step.
"""
import torch

from make_golden import numbers, write

COUNT, STEPS = 48, 5


def main():
    values = [(value % 256 - 128) / 64 for value in numbers(COUNT * (STEPS + 1))]
    start = torch.tensor(values[:COUNT], dtype=torch.float64)
    gradients = torch.tensor(values[COUNT:], dtype=torch.float64).reshape(STEPS, COUNT)
    tensors = {"start": start, "gradients": gradients}
    for name, options in (("default", {}), ("other", {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1})):
        weights = start.clone().requires_grad_(True)
        optimizer = torch.optim.AdamW([weights], lr=0.1, **options)
        for step in range(STEPS):
            weights.grad = gradients[step].clone()
            optimizer.step()
        state = optimizer.state[weights]
        tensors[f"{name}.weights"] = weights
        tensors[f"{name}.exp_avg"], tensors[f"{name}.exp_avg_sq"] = state["exp_avg"], state["exp_avg_sq"]
    write("adamw", tensors)


if __name__ == "__main__":
    main()
