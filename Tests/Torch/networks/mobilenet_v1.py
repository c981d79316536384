"""The network mobilenet-v1 in PyTorch, which torchvision does not have."""
from torch import nn

BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + 5 * [(512, 1)] + [(1024, 2), (1024, 1)]


class Block(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, filters, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)

    def forward(self, x):
        return self.bn2(self.pointwise(self.bn1(self.depthwise(x)).relu())).relu()


class MobileNetV1(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32)
        channels = 32
        for number, (filters, stride) in enumerate(BLOCKS, start=1):
            setattr(self, f"block{number}", Block(channels, filters, stride))
            channels = filters
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        for number in range(1, len(BLOCKS) + 1):
            x = getattr(self, f"block{number}")(x)
        return self.fc(x.mean((2, 3)))


def make(classes):
    return MobileNetV1(classes)
