"""Writes torchvision-*.safetensors of this folder with torchvision (last with PyTorch 1.13, torchvision 0.14), in float64 on the CPU.

Runs each network without dropout, from weights and images that a formula gives (TorchvisionTests repeats it). Stores the logits of an
inference, the losses of 3 training steps (those of heads included), and samples of every gradient of the first step. After the last step
it stores samples of every weight and running statistic, and the logits of another inference. The same run in PyTorch's own float32 shows
the effect of rounding alone: its largest distance is stored too, and the tolerances of the tests are multiples of it.

    make_torchvision.py                     all networks of the table below
    make_torchvision.py NAME                one of them
    make_torchvision.py NAME SIDE RATE      any other network of torchvision or ../Torch/networks
"""
import importlib
import importlib.util
import math
import os
import sys

import numpy as np
import torch
import torchvision
from torch import nn

from formula import FOLDER, uniform, write

CLASSES, IMAGES, STEPS, MOMENTUM, DECAY, HEAD = 7, 4, 3, 0.9, 5e-4, 0.3
SAMPLES = 64


def start(name, stream, shape, is_norm):
    """Draws weights of a matrix or filter uniformly with the variance 2 / fan-in. Scales of norms are near 1, biases near 0, and biases of
    norms near 2. Then few of the millions of values that ReLU sees lie so close to 0 that rounding changes their sign, which would change
    gradients by much more than rounding."""
    count = math.prod(shape)
    if len(shape) > 1:
        return (np.float32(math.sqrt(6.0 / math.prod(shape[1:]))) * uniform(stream, count)).reshape(shape)
    return np.float32((1 if name.endswith(".weight") else 2) if is_norm else 0) + np.float32(0.125) * uniform(stream, count)


class GroupedAlexNet(nn.Module):
    """AlexNet of 2012: two groups, local response norm (PyTorch divides alpha by the size)."""

    def __init__(self, pixels):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 96, 11, 4, 2), nn.Conv2d(96, 256, 5, 1, 2, groups=2)
        self.conv3, self.conv4 = nn.Conv2d(256, 384, 3, 1, 1), nn.Conv2d(384, 384, 3, 1, 1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, 1, 1, groups=2)
        self.norm, self.pool = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0), nn.MaxPool2d(3, 2)
        self.fc6, self.fc7, self.fc8 = nn.Linear(256 * pixels, 4096), nn.Linear(4096, 4096), nn.Linear(4096, CLASSES)

    def forward(self, x):
        x = self.pool(self.norm(torch.relu(self.conv1(x))))
        x = self.pool(self.norm(torch.relu(self.conv2(x))))
        x = torch.relu(self.conv4(torch.relu(self.conv3(x))))
        x = self.pool(torch.relu(self.conv5(x))).flatten(1)
        return self.fc8(torch.relu(self.fc7(torch.relu(self.fc6(x)))))


def vision(name, **options):
    return lambda: getattr(torchvision.models, name)(weights=None, num_classes=CLASSES, **options)


# Constructor, side, learning rate. Sides are small enough to be quick, and large enough that the last batch norm sees several values of
# each channel. At the others' rate, vgg11_bn's losses would diverge. At any side some of googlenet's 13 max pools choose between values
# so close that rounding decides, and its gradients jump by a few thousandths. At this side PyTorch's own float32 jumps too.
NETWORKS = {
    "alexnet": (lambda: GroupedAlexNet(4), 95, 0.002),
    "alexnet-torchvision": (vision("alexnet"), 63, 0.002),
    "vgg11_bn": (vision("vgg11_bn"), 48, 1e-4),
    "vgg16": (vision("vgg16"), 32, 0.002),
    "googlenet-torchvision": (vision("googlenet", aux_logits=True, init_weights=False), 88, 0.002),
    "resnet18": (vision("resnet18"), 96, 0.002),
    "resnet50": (vision("resnet50"), 96, 0.002),
}


def sample(value):
    flat = value.detach().double().flatten()
    picked = min(SAMPLES, len(flat))
    return flat[[i * len(flat) // picked for i in range(picked)]]


def run(make, side, rate, dtype):
    torch.manual_seed(0)
    net = make()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    buffers = dict(net.named_buffers())
    with torch.no_grad():
        for stream, (name, value) in enumerate(sorted(net.named_parameters())):
            is_norm = name.rpartition(".")[0] + ".running_mean" in buffers
            value.copy_(torch.from_numpy(start(name, stream, tuple(value.shape), is_norm)))
    net = net.to(dtype)
    x = torch.from_numpy(uniform(1_000_000, IMAGES * 3 * side * side).reshape(IMAGES, 3, side, side)).to(dtype)
    labels = torch.tensor([3 * i % CLASSES for i in range(IMAGES)])
    result = {"logits.start": net.eval()(x).flatten().double()}
    net.train()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=MOMENTUM, weight_decay=DECAY)
    losses, gradients = [], {}
    for step in range(STEPS):
        optimizer.zero_grad()
        out = net(x)
        heads = [] if torch.is_tensor(out) else [out.aux_logits1, out.aux_logits2]
        loss = criterion(out if torch.is_tensor(out) else out.logits, labels)
        loss = loss + HEAD * sum(criterion(head, labels) for head in heads)
        losses.append(loss.item())
        loss.backward()
        if step == 0:
            gradients = {name: value.grad for name, value in net.named_parameters()}
            # Errors of a layer are relative to its largest gradient, because that of a bias before a norm is 0 apart from rounding.
            scale = {name: float(value.abs().max()) for name, value in gradients.items()}
            result |= {f"gradient.{name}": sample(value) for name, value in gradients.items()}
            layer = {name: name.rpartition(".")[0] for name in gradients}
            # If a norm follows a norm, all gradients of the first are rounding, so their scale is relative to the network's largest.
            least = 1e-4 * max(scale.values())
            for name in gradients:
                same = [value for other, value in scale.items() if layer[other] == layer[name]]
                result[f"scale.{name}"] = max([least] + same)
        optimizer.step()
    result["losses"] = torch.tensor(losses, dtype=torch.float64)
    state = {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    result |= {f"state.{name}": sample(value) for name, value in state.items()}
    result["logits.end"] = net.eval()(x).flatten().detach().double()
    return result


def distance(kind, exact, single):
    worst = 0.0
    for key in exact:
        if not key.startswith(kind):
            continue
        scale = exact["scale" + key[len("gradient"):]] if kind == "gradient" else float(exact[key].abs().max())
        worst = max(worst, float((exact[key] - single[key]).abs().max()) / scale)
    return worst


def other(name, side, rate):
    sys.path.insert(0, os.path.join(FOLDER, "..", "Torch"))
    module = name.replace("-", "_")
    here = importlib.util.find_spec(f"networks.{module}") is not None
    return (lambda: importlib.import_module(f"networks.{module}").make(CLASSES)) if here else vision(name), int(side), float(rate)


def main():
    chosen = {name: NETWORKS[name] for name in sys.argv[1:2]} if len(sys.argv) == 2 else NETWORKS
    if len(sys.argv) == 4:
        chosen = {sys.argv[1]: other(*sys.argv[1:])}
    for name, (make, side, rate) in chosen.items():
        exact, single = run(make, side, rate, torch.float64), run(make, side, rate, torch.float32)
        kinds = ("logits.start", "losses", "gradient", "state", "logits.end")
        off = {kind: distance(kind, exact, single) for kind in kinds}
        print(name, [f"{loss:.6f}" for loss in exact["losses"].tolist()], {kind: f"{value:.1e}" for kind, value in off.items()}, flush=True)
        scales = {key: value for key, value in exact.items() if key.startswith("scale.")}
        tensors = {key: value for key, value in exact.items() if key not in scales}
        tensors |= {key: torch.tensor(value) for key, value in scales.items()}
        distances = {f"float32.{kind}": repr(value) for kind, value in off.items()}
        write(f"torchvision-{name}", tensors, {"side": str(side), "rate": repr(rate)} | distances)


main()
