"""Layers that networks of more than one peer's game have. Import it after common.options."""

import torch
from torch import nn
from torch.nn import functional as F


class Equalised(nn.Module):
    """A convolution or a linear layer of a normal kernel, which is multiplied by He's constant at each use.

    A layer that learns slower by a multiplier has it for the kernel and for the bias.
    """

    def __init__(self, layer, gain=2**0.5, multiplier=1.0):
        super().__init__()
        self.layer, self.multiplier = layer, multiplier
        nn.init.normal_(layer.weight, std=1 / multiplier)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
        self.scale = multiplier * gain / layer.weight[0].numel() ** 0.5

    def forward(self, x):
        kernel, bias = self.layer.weight * self.scale, self.layer.bias
        if bias is not None and self.multiplier != 1:
            bias = bias * self.multiplier
        if isinstance(self.layer, nn.Linear):
            return F.linear(x, kernel, bias)
        return F.conv2d(x, kernel, bias, self.layer.stride, self.layer.padding)


class PixelNorm(nn.Module):
    def forward(self, x):
        return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class Deviation(nn.Module):
    """Appends a channel that tells how much the images of a group differ."""

    def forward(self, x):
        n, c, h, w = x.shape
        groups = n // 4
        y = (x.reshape(4, groups, c, h, w).var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        return torch.cat([x, y.repeat(4).view(n, 1, 1, 1).expand(n, 1, h, w)], 1)


class Biased(nn.Module):
    """Adds a number to each channel."""

    def __init__(self, channels):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        return x + self.bias


class Window(nn.Module):
    """The FIR [1 3 3 1] down and across, as one depthwise convolution. Zeros are put around the image."""

    def __init__(self, channels, padding, stride=1, gain=1.0, enlarges=False):
        super().__init__()
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", (gain * torch.outer(row, row)).expand(channels, 1, 4, 4).contiguous())
        self.channels, self.padding, self.stride = channels, padding, stride
        self.convolve = F.conv_transpose2d if enlarges else F.conv2d

    def forward(self, x):
        return self.convolve(x, self.kernel, None, self.stride, self.padding, groups=self.channels)
