"""Writes torchvision-names.txt: name and shape of every tensor that torchvision's networks save. Needs torchvision 0.14."""
import pathlib
import torchvision

NETWORKS = {
    "alexnet-torchvision": "alexnet", "vgg11_bn": "vgg11_bn", "vgg16": "vgg16", "googlenet-torchvision": "googlenet",
    "resnet18": "resnet18", "resnet50": "resnet50", "resnet152": "resnet152",
}

lines = []
for ours, theirs in NETWORKS.items():
    options = {"aux_logits": True, "init_weights": False} if theirs == "googlenet" else {}
    state = getattr(torchvision.models, theirs)(weights=None, **options).state_dict()
    lines.append(f"= {ours}")
    lines += [f"{name} [{', '.join(map(str, tensor.shape))}]" for name, tensor in state.items()]
pathlib.Path(__file__).with_name("torchvision-names.txt").write_text("\n".join(lines) + "\n")
