"""Prints the rates that PyTorch's ReduceLROnPlateau gives for the errors of PlateauTests."""
import torch


def rates(errors, lr=1.0, **options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, eps=0, **options)
    result = []
    for error in errors:
        schedule.step(error)
        result.append(round(optimizer.param_groups[0]["lr"], 9))
    return result


ERRORS = [0.5, 0.4, 0.4, 0.41, 0.39, 0.4, 0.4, 0.4, 0.39, 0.3899, 0.38, 0.381, 0.39, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
print(rates(ERRORS, patience=2, factor=0.1))
print(rates(ERRORS, patience=1, factor=0.5, threshold=0.05))
print(rates(ERRORS, patience=1, factor=0.5, threshold=0.05, cooldown=2))
print(rates(ERRORS, patience=0, factor=0.1, min_lr=0.02))
print(rates(ERRORS, lr=0.5, patience=0, factor=0.1, min_lr=0.02, threshold=0))
