"""torchvision's side of `gpucnn data bench`: a DataLoader that applies the steps of `--augment imagenet` (RandomResizedCrop, flip,
ToTensor, Normalize) to the same files.

    torchvision_loader.py SIDE WORKERS BATCH

Reads one path a line on stdin up to an empty line, starts the workers, reads all files once to warm up, and answers
{"torchvision": version}. Then each line requests an epoch; the answer is {"images": n, "seconds": wall, "cpuSeconds": of this process
and its workers}, or {"error": ...}.
"""
import json
import os
import sys
import time


def answer(**values):
    print(json.dumps(values), flush=True)


try:
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms
except ImportError as error:
    answer(error=str(error))
    os._exit(1)


class Files(torch.utils.data.Dataset):
    def __init__(self, paths, side):
        self.paths = paths
        self.transform = transforms.Compose([
            transforms.RandomResizedCrop(side), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ])

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with open(self.paths[index], "rb") as file:
            return self.transform(Image.open(file).convert("RGB")), index


def cpu_seconds(processes):
    ticks = 0
    for process in processes:
        with open(f"/proc/{process}/stat") as file:
            ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def main():
    side, workers, batch = map(int, sys.argv[1:4])
    paths = []
    while line := sys.stdin.readline().rstrip("\n"):
        paths.append(line)
    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(Files(paths, side), batch, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    for _ in loader:
        pass
    processes = [os.getpid()] + ([worker.pid for worker in loader._iterator._workers] if workers else [])
    answer(torchvision=torchvision.__version__)
    while sys.stdin.readline():
        images, cpu, start = 0, cpu_seconds(processes), time.perf_counter()
        for values, _ in loader:
            images += values.shape[0]
        answer(images=images, seconds=time.perf_counter() - start, cpuSeconds=cpu_seconds(processes) - cpu)


try:
    main()
except Exception as error:
    answer(error=f"{type(error).__name__}: {error}")
os._exit(0)
