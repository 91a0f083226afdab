"""The networks of BigGAN for 32 pixels, as gan/games/biggan has them, and of the drawings, as gan/games/acgan. Import it after common.options."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm


def normed(layer):
    """A layer whose kernel is divided by its largest singular value, with one power step an update."""
    nn.init.orthogonal_(layer.weight)
    return spectral_norm(layer)


def conv(i, n, size, bias=True):
    return normed(nn.Conv2d(i, n, size, padding=size // 2, bias=bias))


class Conditional(nn.Module):
    """A batch norm whose gain, about 1, and bias are linear in a condition."""

    def __init__(self, channels, condition):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.bias = (normed(nn.Linear(condition, channels, bias=False)) for _ in range(2))

    def forward(self, x, condition):
        return self.norm(x) * (1 + self.gain(condition))[..., None, None] + self.bias(condition)[..., None, None]


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.queries, self.keys = (conv(channels, channels // 8, 1, False) for _ in range(2))
        self.values, self.last = conv(channels, channels // 2, 1, False), conv(channels // 2, channels, 1, False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        rows = lambda y: y.flatten(2).transpose(1, 2)
        y = F.scaled_dot_product_attention(rows(self.queries(x)), rows(F.max_pool2d(self.keys(x), 2)), rows(F.max_pool2d(self.values(x), 2)), scale=1.0)
        return x + self.gamma * self.last(y.transpose(1, 2).unflatten(2, x.shape[2:]))


class Enlarge(nn.Module):
    def __init__(self, i, n, condition):
        super().__init__()
        self.norms = nn.ModuleList([Conditional(i, condition), Conditional(n, condition)])
        self.convs = nn.ModuleList([conv(i, n, 3), conv(n, n, 3)])
        self.short = conv(i, n, 1)

    def forward(self, x, condition):
        y = F.interpolate(F.relu(self.norms[0](x, condition)), scale_factor=2)
        y = self.convs[1](F.relu(self.norms[1](self.convs[0](y), condition)))
        return y + F.interpolate(self.short(x), scale_factor=2)


class Reduce(nn.Module):
    def __init__(self, i, n, activated, halves):
        super().__init__()
        self.activated, self.halves = activated, halves
        self.convs = nn.ModuleList([conv(i, n, 3), conv(n, n, 3)])
        self.short = conv(i, n, 1) if halves or i != n else nn.Identity()

    def forward(self, x):
        y = self.convs[1](F.relu(self.convs[0](F.relu(x) if self.activated else x)))
        return F.avg_pool2d(y, 2) + self.short(F.avg_pool2d(x, 2)) if self.halves else y + self.short(x)


class Generator(nn.Module):
    """Three blocks behind maps of 4 pixels, attention on 16."""

    def __init__(self, filters, part, embedding, classes):
        super().__init__()
        n, self.part = 4 * filters, part
        self.embedding = nn.Linear(classes, embedding, bias=False)
        self.first = normed(nn.Linear(part, 16 * n))
        self.blocks = nn.ModuleList(Enlarge(n, n, embedding + part) for _ in range(3))
        self.attention, self.norm, self.last = Attention(n), nn.BatchNorm2d(n), conv(n, 3, 3)

    def forward(self, z, classes):
        first, *parts = z.split(self.part, 1)
        y = self.first(first).unflatten(1, (-1, 4, 4))
        for i, (block, z) in enumerate(zip(self.blocks, parts)):
            y = block(y, torch.cat([self.embedding(classes), z], 1))
            if i == 1:
                y = self.attention(y)
        return torch.tanh(self.last(F.relu(self.norm(y))))


class Discriminator(nn.Module):
    """Four blocks, of which the first two halve, attention on 16, and a projection by the class."""

    def __init__(self, filters, classes):
        super().__init__()
        n = 4 * filters
        self.blocks = nn.Sequential(Reduce(3, n, False, True), Attention(n), Reduce(n, n, True, True), Reduce(n, n, True, False), Reduce(n, n, True, False))
        self.score, self.projection = normed(nn.Linear(n, 1)), normed(nn.Linear(classes, n, bias=False))

    def forward(self, x, classes):
        h = F.relu(self.blocks(x)).sum((2, 3))
        return self.score(h)[:, 0] + (self.projection(classes) * h).sum(1)


class Draws(nn.Module):
    """SRResNet's generator behind a dense layer of noise and tags."""

    def __init__(self, filters, blocks, side, inputs):
        super().__init__()
        f = filters
        layer = lambda n=f, *last: [nn.Conv2d(f, n, 3, padding=1), *last, nn.BatchNorm2d(n // 4 if last else n)]
        self.first = nn.Sequential(nn.Linear(inputs, (side // 8) ** 2 * f), nn.Unflatten(1, (f, side // 8, side // 8)), nn.BatchNorm2d(f), nn.ReLU(True))
        self.blocks = nn.ModuleList(nn.Sequential(*layer(), nn.ReLU(True), *layer()) for _ in range(blocks))
        self.after = nn.Sequential(*layer(), nn.ReLU(True))
        up = [m for _ in range(3) for m in (*layer(4 * f, nn.PixelShuffle(2)), nn.ReLU(True))]
        self.up = nn.Sequential(*up, nn.Conv2d(f, 3, 9, padding=4), nn.Tanh())

    def forward(self, z, tags):
        y = first = self.first(torch.cat([z, tags], 1))
        for block in self.blocks:
            y = y + block(y)
        return self.up(self.after(y) + first)


class Residual(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(f, f, 3, padding=1), nn.LeakyReLU(0.2, True), nn.Conv2d(f, f, 3, padding=1))

    def forward(self, x):
        return F.leaky_relu(x + self.layers(x), 0.2)


class Judges(nn.Module):
    """A score and a logit for each tag, without a norm."""

    def __init__(self, filters, side, tags):
        super().__init__()
        f = filters // 2
        layers, side = [nn.Conv2d(3, f, 4, 2, 1), nn.LeakyReLU(0.2, True)], side // 2
        for i in range(20):
            if side < 4:
                break
            kernel, side = 4 if i < 2 else 3, (side + 1) // 2
            layers += [Residual(f), Residual(f), nn.Conv2d(f, 2 * f, kernel, 2, 1), nn.LeakyReLU(0.2, True)]
            f *= 2
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.score, self.tags = nn.Linear(f * side * side, 1), nn.Linear(f * side * side, tags)

    def forward(self, x):
        y = self.layers(x)
        return self.score(y)[:, 0], self.tags(y)
