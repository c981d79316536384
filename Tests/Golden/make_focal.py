"""Writes focal.safetensors of this folder with PyTorch (last with 1.13), in float64 on the CPU.

It holds the focal loss of 8 images and 12 classes from log_softmax, and the gradient of its mean by autograd, for three settings. As in
kornia's focal_loss, alpha is the weight of all classes but the first, whose weight is 1 - alpha.
"""
import torch

from make_golden import numbers, write

IMAGES, CLASSES = 8, 12


def focal(x, labels, gamma, alpha):
    log = torch.log_softmax(x, 1)[torch.arange(IMAGES), labels]
    share = 1 if alpha is None else torch.where(labels == 0, 1 - alpha, alpha)
    return -share * (1 - log.exp()) ** gamma * log


def main():
    values = numbers(IMAGES * CLASSES)
    logits = torch.tensor([(value % 256 - 128) / 32 for value in values], dtype=torch.float64).reshape(IMAGES, CLASSES)
    labels = torch.tensor([i * 5 % CLASSES for i in range(IMAGES)])
    tensors = {"logits": logits, "labels": labels}
    for name, gamma, alpha in (("2", 2, None), ("0.5", 0.5, None), ("2alpha", 2, torch.tensor(0.25, dtype=torch.float64))):
        x = logits.clone().requires_grad_(True)
        focal(x, labels, gamma, alpha).mean().backward()
        tensors[f"{name}.losses"], tensors[f"{name}.gradient"] = focal(logits, labels, gamma, alpha), x.grad
    write("focal", tensors)


if __name__ == "__main__":
    main()
