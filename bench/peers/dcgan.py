"""Times an iteration of gangpu's game dcgan, preset paper, in PyTorch: a step of D, then one of G.

The networks are those of PyTorch's own DCGAN example, at 64 pixels with 64 filters.
"""

import common

o = common.options(
    __doc__,
    mode=dict(choices=["eager", "compile"], default="eager"),
    channels_last=dict(action="store_true", help="images as NHWC in memory"),
    device=dict(choices=["cpu", "cuda"], default="cpu"),
    precision=dict(choices=["fp32", "tf32"], default="fp32", help="of products and convolutions on a GPU"),
    filters=dict(type=int, default=64),
)

import torch
from torch import nn
from torch.nn import functional as F

if o.device == "cuda":
    kind = {"fp32": "ieee", "tf32": "tf32"}[o.precision]
    torch.backends.cuda.matmul.fp32_precision = kind
    torch.backends.cudnn.conv.fp32_precision = kind
    torch.backends.cudnn.benchmark = True
else:
    torch.set_num_threads(common.cores())
layout = torch.channels_last if o.channels_last else torch.contiguous_format
f, latent = o.filters, 100


def up(i, n):
    return [nn.ConvTranspose2d(i, n, 4, 2, 1, bias=False), nn.BatchNorm2d(n), nn.ReLU(True)]


def down(i, n):
    return [nn.Conv2d(i, n, 4, 2, 1, bias=False), nn.BatchNorm2d(n), nn.LeakyReLU(0.2, True)]


G = nn.Sequential(nn.ConvTranspose2d(latent, 8 * f, 4, bias=False), nn.BatchNorm2d(8 * f), nn.ReLU(True), *up(8 * f, 4 * f),
                  *up(4 * f, 2 * f), *up(2 * f, f), nn.ConvTranspose2d(f, 3, 4, 2, 1, bias=False), nn.Tanh())
D = nn.Sequential(nn.Conv2d(3, f, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True), *down(f, 2 * f), *down(2 * f, 4 * f),
                  *down(4 * f, 8 * f), nn.Conv2d(8 * f, 1, 4, bias=False))
for network in (G, D):
    network.to(o.device, memory_format=layout)
optimizers = [torch.optim.Adam(n.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True) for n in (G, D)]
g, d = (torch.compile(G), torch.compile(D)) if o.mode == "compile" else (G, D)
images = torch.randint(0, 256, (4 * o.batch, 3, 64, 64), dtype=torch.uint8, device=o.device)
ones, zeros = torch.ones(o.batch, device=o.device), torch.zeros(o.batch, device=o.device)


def noise():
    return torch.randn(o.batch, latent, 1, 1, device=o.device)


def bce(scores, labels):
    return F.binary_cross_entropy_with_logits(scores.flatten(), labels)


def d_step():
    real = (images[torch.randint(0, len(images), (o.batch,), device=o.device)].float() / 127.5 - 1).contiguous(memory_format=layout)
    with torch.no_grad():
        fake = g(noise())
    optimizers[1].zero_grad()
    (bce(d(real), ones) + bce(d(fake), zeros)).backward()
    optimizers[1].step()


def g_step():
    optimizers[0].zero_grad()
    D.requires_grad_(False)
    bce(d(g(noise())), ones).backward()
    D.requires_grad_(True)
    optimizers[0].step()


common.K = 1  # a step of each network an iteration
wait = torch.cuda.synchronize if o.device == "cuda" else lambda: None
samples = common.measure(o, d_step, g_step, wait)
name = f"PyTorch, {'compiled' if o.mode == 'compile' else 'eager'}{', channels last' if o.channels_last else ''}, dcgan"
common.report(o, name, {"torch": torch.__version__}, samples, device="cuda:0" if o.device == "cuda" else "cpu",
              description=torch.cuda.get_device_name() if o.device == "cuda" else "", precision=o.precision)
