"""StyleGAN2 of layout config-f, as gan/games/stylegan2 has it. Import it after common.options."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from layers import Deviation, Equalised, PixelNorm, Window


class Mapping(nn.Module):
    """Noise to styles w, whose running average is kept."""

    def __init__(self, latent, width, layers, decay):
        super().__init__()
        self.decay = decay
        self.norm = PixelNorm()
        self.layers = nn.ModuleList(Equalised(nn.Linear(width if i else latent, width), multiplier=0.01) for i in range(layers))
        self.register_buffer("average", torch.zeros(width))

    def forward(self, z):
        w = self.norm(z)
        for layer in self.layers:
            w = F.leaky_relu(layer(w), 0.2)
        if torch.is_grad_enabled():
            with torch.no_grad():
                self.average.lerp_(w.mean(0), 1 - self.decay)
        return w


class Modulated(nn.Module):
    """A convolution whose inputs a style scales, and whose outputs have the deviation that they would have without it.

    Grouped: each image has a kernel of its own, and the batch is one image of as many groups. Else the images are scaled
    before and after a convolution with one kernel. One that enlarges is transposed, and the FIR follows.
    """

    def __init__(self, i, n, size, width, grouped, demodulates=True, enlarges=False, gain=1.0):
        super().__init__()
        self.grouped, self.demodulates, self.size, self.gain = grouped, demodulates, size, gain
        self.affine = Equalised(nn.Linear(width, i), 1)
        self.kernel = nn.Parameter(torch.randn(n, i, size, size))
        self.scale = (i * size * size) ** -0.5
        self.window = Window(n, 1, gain=4) if enlarges else None

    def forward(self, x, w):
        style, kernel = self.affine(w) + 1, self.kernel * self.scale
        (b, i, h, w), n = x.shape, len(kernel)
        if not self.grouped:
            x = x * style.view(b, i, 1, 1)
            y = F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2) if self.window else F.conv2d(x, kernel, padding=self.size // 2)
            y = self.window(y) if self.window else y
            if self.demodulates:
                strength = style.square() @ kernel.square().sum((2, 3)).t()
                y = y * (self.gain * (strength + 1e-8).rsqrt()).view(b, n, 1, 1)
            return y
        own = kernel * style.view(b, 1, i, 1, 1)
        if self.demodulates:
            own = own * (self.gain * (own.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt())
        x = x.reshape(1, b * i, h, w)
        if self.window:
            y = F.conv_transpose2d(x, own.transpose(1, 2).reshape(b * i, n, self.size, self.size), stride=2, groups=b)
            return self.window(y.view(b, n, *y.shape[2:]))
        y = F.conv2d(x, own.reshape(b * n, i, self.size, self.size), padding=self.size // 2, groups=b)
        return y.view(b, n, h, w)


class Styled(nn.Module):
    """A modulated convolution, noise, a bias and a LeakyReLU, whose gain of sqrt(2) lies before it."""

    def __init__(self, i, n, width, grouped, enlarges=False):
        super().__init__()
        self.convolution = Modulated(i, n, 3, width, grouped, enlarges=enlarges, gain=math.sqrt(2))
        self.strength, self.bias = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(n))

    def forward(self, x, w):
        y = self.convolution(x, w)
        noise = torch.randn(y.shape[0], 1, *y.shape[2:], device=y.device)
        y = torch.addcmul(y, noise, self.strength * math.sqrt(2)) + (self.bias * math.sqrt(2)).view(1, -1, 1, 1)
        return F.leaky_relu(y, 0.2, inplace=True)


class Colours(nn.Module):
    def __init__(self, i, width, grouped):
        super().__init__()
        self.convolution = Modulated(i, 3, 1, width, grouped, demodulates=False)
        self.bias = nn.Parameter(torch.zeros(3, 1, 1))

    def forward(self, x, w):
        return self.convolution(x, w) + self.bias


class Synthesis(nn.Module):
    """Images of styles [batch, layers, width]: the colours of all sizes are added up."""

    def __init__(self, channels, width, grouped):
        super().__init__()
        self.constant = nn.Parameter(torch.randn(1, channels[0], 4, 4))
        self.first = Styled(channels[0], channels[0], width, grouped)
        self.enlarging, self.keeping = nn.ModuleList(), nn.ModuleList()
        self.colours = nn.ModuleList([Colours(channels[0], width, grouped)])
        for i, n in zip(channels, channels[1:]):
            self.enlarging.append(Styled(i, n, width, grouped, enlarges=True))
            self.keeping.append(Styled(n, n, width, grouped))
            self.colours.append(Colours(n, width, grouped))
        self.window = Window(3, 1, stride=2, gain=4, enlarges=True)

    def forward(self, styles):
        w = styles.unbind(1)
        x = self.first(self.constant.expand(len(styles), -1, -1, -1), w[0])
        image = self.colours[0](x, w[1])
        for i, (enlarging, keeping) in enumerate(zip(self.enlarging, self.keeping)):
            x = keeping(enlarging(x, w[2 * i + 1]), w[2 * i + 2])
            image = self.window(image) + self.colours[i + 1](x, w[2 * i + 3])
        return image


class Halve(nn.Module):
    """A residual block that makes images half as large. The division by sqrt(2) lies in the last kernels."""

    def __init__(self, i, n):
        super().__init__()
        self.keeping, self.before = Equalised(nn.Conv2d(i, i, 3, padding=1)), Window(i, 2)
        self.halving = Equalised(nn.Conv2d(i, n, 3, 2), 1)
        self.window, self.short = Window(i, 1, stride=2), Equalised(nn.Conv2d(i, n, 1, bias=False), math.sqrt(0.5))

    def forward(self, x):
        y = F.leaky_relu(self.keeping(x), 0.2, inplace=True)
        y = F.leaky_relu(self.halving(self.before(y)), 0.2, inplace=True)
        return y + self.short(self.window(x))


def discriminator(channels):
    """Scores of images; the channels are of the smallest maps first."""
    layers = [Equalised(nn.Conv2d(3, channels[-1], 1)), nn.LeakyReLU(0.2, True)]
    layers += [Halve(i, n) for i, n in zip(channels[:0:-1], channels[-2::-1])]
    n = channels[0]
    return nn.Sequential(*layers, Deviation(), Equalised(nn.Conv2d(n + 1, n, 3, padding=1)), nn.LeakyReLU(0.2, True), nn.Flatten(),
                         Equalised(nn.Linear(16 * n, n)), nn.LeakyReLU(0.2, True), Equalised(nn.Linear(n, 1), 1))
