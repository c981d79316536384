"""Writes Torchvision/OURS.txt: name and shape of every tensor that torchvision's network THEIRS saves. Needs torchvision 0.14.

    make_torchvision_names.py OURS [THEIRS]
"""
import pathlib
import sys

import torchvision

ours = sys.argv[1]
theirs = sys.argv[2] if len(sys.argv) > 2 else ours
options = {"aux_logits": True, "init_weights": False} if theirs == "googlenet" else {}
state = getattr(torchvision.models, theirs)(weights=None, **options).state_dict()
lines = [f"{name} [{', '.join(map(str, tensor.shape))}]" for name, tensor in state.items()]
pathlib.Path(__file__).with_name("Torchvision").joinpath(f"{ours}.txt").write_text("\n".join(lines) + "\n")
