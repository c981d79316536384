"""Makes torch-*.pth of this folder with PyTorch (made with 1.13): small state dicts in every form that torch.save gives them.
Their numbers follow from formulas that TorchFileTests repeats."""
import argparse
import collections
import datetime
import os
import pathlib

import numpy
import torch

FOLDER = os.path.dirname(os.path.abspath(__file__))
TYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
         torch.bool]


def save(name, value, **options):
    torch.save(value, os.path.join(FOLDER, f"torch-{name}.pth"), **options)


def count(*shape, dtype=torch.float32):
    total = 1
    for size in shape:
        total *= size
    return torch.arange(total, dtype=dtype).reshape(shape) / 4


def module():
    result = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3), torch.nn.Linear(3, 2))
    with torch.no_grad():
        for value in result.state_dict().values():
            value.copy_(count(*value.shape))
    return result


views = {
    "plain": count(2, 3),
    "turned": count(3, 2).t(),
    "last": count(2, 3, 2, 2).contiguous(memory_format=torch.channels_last),
    "middle": count(10)[3:8],
    "every second": count(10)[1::2],
    "scalar": torch.tensor(2.5),
    "none": torch.zeros(0, 3),
    "parameter": torch.nn.Parameter(count(3)),
}
shared = count(6)
views["first half"], views["second half"] = shared[:3], shared[3:]

save("module", module().state_dict())
save("module-old", module().state_dict(), _use_new_zipfile_serialization=False)
save("views", views)
save("views-old", views, _use_new_zipfile_serialization=False)
save("types", {str(t): torch.tensor([0, 1, 3, 100]).to(t) for t in TYPES})
optimizer = {"state": {0: {"momentum_buffer": count(5)}},
             "param_groups": [{"lr": 0.1, "params": [0, 1], "nesterov": False, "maximize": None}]}
checkpoint = {"epoch": 3, "best": 0.5, "state_dict": {"module." + key: value for key, value in module().state_dict().items()},
              "optimizer": optimizer, "arch": "tiny"}
save("checkpoint", checkpoint)
save("checkpoint-old", checkpoint, _use_new_zipfile_serialization=False)
# As PyTorch's ImageNet example saves, whose best accuracy is a tensor beside the state dict; and of a model that was compiled besides.
state = {"module._orig_mod." + key: value for key, value in module().state_dict().items()}
save("compiled", {"epoch": 3, "arch": "tiny", "state_dict": state, "best_acc1": torch.tensor(0.5), "optimizer": optimizer})
save("two", {"model": module().state_dict(), "ema": module().state_dict()})
save("whole", torch.nn.Linear(2, 2))


class Unknown:
    """A class that a reader cannot have."""

    def __init__(self):
        self.inside = {"weights": count(4), "list": [1, 2]}


# What training scripts save beside the weights, before and after them.
beside = {
    "args": argparse.Namespace(lr=0.1, model="tiny", milestones=[30, 60], device=torch.device("cpu")),
    "lr_scheduler": {"milestones": collections.Counter({30: 1, 60: 1}), "gamma": 0.1, "losses": collections.defaultdict(list, {0: [1.0]})},
    "best": numpy.float64(0.5),
    "step": numpy.int64(3),
    "matrix": numpy.zeros((90, 100)),
    "device": torch.device("cpu"),
    "shape": torch.Size([3, 32, 32]),
    "dtype": torch.float32,
    "classes": {"red", "green"},
    "frozen": frozenset([1, 2]),
    "bytes": b"\x00\xff",
    "seed": 2**80 + 1,
    "huge": 1 << 4000,
    "function": torch.nn.functional.relu,
    "log": "x" * 70000,
    "when": datetime.datetime(2024, 5, 2, 12, 0, 0),
    "path": pathlib.PurePosixPath("runs/1"),
    "complex": 1 + 2j,
    "slice": slice(1, 2),
    "ellipsis": ...,
    "accuracy": torch.tensor(0.5),
    "optimizer": optimizer,
}
script = {**beside, "state_dict": module().state_dict(), **{f"{key} after": value for key, value in beside.items()}}
save("script", script)
save("script-old", script, _use_new_zipfile_serialization=False)
save("unknown", {"hook": Unknown(), "state_dict": module().state_dict(), "again": Unknown()})
save("inside", {"state_dict": {**module().state_dict(), "extra": Unknown(), "epoch": 3, "2.scale": None}})
averaged = torch.optim.swa_utils.AveragedModel(module())
save("averaged", averaged.state_dict())
save("model-and-ema", {"model_ema": averaged.state_dict(),
                       "model": {key: -value for key, value in module().state_dict().items()}, "epoch": 3})
save("nested", {"epoch": 3, "ema": {"decay": 0.999, "model": module().state_dict()}})
save("pair", {"generator": module().state_dict(), "discriminator": {key: -value for key, value in module().state_dict().items()}})
parallel = {"features.module." + key: value for key, value in module().state_dict().items()}
save("parallel-inside", {**parallel, "fc._orig_mod.weight": count(2, 3), "total_ops": count(1), "features.module.0.total_params": count(1)})
save("expanded", {"all": count(1).add(1).expand(6), "rows": count(3).expand(2, 3), "columns": count(2, 1).expand(2, 3),
                  "zero stride": count(1, 1, 1).expand(1, 4, 2)})
