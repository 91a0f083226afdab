"""Times an iteration of one of gangpu's games of pictures in PyTorch: the same networks, phases and optimizers.

Each phase draws images of its own and makes its fakes anew, as gangpu's do; --fakes once makes them once for both phases,
as the authors' code of pix2pix and CycleGAN does. The number of each network's parameters is printed, to be compared.
"""

import itertools

import common

GAMES = {  # pixels, batch, filters, blocks
    "dcgan": (64, 64, 64, 0),
    "pix2pix": (64, 8, 32, 0),
    "cyclegan": (64, 4, 32, 6),
    "srgan": (64, 8, 64, 8),
    "wgan": (64, 32, 32, 0),
    "progan": (32, 32, 16, 0),
    "stylegan2": (32, 16, 16, 0),
    "biggan": (32, 64, 16, 0),
    "drawings": (32, 64, 32, 4),
}
o = common.options(
    __doc__,
    batch=0,
    game=dict(choices=GAMES, default="dcgan"),
    size=dict(type=int, help="pixels a side"),
    filters=dict(type=int, help="of the layers next to the image"),
    blocks=dict(type=int, help="residual blocks of the generator"),
    d_layers=dict(type=int, default=2, help="layers of a discriminator of patches that halve the image"),
    mode=dict(choices=["eager", "compile"], default="eager"),
    channels_last=dict(action="store_true", help="images as NHWC in memory"),
    modulation=dict(choices=["grouped", "scaled"], default="grouped", help="of stylegan2: a kernel for each image, or one for scaled images"),
    phase=dict(choices=["d", "g", "r1", "path"], help="of stylegan2, the only one to measure"),
    fakes=dict(choices=["anew", "once"], default="anew", help="of pix2pix and cyclegan: made by each phase, or once for both"),
    device=dict(choices=["cpu", "cuda"], default="cpu"),
    precision=dict(choices=["fp32", "tf32"], default="fp32", help="of products and convolutions on a GPU"),
)
for option, usual in zip(("size", "batch", "filters", "blocks"), GAMES[o.game]):
    if getattr(o, option) in (None, 0):
        setattr(o, option, usual)

import torch
from torch import nn
from torch.nn import functional as F

import classes
import styles
from layers import Biased, Deviation, Equalised, PixelNorm

if o.device == "cuda":
    kind = {"fp32": "ieee", "tf32": "tf32"}[o.precision]
    torch.backends.cuda.matmul.fp32_precision = kind
    torch.backends.cudnn.conv.fp32_precision = kind
    torch.backends.cudnn.benchmark = True
else:
    torch.set_num_threads(common.cores())
layout = torch.channels_last if o.channels_last else torch.contiguous_format
f = o.filters


class LayerNorm(nn.LayerNorm):
    """Over the channels of a pixel. With channels last the two permutations are free."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


NORMS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "layer": LayerNorm}


class Add(nn.Sequential):
    """What it is given, added to what its layers make of it."""

    def forward(self, x):
        return x + super().forward(x)


class UNet(nn.Module):
    """pix2pix's generator. The activation in place does what the skip's ReLU would do again."""

    def __init__(self, levels):
        super().__init__()
        width = [f << min(i, 3) for i in range(levels)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i in range(levels):
            layers = [nn.LeakyReLU(0.2, True)] if i else []
            layers += [nn.Conv2d(width[i - 1] if i else 3, width[i], 4, 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(width[i])] if 0 < i < levels - 1 else []
            self.down.append(nn.Sequential(*layers))
        for i in reversed(range(levels)):
            n = width[i] * (1 if i == levels - 1 else 2)
            if i == 0:
                layers = [nn.ConvTranspose2d(n, 3, 4, 2, 1), nn.Tanh()]
            else:
                layers = [nn.ConvTranspose2d(n, width[i - 1], 4, 2, 1, bias=False), nn.BatchNorm2d(width[i - 1])]
                layers += [nn.Dropout(0.5, True)] if levels - 1 - i < min(3, levels - 2) else []
            self.up.append(nn.Sequential(nn.ReLU(True), *layers))

    def forward(self, x):
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.up[0](skips.pop())
        for layer in self.up[1:]:
            x = layer(torch.cat([skips.pop(), x], 1))
        return x


def resnet():
    """CycleGAN's generator."""

    def layer(i, n, k, stride=1):
        return [nn.Conv2d(i, n, k, stride, 1 if stride > 1 else 0), nn.InstanceNorm2d(n)]

    layers = [nn.ReflectionPad2d(3), *layer(3, f, 7), nn.ReLU(True), *layer(f, 2 * f, 3, 2), nn.ReLU(True), *layer(2 * f, 4 * f, 3, 2), nn.ReLU(True)]
    for _ in range(o.blocks):
        pad = nn.ReflectionPad2d(1)
        layers.append(Add(pad, *layer(4 * f, 4 * f, 3), nn.ReLU(True), pad, *layer(4 * f, 4 * f, 3)))
    for n in (2 * f, f):
        layers += [nn.ConvTranspose2d(2 * n, n, 3, 2, 1, 1), nn.InstanceNorm2d(n), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(f, 3, 7), nn.Tanh())


def patches(channels, norm):
    """The discriminator of both."""
    layers, last = [nn.Conv2d(channels, f, 4, 2, 1), nn.LeakyReLU(0.2, True)], f
    for i in range(1, o.d_layers + 1):
        n = f << min(i, 3)
        layers += [nn.Conv2d(last, n, 4, 1 if i == o.d_layers else 2, 1, bias=norm != "batch"), NORMS[norm](n), nn.LeakyReLU(0.2, True)]
        last = n
    return nn.Sequential(*layers, nn.Conv2d(last, 1, 4, 1, 1))


def srresnet():
    """SRResNet, four times as large."""

    def layer(last=nn.Identity):
        return [nn.Conv2d(f, f, 3, 1, 1, bias=False), nn.BatchNorm2d(f), last()]

    def prelu():
        return nn.PReLU(f)

    blocks = [Add(*layer(prelu), *layer()) for _ in range(o.blocks)]
    up = [nn.Conv2d(f, 4 * f, 3, 1, 1), nn.PixelShuffle(2), prelu()]
    return nn.Sequential(nn.Conv2d(3, f, 9, 1, 4), prelu(), Add(*blocks, *layer()), *up,
                         nn.Conv2d(f, 4 * f, 3, 1, 1), nn.PixelShuffle(2), prelu(), nn.Conv2d(f, 3, 9, 1, 4))


def dcgan(latent, dense, norm):
    """A generator and a discriminator of images halved to 4 pixels."""
    levels = (o.size // 4).bit_length() - 1
    n = f << levels - 1
    g = [nn.Linear(latent, 16 * n, bias=False), nn.Unflatten(1, (n, 4, 4))] if dense else [nn.ConvTranspose2d(latent, n, 4, bias=False)]
    for _ in range(levels - 1):
        g += [nn.BatchNorm2d(n), nn.ReLU(True), nn.ConvTranspose2d(n, n // 2, 4, 2, 1, bias=False)]
        n //= 2
    g += [nn.BatchNorm2d(n), nn.ReLU(True), nn.ConvTranspose2d(n, 3, 4, 2, 1, bias=False), nn.Tanh()]
    d, last = [], 3
    for i in range(levels):
        n = f << i
        d += [nn.Conv2d(last, n, 4, 2, 1, bias=False), *([NORMS[norm](n)] if i else []), nn.LeakyReLU(0.2, True)]
        last = n
    return nn.Sequential(*g), nn.Sequential(*d, nn.Conv2d(last, 1, 4, bias=False))


def progan(latent):
    """ProGAN's networks, fully grown, of at most four times the filters of the last layers."""

    def width(side):
        return min(f * o.size // side, 4 * f)

    def conv(i, n, size=3, **options):
        return Equalised(nn.Conv2d(i, n, size, padding=size // 2), **options)

    def leaky():
        return nn.LeakyReLU(0.2, True)

    n = width(4)
    g = [PixelNorm(), Equalised(nn.Linear(latent, 16 * n, bias=False), 2**0.5 / 4), nn.Unflatten(1, (n, 4, 4)), Biased(n), leaky(), PixelNorm(),
         conv(n, n), leaky(), PixelNorm()]
    d, side = [], 8
    while side <= o.size:
        i, n = width(side // 2), width(side)
        g += [nn.Upsample(scale_factor=2), conv(i, n), leaky(), PixelNorm(), conv(n, n), leaky(), PixelNorm()]
        d = [conv(n, n), leaky(), conv(n, i), nn.AvgPool2d(2), leaky(), *d]
        side *= 2
    n = width(4)
    d = [conv(3, width(o.size), 1), leaky(), *d, Deviation(), conv(n + 1, n), leaky(), nn.Flatten(), Equalised(nn.Linear(16 * n, n)), leaky(),
         Equalised(nn.Linear(n, 1), 1)]
    return nn.Sequential(*g, conv(width(o.size), 3, 1, gain=1)), nn.Sequential(*d)


compiled = torch.compile if o.mode == "compile" else lambda f, **_: f
images = torch.randint(0, 256, (2, 4 * o.batch, 3, o.size, o.size), dtype=torch.uint8, device=o.device)
networks = {}


def network(name, module):
    """Keeps a network, and returns what applies it."""
    networks[name] = module.to(o.device, memory_format=layout)
    return compiled(module)


def adam(*names, lr=2e-4, betas=(0.5, 0.999)):
    return torch.optim.Adam([p for n in names for p in networks[n].parameters()], lr=lr, betas=betas, fused=True)


def draw(kind=0, rows=None):
    """A batch in [-1, 1], of rows if they are given."""
    rows = torch.randint(0, images.shape[1], (o.batch,), device=o.device) if rows is None else rows
    return (images[kind, rows].float() / 127.5 - 1).contiguous(memory_format=layout)


def pair():
    rows = torch.randint(0, images.shape[1], (o.batch,), device=o.device)
    return draw(0, rows), draw(1, rows)


def bce(scores, value):
    return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, value))


def squares(scores, value):
    return (scores - value).square().mean()


def step(optimizer, loss, frozen=()):
    for n in frozen:
        networks[n].requires_grad_(False)
    optimizer.zero_grad()
    loss().backward()
    for n in frozen:
        networks[n].requires_grad_(True)
    optimizer.step()


def made(g, x):
    with torch.no_grad():
        return g(x)


def play_dcgan():
    g, d = (network(n, m) for n, m in zip(("generator", "discriminator"), dcgan(100, False, "batch")))
    of_g, of_d = adam("generator"), adam("discriminator")
    noise = lambda: torch.randn(o.batch, 100, 1, 1, device=o.device)
    d_step = lambda: step(of_d, lambda: bce(d(draw()), 1) + bce(d(made(g, noise())), 0))
    return d_step, lambda: step(of_g, lambda: bce(d(g(noise())), 1), ["discriminator"])


def play_pix2pix():
    levels = min(8, o.size.bit_length() - 1)
    g, d = network("generator", UNet(levels)), network("discriminator", patches(6, "batch"))
    of_g, of_d = adam("generator"), adam("discriminator")
    shared = []

    def d_step():
        x, y = pair()
        if o.fakes == "once":
            shared[:] = x, y, g(x)
            fake = shared[2].detach()
        else:
            fake = made(g, x)
        step(of_d, lambda: 0.5 * (bce(d(torch.cat([x, y], 1)), 1) + bce(d(torch.cat([x, fake], 1)), 0)))

    def g_step():
        x, y, fake = shared if o.fakes == "once" else (*pair(), None)

        def loss():
            made = g(x) if fake is None else fake
            return 100 * F.l1_loss(made, y) + bce(d(torch.cat([x, made], 1)), 1)

        step(of_g, loss, ["discriminator"])

    return d_step, g_step


def pool(size=50):
    """What is shown to a discriminator in the place of new fakes."""
    kept = []

    def show(fakes):
        shown = []
        for image in fakes:
            if len(kept) < size:
                kept.append(image.clone())
            elif torch.rand(()) < 0.5:
                i = int(torch.randint(0, size, ()))
                image, kept[i] = kept[i], image.clone()
            shown.append(image)
        return torch.stack(shown).contiguous(memory_format=layout)

    return show


def play_cyclegan():
    ab, ba = network("generator_ab", resnet()), network("generator_ba", resnet())
    da, db = network("discriminator_a", patches(3, "instance")), network("discriminator_b", patches(3, "instance"))
    of_g, of_d = adam("generator_ab", "generator_ba"), adam("discriminator_a", "discriminator_b")
    pools, shared = (pool(), pool()), []

    def g_step():
        x, y = draw(0), draw(1)

        def loss():
            to_b, to_a = ab(x), ba(y)
            shared[:] = x, y, to_a.detach(), to_b.detach()
            return (squares(db(to_b), 1) + squares(da(to_a), 1) + 10 * (F.l1_loss(ba(to_b), x) + F.l1_loss(ab(to_a), y))
                    + 5 * (F.l1_loss(ba(x), x) + F.l1_loss(ab(y), y)))

        step(of_g, loss, ["discriminator_a", "discriminator_b"])

    def d_step():
        if o.fakes == "once":
            x, y, to_a, to_b = shared
        else:
            x, y = draw(0), draw(1)
            to_a, to_b = made(ba, y), made(ab, x)
        to_a, to_b = pools[0](to_a), pools[1](to_b)
        step(of_d, lambda: 0.5 * (squares(da(x), 1) + squares(da(to_a), 0) + squares(db(y), 1) + squares(db(to_b), 0)))

    return g_step, d_step


def play_srgan():
    g = network("generator", srresnet())
    of_g = adam("generator", lr=1e-4, betas=(0.9, 0.999))

    def pixels():
        x = draw()
        low = F.interpolate((x + 1) / 2, scale_factor=0.25, mode="bicubic", antialias=True)
        low = ((low * 255 + 0.5).floor().clamp(0, 255) / 255).contiguous(memory_format=layout)
        step(of_g, lambda: F.mse_loss(g(low), x))

    return pixels, lambda: None


def play_wgan():
    """A step of the critic alone, with the penalty on the slope."""
    g, d = (network(n, m) for n, m in zip(("generator", "critic"), dcgan(128, True, "layer")))
    of_d = adam("critic", lr=1e-4, betas=(0.0, 0.9))

    def critic():
        x, y = draw(), made(g, torch.randn(o.batch, 128, device=o.device))

        def loss():
            t = torch.rand(o.batch, 1, 1, 1, device=o.device)
            between = torch.lerp(y, x, t).requires_grad_()
            slope, = torch.autograd.grad(d(between).sum(), between, create_graph=True)
            return d(y).mean() - d(x).mean() + 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()

        step(of_d, loss)

    return critic, lambda: None


def play_progan():
    """The preset small, fully grown: the non-saturating loss, with a penalty on slopes at real images."""
    g, d = (network(n, m) for n, m in zip(("generator", "discriminator"), progan(64)))
    of_g, of_d = (adam(n, lr=2e-3, betas=(0.0, 0.99)) for n in ("generator", "discriminator"))
    noise = lambda: torch.randn(o.batch, 64, device=o.device)

    def d_loss(fake):
        x = draw().requires_grad_()
        real = d(x)
        slope, = torch.autograd.grad(real.sum(), x, create_graph=True)
        return bce(real, 1) + bce(d(fake), 0) + 0.05 * slope.square().sum((1, 2, 3)).mean()

    d_step = lambda: step(of_d, lambda: d_loss(made(g, noise())))
    return d_step, lambda: step(of_g, lambda: bce(d(g(noise())), 1), ["discriminator"])


def play_stylegan2():
    """The preset small up to 32 pixels, and beyond it the paper's networks: lazy penalties on slopes and on the lengths of paths."""
    small = o.size <= 32
    width, mapped, most, by_side, r1_every, path_every = (64, 4, 64, 512, 16, 4) if small else (512, 8, 512, 32768, 16, 4)
    channels = [min(by_side // (4 << i), most) for i in range((o.size // 4).bit_length())]
    count = 2 * len(channels)
    grouped = o.modulation == "grouped"
    m = network("mapping", styles.Mapping(width, width, mapped, 0.998))
    g = network("synthesis", styles.Synthesis(channels, width, grouped))
    d = network("discriminator", styles.discriminator(channels))
    betas = lambda every: tuple(b ** (every / (every + 1)) for b in (0.0, 0.99))
    of_g, of_d = (adam(*names, lr=2e-3 * every / (every + 1), betas=betas(every))
                  for names, every in ((("mapping", "synthesis"), path_every), (("discriminator",), r1_every)))
    mean = torch.zeros((), device=o.device)

    def drawn(n):
        w, other = (m(torch.randn(n, width, device=o.device)) for _ in range(2))
        crossover = torch.rand(n, 1, 1, device=o.device) * (count - 1) / 0.9
        layers = torch.arange(count, device=o.device).view(1, count, 1)
        return torch.where(crossover < layers, other[:, None], w[:, None])

    def d_loss():
        fake = made(lambda n: g(drawn(n)), o.batch)
        return bce(d(draw()), 1) + bce(d(fake), 0)

    def r1():
        x = draw().requires_grad_()
        slope, = torch.autograd.grad(networks["discriminator"](x).sum(), x, create_graph=True)
        return 0.1 / 2 * r1_every * slope.square().sum((1, 2, 3)).mean()

    def path():
        w = drawn(o.batch // 2)
        x = networks["synthesis"](w)
        slope, = torch.autograd.grad((x * torch.randn_like(x) / o.size).sum(), w, create_graph=True)
        length = slope.square().sum(2).mean(1).sqrt()
        mean.lerp_(length.detach().mean(), 0.01)
        return 2 * path_every * (length - mean).square().mean()

    phases = {
        "d": (1, lambda: step(of_d, d_loss)),
        "g": (1, lambda: step(of_g, lambda: bce(d(g(drawn(o.batch))), 1), ["discriminator"])),
        "r1": (r1_every, lambda: step(of_d, r1)),
        "path": (path_every, lambda: step(of_g, path)),
    }
    return in_turn(phases)


def play_biggan():
    """The preset small: two updates of the discriminator and one of the generator, by the hinge loss."""
    count = 10
    g, d = network("generator", classes.Generator(f, 20, 32, count)), network("discriminator", classes.Discriminator(f, count))
    of_g, of_d = (adam(n, betas=(0.0, 0.999)) for n in ("generator", "discriminator"))
    drawn = lambda: F.one_hot(torch.randint(0, count, (o.batch,), device=o.device), count).float()
    noise = lambda: torch.randn(o.batch, 80, device=o.device)

    def d_step():
        for _ in range(2):
            wanted = drawn()
            fake = made(lambda z: g(z, wanted), noise())
            step(of_d, lambda: F.relu(1 - d(draw(), drawn())).mean() + F.relu(1 + d(fake, wanted)).mean())

    def g_step():
        wanted = drawn()
        step(of_g, lambda: -d(g(noise(), wanted), wanted).mean(), ["discriminator"])

    return d_step, g_step


def play_drawings():
    """acgan's preset drawings-small: a penalty near real images, and a cross-entropy for each tag."""
    tags = 10
    g, d = network("generator", classes.Draws(f, o.blocks, o.size, 128 + tags)), network("discriminator", classes.Judges(f, o.size, tags))
    of_g, of_d = (adam(n, lr=1e-3) for n in ("generator", "discriminator"))
    has = lambda: F.one_hot(torch.randint(0, tags, (o.batch,), device=o.device), tags).float()
    noise = lambda: torch.randn(o.batch, 128, device=o.device)
    tell = lambda logits, wanted: tags * F.binary_cross_entropy_with_logits(logits, wanted)

    def d_loss(x, real_tags, fake, wanted):
        near = (x + 0.5 * x.std() * torch.rand_like(x)).requires_grad_()
        slope, = torch.autograd.grad(networks["discriminator"](near)[0].sum(), near, create_graph=True)
        (real, told), (score, told_of_fake) = d(x), d(fake)
        return (tags * (bce(real, 1) + bce(score, 0)) + 5 * (tell(told, real_tags) + tell(told_of_fake, wanted))
                + 50 * (slope.flatten(1).norm(dim=1) - 1).square().mean())

    def d_step():
        x, real_tags = draw(), has()
        wanted = real_tags.roll(-1, 0)
        step(of_d, lambda: d_loss(x, real_tags, made(lambda z: g(z, wanted), noise()), wanted))

    def g_step():
        wanted = has()

        def loss():
            score, told = d(g(noise(), wanted))
            return tags * bce(score, 1) + 5 * tell(told, wanted)

        step(of_g, loss, ["discriminator"])

    return d_step, g_step


def in_turn(phases):
    """Phases of which each is due every so many iterations, or the only one that is measured."""
    if o.phase:
        return phases[o.phase][1], lambda: None
    common.K = max(every for every, _ in phases.values())
    iteration = itertools.count()

    def one():
        i = next(iteration)
        for every, phase in phases.values():
            if i % every == 0:
                phase()

    return lambda: None, one


common.K = 1  # all phases once an iteration
first, second = globals()["play_" + o.game]()
wait = torch.cuda.synchronize if o.device == "cuda" else lambda: None
samples = common.measure(o, first, second, wait)
name = f"PyTorch, {'compiled' if o.mode == 'compile' else 'eager'}{', channels last' if o.channels_last else ''}"
name += ", fakes made once" if o.fakes == "once" else ""
name += f", {o.modulation}" if o.game == "stylegan2" else ""
common.report(o, name, {"torch": torch.__version__}, samples, device="cuda:0" if o.device == "cuda" else "cpu",
              description=torch.cuda.get_device_name() if o.device == "cuda" else "", precision=o.precision,
              game="acgan" if o.game == "drawings" else o.game, input=dict(height=o.size, width=o.size, channels=3), **({"phase": "critic"} if o.game == "wgan" else {"phase": o.phase} if o.phase else {}),
              parameters={n: sum(p.numel() for p in m.parameters()) for n, m in networks.items()})
