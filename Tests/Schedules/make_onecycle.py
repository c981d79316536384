"""Prints the factors that OneCycleTests expects: PyTorch's OneCycleLR (1.13) at a max_lr of 1."""
import torch


def factors(steps, **options):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1, total_steps=steps, **options)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < steps:
            schedule.step()
    return rates


if __name__ == "__main__":
    print([f"{rate:.9g}" for rate in factors(10)])
    print([f"{rate:.9g}" for rate in factors(7, pct_start=0.5, div_factor=10, final_div_factor=100)])
