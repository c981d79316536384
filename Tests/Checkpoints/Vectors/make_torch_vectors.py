"""Makes torch-*.pth of this folder with PyTorch (made with 1.13): small state dicts in every form that torch.save gives them. Their numbers follow from formulas that TorchFileTests repeats."""
import os

import torch

FOLDER = os.path.dirname(os.path.abspath(__file__))
TYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


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
optimizer = {"state": {0: {"momentum_buffer": count(5)}}, "param_groups": [{"lr": 0.1, "params": [0, 1], "nesterov": False, "maximize": None}]}
checkpoint = {"epoch": 3, "best": 0.5, "state_dict": {"module." + key: value for key, value in module().state_dict().items()}, "optimizer": optimizer, "arch": "tiny"}
save("checkpoint", checkpoint)
save("checkpoint-old", checkpoint, _use_new_zipfile_serialization=False)
# As PyTorch's ImageNet example saves, whose best accuracy is a tensor beside the state dict; and of a model that was compiled besides.
state = {"module._orig_mod." + key: value for key, value in module().state_dict().items()}
save("compiled", {"epoch": 3, "arch": "tiny", "state_dict": state, "best_acc1": torch.tensor(0.5), "optimizer": optimizer})
save("two", {"model": module().state_dict(), "ema": module().state_dict()})
save("whole", torch.nn.Linear(2, 2))
