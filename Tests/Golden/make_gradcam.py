"""Writes gradcam-*.safetensors of this folder with torchvision (last with PyTorch 1.13, torchvision 0.14), in float64 on the CPU.

Stores the maps of Grad-CAM (Selvaraju et al., 2017) as PyTorch's autograd gives them: the gradient of a class's logit with respect to the
output of a layer, its mean over each map, the weighted sum of the maps, and ReLU. Networks infer (model.eval()). Weights, running
statistics and images come from a formula that GradCamTests repeats.
"""
import math

import numpy as np
import torch
import torchvision

from formula import uniform, write

CLASSES, IMAGES = 7, 2

# Name in this project: torchvision's, side, layers as torchvision names them and as this project does.
NETWORKS = {
    "resnet18": ("resnet18", 64, [("layer4", "layer4.1.relu"), ("layer2", "layer2.1.relu")]),
    "squeezenet1_1": ("squeezenet1_1", 64, [("classifier.2", "classifier.2"), ("features.12", "features.12.concat")]),
    "googlenet-torchvision": ("googlenet", 64, [("inception5b", "inception5b.concat")]),
    "alexnet-torchvision": ("alexnet", 64, [("features.11", "features.11"), ("features.6", "features.6")]),
}


def start(name, stream, shape, is_norm):
    """Matrices and filters have the variance 2 / fan-in, scales and running variances of norms are near 1, and everything else near 0."""
    count = math.prod(shape)
    if len(shape) > 1:
        return (np.float32(math.sqrt(6.0 / math.prod(shape[1:]))) * uniform(stream, count)).reshape(shape)
    middle = 1 if name.endswith("running_var") or (is_norm and name.endswith(".weight")) else 0
    return np.float32(middle) + np.float32(0.125) * uniform(stream, count)


def main():
    for name, (vision, side, layers) in NETWORKS.items():
        options = {"aux_logits": True, "init_weights": False} if vision == "googlenet" else {}
        net = getattr(torchvision.models, vision)(weights=None, num_classes=CLASSES, **options)
        state = {key: value for key, value in net.state_dict().items() if not key.endswith("num_batches_tracked")}
        with torch.no_grad():
            for stream, key in enumerate(sorted(state)):
                is_norm = key.rpartition(".")[0] + ".running_mean" in state
                state[key].copy_(torch.from_numpy(start(key, stream, tuple(state[key].shape), is_norm)))
        net = net.double().eval()
        for module in net.modules():
            if isinstance(module, torch.nn.ReLU):
                module.inplace = False  # It would change what the hook keeps.
        x = torch.from_numpy(uniform(1_000_000, IMAGES * 3 * side * side).reshape(IMAGES, 3, side, side)).double()
        tensors = {}
        for torch_name, own_name in layers:
            kept = []
            handle = net.get_submodule(torch_name).register_forward_hook(lambda _, __, output: kept.append(output))
            logits = net(x)
            handle.remove()
            maps = kept[0]
            classes = logits.argmax(dim=1).tolist()
            score = sum(logits[i, label] for i, label in enumerate(classes))
            gradient = torch.autograd.grad(score, maps)[0]
            weights = gradient.mean(dim=(2, 3), keepdim=True)
            heat = torch.relu((weights * maps).sum(dim=1))
            tensors |= {f"{own_name}.gradient": gradient.mean(dim=(2, 3)), f"{own_name}.heat": heat}
            print(name, own_name, list(maps.shape), [f"{value:.3g}" for value in heat.amax(dim=(1, 2)).tolist()], flush=True)
        tensors |= {"logits": logits, "classes": torch.tensor(classes)}
        write(f"gradcam-{name}", tensors, {"side": str(side)})


main()
