"""Trains or evaluates the paper's CIFAR ResNet-20 (shortcuts without parameters) in PyTorch, on class folders of PNG files.

    cifar_resnet.py train DATA CLASSES MEAN STD STEPS FOLDER    trains on DATA/train and writes FOLDER/checkpoint.pth, like training
                                                                scripts that wrap their model for several GPUs
    cifar_resnet.py evaluate DATA WEIGHTS                       loads a GpuCnn weights file by name, with no tensor left over

CLASSES, MEAN and STD are lists separated by commas. The order of the classes is that of the outputs. Both commands print JSON for the
images of DATA/val: the accuracy, and the logits of each file.
"""
import json
import os
import sys

import numpy
import PIL.Image
import torch
from torch import nn

from load_weights import read

SIDE, BATCH, RATE = 32, 32, 0.05


class Block(nn.Module):
    def __init__(self, before, filters, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters)
        self.conv2, self.bn2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters)
        self.stride, self.added = stride, filters - before

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        # Option A: every second pixel, with zeros for the added channels, half of them on either side.
        shortcut = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added // 2))
        return torch.relu(y + shortcut)


class CifarResNet(nn.Module):
    """Uses the parameter names of common implementations. Some call the last layer linear, some fc."""

    def __init__(self, num_classes, last, blocks=3):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        for stage, (before, filters) in enumerate([(16, 16), (16, 32), (32, 64)], start=1):
            rows = [Block(before if i == 0 else filters, filters, 2 if i == 0 and stage > 1 else 1) for i in range(blocks)]
            setattr(self, f"layer{stage}", nn.Sequential(*rows))
        setattr(self, last, nn.Linear(64, num_classes))
        self.last = last

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return getattr(self, self.last)(x.mean((2, 3)))


def load(folder, classes, mean, std):
    """Returns files, images and labels of a split."""
    paths = [os.path.join(folder, name, file) for name in classes for file in sorted(os.listdir(os.path.join(folder, name)))]
    pixels = [numpy.array(PIL.Image.open(path).convert("RGB").resize((SIDE, SIDE), PIL.Image.BILINEAR)) for path in paths]
    x = torch.from_numpy(numpy.stack(pixels)).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(mean).reshape(3, 1, 1)) / torch.tensor(std).reshape(3, 1, 1)
    return paths, x, torch.tensor([classes.index(os.path.basename(os.path.dirname(path))) for path in paths])


def report(model, data, classes, mean, std):
    paths, x, labels = load(os.path.join(data, "val"), classes, mean, std)
    with torch.no_grad():
        logits = torch.cat([model.eval()(part) for part in x.split(100)])
    print(json.dumps({"top1": float((logits.argmax(1) == labels).double().mean()), "logits": dict(zip(paths, logits.tolist()))}))


def train(data, classes, mean, std, steps, folder):
    torch.manual_seed(1)
    classes, mean, std = classes.split(","), [float(value) for value in mean.split(",")], [float(value) for value in std.split(",")]
    model = nn.DataParallel(CifarResNet(len(classes), last="linear"))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    _, x, labels = load(os.path.join(data, "train"), classes, mean, std)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, int(steps))
    for _ in range(int(steps)):
        picked = torch.randint(len(x), (BATCH,))
        loss = nn.functional.cross_entropy(model.train()(x[picked]), labels[picked])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    # PyTorch's ImageNet example saves these entries, and so do most scripts derived from it. The best accuracy is a tensor.
    checkpoint = {
        "epoch": 1, "arch": "resnet20", "state_dict": model.state_dict(), "best_acc1": torch.tensor(0.0),
        "optimizer": optimizer.state_dict(), "scheduler": schedule.state_dict(),
    }
    torch.save(checkpoint, os.path.join(folder, "checkpoint.pth"))
    report(model, data, classes, mean, std)


def evaluate(data, weights):
    metadata, tensors = read(weights)
    classes, mean, std = (json.loads(metadata[key]) for key in ("classes", "mean", "std"))
    model = CifarResNet(len(classes), last="fc")
    model.load_state_dict(tensors, strict=True)
    report(model, data, classes, mean, std)


if __name__ == "__main__":
    {"train": train, "evaluate": evaluate}[sys.argv[1]](*sys.argv[2:])
