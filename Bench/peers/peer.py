"""PyTorch's side of the comparison: one JSON request a line on stdin, one JSON answer a line on stdout.

{"threads": n}                           -> PyTorch's version and settings
{"threads": n, "gpu": ..., "index": i}   -> the same, on the GPU of that name, or an error
{"operation": ..., "positions": [...]}   -> prepares and warms up the operation; its result there, and seconds of a run
{"repetitions": n}                       -> seconds of each of n runs
{"together": n}                          -> seconds of a run, of n given to the device one after another

Inputs are made once; PyTorch allocates the outputs. On the processor the tensors of operators are contiguous, NCHW and OIHW, as
PyTorch's users have them. On a GPU, and for networks anywhere, channels last is tried too, and the faster is measured.
"""

import json
import os
import re
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit(1)

INPUT, WEIGHT, OUTPUT_GRADIENT, VELOCITY, FIRST_PARAMETER = 1, 2, 3, 4, 10
WARM_UP_SECONDS = 0.3

device, memory_format, dtype = torch.device("cpu"), torch.contiguous_format, torch.float32


def pattern(tensor, *shape):
    """The same numbers as Workloads/Pattern.cs: a hash of position and tensor in [-1, 1)."""
    count = 1
    for extent in shape:
        count *= extent
    value = (torch.arange(count, dtype=torch.int64, device=device) * 2654435761 + tensor * 2654435769) & 0xFFFFFFFF
    value = value ^ (value >> 15)
    value = (value * 2246822519) & 0xFFFFFFFF
    value = value ^ (value >> 13)
    value = ((value >> 8).float() / 8388608 - 1).reshape(shape).to(dtype)
    return value.contiguous(memory_format=memory_format) if len(shape) == 4 else value


def labels(images, classes):
    return torch.arange(images, device=device) * 37 % classes


def convolution(images, channels, filters, size, filter_size, stride, padding, output_size, **request):
    x = pattern(INPUT, images, channels, size, size)
    w = pattern(WEIGHT, filters, channels, filter_size, filter_size)
    if request["pass"] == "forward":
        return lambda: F.conv2d(x, w, None, stride, padding)
    dy = pattern(OUTPUT_GRADIENT, images, filters, output_size, output_size)
    wanted = 0 if request["pass"] == "backward data" else 1
    mask = [wanted == 0, wanted == 1, False]
    backward = torch.ops.aten.convolution_backward
    return lambda: backward(dy, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask)[wanted]


def linear(images, inputs, units, **request):
    x, w = pattern(INPUT, images, inputs), pattern(WEIGHT, units, inputs)
    dy = pattern(OUTPUT_GRADIENT, images, units)
    return {
        "forward": lambda: F.linear(x, w),
        "backward data": lambda: dy.mm(w),
        "backward weights": lambda: dy.t().mm(x),
    }[request["pass"]]


def max_pool(images, channels, size, window, stride, padding, output_size, **request):
    x = pattern(INPUT, images, channels, size, size)
    geometry = [window] * 2, [stride] * 2, [padding] * 2, [1, 1], False
    if request["pass"] == "forward":
        return lambda: torch.ops.aten.max_pool2d_with_indices(x, *geometry)[0]
    winners = torch.ops.aten.max_pool2d_with_indices(x, *geometry)[1]
    dy = pattern(OUTPUT_GRADIENT, images, channels, output_size, output_size)
    return lambda: torch.ops.aten.max_pool2d_with_indices_backward(dy, x, *geometry, winners)


def average_pool(images, channels, size, window, stride, padding, output_size, **request):
    x = pattern(INPUT, images, channels, size, size)
    geometry = [window] * 2, [stride] * 2, [padding] * 2, False, True, None
    if request["pass"] == "forward":
        return lambda: torch.ops.aten.avg_pool2d(x, *geometry)
    dy = pattern(OUTPUT_GRADIENT, images, channels, output_size, output_size)
    return lambda: torch.ops.aten.avg_pool2d_backward(dy, x, *geometry)


def copy(images, channels, size, **request):
    """Copies what ReLU leaves of the input, so that the result is the same."""
    x = torch.relu(pattern(INPUT, images, channels, size, size))
    y = torch.empty_like(x)
    return lambda: y.copy_(x)


def relu(images, channels, size, **request):
    x = pattern(INPUT, images, channels, size, size)
    if request["pass"] == "forward":
        return lambda: torch.relu(x)
    y, dy = torch.relu(x), pattern(OUTPUT_GRADIENT, images, channels, size, size)
    return lambda: torch.ops.aten.threshold_backward(dy, y, 0)


def batch_norm(images, channels, size, **request):
    x, weight, bias = pattern(INPUT, images, channels, size, size), pattern(WEIGHT, channels).float(), pattern(WEIGHT, channels).float()
    mean, variance = torch.zeros(channels, device=device), torch.ones(channels, device=device)
    if request["pass"] == "forward":
        return lambda: F.batch_norm(x, mean, variance, weight, bias, training=True)
    with torch.enable_grad():
        wanted = [tensor.requires_grad_() for tensor in (x, weight, bias)]
        y = F.batch_norm(x, mean, variance, weight, bias, training=True)
    dy = pattern(OUTPUT_GRADIENT, images, channels, size, size)
    return lambda: torch.autograd.grad(y, wanted, dy, retain_graph=True)[0]


def cross_entropy(images, classes, **_):
    x, target = pattern(INPUT, images, classes), labels(images, classes)
    one = torch.ones((), device=device)

    def run():
        log_softmax = torch.log_softmax(x, 1)
        _, total = torch.ops.aten.nll_loss_forward(log_softmax, target, None, 1, -100)
        gradient = torch.ops.aten.nll_loss_backward(one, log_softmax, target, None, 1, -100, total)
        return torch.ops.aten._log_softmax_backward_data(gradient, log_softmax, 1, torch.float32)

    return run


def sgd(units, inputs, learning_rate, momentum, weight_decay, **_):
    weight = nn.Parameter(pattern(WEIGHT, units, inputs))
    weight.grad = torch.outer(pattern(OUTPUT_GRADIENT, units), pattern(INPUT, inputs))
    optimizer = torch.optim.SGD([weight], learning_rate, momentum=momentum, weight_decay=weight_decay)
    optimizer.state[weight]["momentum_buffer"] = pattern(VELOCITY, units, inputs)

    def run():
        optimizer.step()
        return weight

    return run


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc3(F.relu(self.fc2(x)))


def lenet(images, learning_rate, momentum, weight_decay, steps, dtype=torch.float32, **_):
    model = LeNet5()
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            layer = list(model.children())[i // 2]
            fan_in = layer.weight[0].numel()
            parameter.copy_(pattern(FIRST_PARAMETER + i, *parameter.shape) * torch.tensor(fan_in ** -0.5))
    model.to(dtype)
    optimizer = torch.optim.SGD(model.parameters(), learning_rate, momentum=momentum, weight_decay=weight_decay)
    x, target = pattern(INPUT, images, 1, 32, 32).to(dtype), labels(images, 10)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    first = torch.tensor([step().item() for _ in range(steps)], dtype=torch.float64)

    def run():
        # The first answer is the losses of the first steps; after that, a run is a step.
        nonlocal first
        if first is None:
            return step()
        result, first = first, None
        return result

    return run


OPERATIONS = {
    operation.__name__: operation
    for operation in (convolution, linear, max_pool, average_pool, copy, relu, batch_norm, cross_entropy, sgd, lenet)
}


def finish():
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(run, repetitions=1):
    finish()
    start = time.perf_counter()
    for _ in range(repetitions):
        run()
    finish()
    return (time.perf_counter() - start) / repetitions


def prepare(request):
    """Prepares the operation in its fastest memory format."""
    global memory_format, dtype
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = request["precision"] == "tf32"
    # Networks get bfloat16 by autocast.
    dtype = torch.bfloat16 if request["precision"] == "bf16" and request["operation"] != "network" else torch.float32
    if request["operation"] == "network":
        import networks
        images = pattern(INPUT, request["images"], *request["input"]).cpu()
        return networks.prepare(request, device, images, labels(request["images"], request["classes"]).cpu(), seconds_of)
    torch.set_grad_enabled(request["operation"] == "lenet")
    formats = {"contiguous": torch.contiguous_format}
    if device.type == "cuda" and request["operation"] in ("convolution", "max_pool", "batch_norm"):
        formats["channels last"] = torch.channels_last
    best = None
    for words, memory_format in formats.items():
        run, answer = ready(request)
        if best is None or answer["seconds"] < best[1]["seconds"]:
            best = run, answer | ({"setting": words} if len(formats) > 1 else {})
        del run
    memory_format = torch.contiguous_format
    return best


def ready(request):
    run = OPERATIONS[request["operation"]](**request)
    result = run().detach().float().reshape(-1)
    samples = [result[position].item() for position in request["positions"]]
    del result
    end, seconds = time.perf_counter() + WARM_UP_SECONDS, []
    while len(seconds) < 3 or time.perf_counter() < end:
        seconds.append(seconds_of(run))
    return run, {"samples": samples, "seconds": statistics.median(seconds)}


def describe(threads, gpu=None, index=0):
    torch.set_num_threads(threads)
    if gpu is not None:
        return describe_gpu(gpu, index)
    onednn = re.search(r"(?:MKL-DNN|oneDNN) v([\d.]+)", torch.__config__.show())
    torch.ones(2, 2).mm(torch.ones(2, 2))
    blas = "MKL" if torch.backends.mkl.is_available() else loaded("blas")
    onednn_version = onednn.group(1) if onednn else "none"
    return {
        "text": f"PyTorch {torch.__version__} (Python {sys.version.split()[0]}, oneDNN {onednn_version}, BLAS {blas}), "
                f"threads: {torch.get_num_threads()}"
    }


def describe_gpu(gpu, index):
    """Selects the GPU with that index if it has that name, else another with the name. cuDNN measures its algorithms."""
    global device
    if not torch.cuda.is_available():
        return {"error": f"PyTorch {torch.__version__} sees no GPU"}
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    fitting = [i for i, name in enumerate(names) if name in gpu]
    if not fitting:
        return {"error": f"PyTorch {torch.__version__} sees {', '.join(names)}, but not {gpu}"}
    device = torch.device("cuda", index if index in fitting else fitting[0])
    torch.backends.cudnn.benchmark = True
    cudnn = torch.backends.cudnn.version()
    return {
        "text": f"PyTorch {torch.__version__} (Python {sys.version.split()[0]}, CUDA {torch.version.cuda}, cuDNN {cudnn}) "
                f"on {names[device.index]}"
    }


def loaded(name):
    """The loaded library of that name, if the system can tell."""
    try:
        with open("/proc/self/maps") as maps:
            files = {os.path.basename(line.split()[-1]) for line in maps if name in line}
    except OSError:
        files = set()
    return max(files, key=len, default="unknown")


def answer_to(request, run):
    """Returns the answer, and the operation that is prepared from now on."""
    if "threads" in request:
        return describe(**request), None
    if "operation" in request:
        run, answer = prepare(request)
        return answer, run
    if "together" in request:
        return {"seconds": seconds_of(run, request["together"])}, run
    return {"seconds": [seconds_of(run) for _ in range(request["repetitions"])]}, run


def main():
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        if "operation" in request:
            # Free the previous operation first.
            run = None
            if device.type == "cuda":
                torch.cuda.empty_cache()
        try:
            answer, run = answer_to(request, run)
        except (RuntimeError, ImportError, OSError) as error:
            # The next request may succeed: this one may have needed too much memory, or torchvision.
            answer = {"error": f"{error}".split("\n")[0]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
