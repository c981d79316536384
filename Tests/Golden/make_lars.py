"""Writes lars.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

Runs five steps on a matrix of 6x8 and a vector of 8 that starts at zero. Each step scales a tensor's gradient as apex's LARC does without
clipping, and passes it to torch.optim.SGD. Writes the weights and velocities after the last step.
"""
import torch

from make_golden import numbers, write

STEPS, RATE, MOMENTUM, DECAY, TRUST = 5, 0.5, 0.9, 0.01, 0.02


def scale(parameter):
    weight, gradient = parameter.norm(), parameter.grad.norm()
    if weight == 0 or gradient == 0:
        return
    rate = TRUST * weight / (gradient + DECAY * weight + 1e-8)
    parameter.grad = (parameter.grad + DECAY * parameter) * rate


def main():
    values = [(value % 256 - 128) / 64 for value in numbers(48 + STEPS * 56)]
    start = torch.tensor(values[:48], dtype=torch.float64)
    gradients = torch.tensor(values[48:], dtype=torch.float64).reshape(STEPS, 56)
    matrix, vector = torch.nn.Parameter(start.clone()), torch.nn.Parameter(torch.zeros(8, dtype=torch.float64))
    optimizer = torch.optim.SGD([matrix, vector], lr=RATE, momentum=MOMENTUM)
    for step in range(STEPS):
        matrix.grad, vector.grad = gradients[step, :48].clone(), gradients[step, 48:].clone()
        with torch.no_grad():
            scale(matrix)
            scale(vector)
        optimizer.step()
    tensors = {"start": start, "gradients": gradients}
    for name, parameter in (("matrix", matrix), ("vector", vector)):
        tensors[name], tensors[f"{name}.velocity"] = parameter, optimizer.state[parameter]["momentum_buffer"]
    write("lars", tensors)


if __name__ == "__main__":
    main()
