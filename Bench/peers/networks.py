"""torchvision's networks on PyTorch's side, with the same initial weights as ours. Measures the fastest of its ordinary settings."""

import json
import statistics
import struct
from collections import OrderedDict

import torch
import torchvision
from torch import nn

HEAD_WEIGHT = 0.3
TRIALS = 3


def weights(path):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin).reshape(entry["shape"])
    return tensors


def without_dropout(module):
    for name, child in module.named_children():
        if isinstance(child, nn.Dropout):
            setattr(module, name, nn.Identity())
        else:
            without_dropout(child)


def bottleneck(classes):
    """Workloads/BottleneckBlock.cs, whose layers are named alike."""
    block = torchvision.models.resnet.Bottleneck(256, 64)
    return nn.Sequential(OrderedDict(
        stem=nn.Conv2d(64, 256, 1, bias=False), block=block, pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(),
        fc=nn.Linear(256, classes)))


class Net:
    """A network with its batch and, for training, its optimizer. The batch stays on the host if the device is another."""

    def __init__(self, request, device, images, labels, memory_format):
        name = request["model"].removesuffix("-torchvision")
        self.autocast = request["precision"] == "bf16"
        options = {"googlenet": {"aux_logits": True, "init_weights": False}, "vgg16": {"init_weights": False}}.get(name, {})
        self.model = bottleneck(request["classes"]) if name == "bottleneck" \
            else getattr(torchvision.models, name)(weights=None, **options)
        self.model.load_state_dict(weights(request["weights"]))
        without_dropout(self.model)
        self.model.train(request["training"]).to(device, memory_format=memory_format)
        self.images, self.labels = images.contiguous(memory_format=memory_format), labels
        self.device = device
        if device.type == "cuda":
            self.images, self.labels = self.images.pin_memory(), labels.pin_memory()
        if request["training"]:
            self.arguments = dict(lr=request["learning_rate"], momentum=request["momentum"], weight_decay=request["weight_decay"])
            self.optimizer = self.sgd(foreach=False)

    def sgd(self, **kind):
        return torch.optim.SGD(self.model.parameters(), **kind, **self.arguments)

    def batch(self):
        return self.images.to(self.device, non_blocking=True), self.labels.to(self.device, non_blocking=True)

    def losses(self):
        x, target = self.batch()
        with self.precision():
            out = self.model(x)
        if torch.is_tensor(out):
            return nn.functional.cross_entropy(out.float(), target)
        heads = sum(nn.functional.cross_entropy(head.float(), target) for head in (out.aux_logits1, out.aux_logits2))
        return nn.functional.cross_entropy(out.logits.float(), target) + HEAD_WEIGHT * heads

    def precision(self):
        """bfloat16 as PyTorch's users have it: autocast over weights of float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast)

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.losses()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def infer(self):
        with torch.inference_mode(), self.precision():
            return self.model(self.batch()[0])

    def first_results(self, request):
        """The losses of the first steps, or the logits of an inference."""
        if not request["training"]:
            return self.infer().float().flatten()
        return torch.stack([self.train().double() for _ in range(request["steps"])])


def prepare(request, device, images, labels, seconds_of):
    """Prepares the network in its fastest memory format, and with its fastest loop over tensors in SGD."""
    torch.set_grad_enabled(True)
    best = None
    for words, memory_format in (("contiguous", torch.contiguous_format), ("channels last", torch.channels_last)):
        net = Net(request, device, images, labels, memory_format)
        samples = net.first_results(request)[request["positions"]].tolist()
        run = net.train if request["training"] else net.infer
        seconds = statistics.median(seconds_of(run) for _ in range(TRIALS))
        if best is None or seconds < best[0]:
            best = seconds, words, net, run, samples
        del net, run
    seconds, words, net, run, samples = best
    if request["training"]:
        words += quickest_sgd(net, seconds_of)
    return run, {"samples": samples, "seconds": seconds, "setting": words}


def quickest_sgd(net, seconds_of):
    """Gives the network the fastest kind of SGD that this PyTorch has; returns its name."""
    best = None
    for kind in ("foreach", "fused", None):
        try:
            optimizer = net.sgd(**({"foreach": False} if kind is None else {kind: True}))
            optimizer.step()
        except (TypeError, RuntimeError):
            continue
        seconds = statistics.median(seconds_of(optimizer.step) for _ in range(TRIALS))
        if best is None or seconds < best[0]:
            best = seconds, kind, optimizer
    _, kind, net.optimizer = best
    return f", SGD with {kind}" if kind else ""
