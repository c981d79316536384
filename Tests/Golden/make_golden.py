"""Writes lenet-*.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

Trains LeNet-5 (1x32x32, 10 classes) from the weights of lenet-start.safetensors on one batch of 16 images, which a formula gives.
For each recipe it writes the losses of 10 steps, the gradients of the first step, and the weights after the last. It prints the
distance of PyTorch's own float32 from its float64. The tolerances of GoldenTests are multiples of that distance.
"""
import json
import os
import struct

import torch
from torch import nn

FOLDER = os.path.dirname(os.path.abspath(__file__))
IMAGES, STEPS, RATE, MOMENTUM, DECAY = 16, 10, 0.05, 0.9, 5e-4


def write(name, tensors):
    header, data = {}, b""
    for key, tensor in tensors.items():
        raw = tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()
        header[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, name + ".safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def numbers(count):
    """Generates the upper half of a 32-bit linear congruential generator: s = 1664525 s + 1013904223, from s = 1."""
    state, values = 1, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values.append(state >> 16)
    return values


def batch(dtype):
    values = numbers(IMAGES * 1024 + IMAGES)
    pixels = [(value % 256 - 128) / 64 for value in values[: IMAGES * 1024]]
    labels = [value % 10 for value in values[IMAGES * 1024:]]
    return torch.tensor(pixels, dtype=dtype).reshape(IMAGES, 1, 32, 32), torch.tensor(labels)


class LeNet(nn.Module):
    def __init__(self, activation, pool):
        super().__init__()
        self.activation, self.pool = activation, pool
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(self.activation(self.conv1(x)))
        x = self.pool(self.activation(self.conv2(x)))
        x = self.activation(self.fc1(x.flatten(1)))
        return self.fc3(self.activation(self.fc2(x)))


def train(start, dtype, activation, pool, nesterov, smoothing):
    net = LeNet(activation, pool)
    net.load_state_dict(start)
    net = net.to(dtype)
    x, labels = batch(dtype)
    criterion = nn.CrossEntropyLoss(label_smoothing=smoothing)
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY, nesterov=nesterov)
    losses, gradients = [], {}
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = criterion(net(x), labels)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            gradients = {f"gradient.{name}": value.grad.clone() for name, value in net.named_parameters()}
        optimizer.step()
    weights = {f"weights.{name}": value for name, value in net.named_parameters()}
    return {"losses": torch.tensor(losses, dtype=dtype), **gradients, **weights}


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    start = LeNet(None, None).state_dict()
    write("lenet-start", start)
    for name, *recipe in [
        ("lenet-relu-max", torch.relu, nn.MaxPool2d(2, 2), False, 0.0),
        ("lenet-relu-max-nesterov-smoothing", torch.relu, nn.MaxPool2d(2, 2), True, 0.1),
        ("lenet-tanh-average", torch.tanh, nn.AvgPool2d(2, 2), False, 0.0),
    ]:
        exact, single = train(start, torch.float64, *recipe), train(start, torch.float32, *recipe)
        write(name, exact)
        off = {kind: max(float((exact[key] - single[key]).abs().max() / exact[key].abs().max()) for key in exact if key.startswith(kind))
               for kind in ("losses", "gradient", "weights")}
        print(name, exact["losses"].tolist()[0], exact["losses"].tolist()[-1], off)


if __name__ == "__main__":
    main()
