"""Saves a torchvision model with random weights as users do, photographs cropped to its input, and its logits for them.

    save_model.py NAME SEED FOLDER IMAGE...

Writes weights.pth, 0.ppm and so on, and logits.txt with a line for each image.
"""
import os
import sys

import numpy
import PIL.Image
import torch
import torchvision


SIDE = 224


def cut(path, target):
    """Crops the centre of a photograph whose shorter side is scaled to the model's."""
    image = PIL.Image.open(path).convert("RGB")
    scale = SIDE / min(image.size)
    image = image.resize([max(SIDE, round(size * scale)) for size in image.size], PIL.Image.BILINEAR)
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    image = image.crop((left, top, left + SIDE, top + SIDE))
    image.save(target)
    return torch.from_numpy(numpy.array(image)).permute(2, 0, 1).float() / 255


def main(name, seed, folder, *images):
    torch.manual_seed(int(seed))
    options = {"aux_logits": True, "init_weights": True} if name == "googlenet" else {}
    model = getattr(torchvision.models, name)(weights=None, **options)
    # Like after some training: statistics and scales of batch norms that differ from 0 and 1.
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.1)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    x = torch.stack([(cut(path, os.path.join(folder, f"{i}.ppm")) - mean) / std for i, path in enumerate(images)])
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        for _ in range(3):
            model.train()(x)
        torch.save(model.state_dict(), os.path.join(folder, "weights.pth"))
        out = model.eval()(x)
    numpy.savetxt(os.path.join(folder, "logits.txt"), out.numpy(), fmt="%.9g")


main(*sys.argv[1:])
