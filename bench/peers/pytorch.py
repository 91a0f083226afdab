"""Times the tutorial's iteration in PyTorch: eager, compiled, as CUDA graphs, or compiled and then as CUDA graphs.

Odd paddings of the strided layers go before the image, as PyTorch has it, not after: the
arithmetic is the same, and no array is copied to pad it.
"""

import common

o = common.options(
    __doc__,
    mode=dict(choices=["eager", "compile", "graphs", "compile-graphs"], default="eager"),
    channels_last=dict(action="store_true", help="images as NHWC in memory"),
    toeplitz=dict(action="store_true", help="the 28x28 convolution as a product with a Toeplitz matrix"),
    fft=dict(action="store_true", help="the 28x28 convolution by torch.fft"),
    device=dict(choices=["cpu", "cuda"], default="cpu"),
    precision=dict(choices=["fp32", "tf32"], default="fp32", help="of products and convolutions on a GPU"),
)

import warnings

import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore", "Using padding='same'")
graphs = o.mode in ("graphs", "compile-graphs")
if graphs and o.device != "cuda":
    raise SystemExit(f"--mode {o.mode} needs --device cuda")
if o.device == "cuda":
    try:
        kind = {"fp32": "ieee", "tf32": "tf32"}[o.precision]
        torch.backends.cuda.matmul.fp32_precision = kind
        torch.backends.cudnn.conv.fp32_precision = kind
    except AttributeError:  # before PyTorch 2.9
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = o.precision == "tf32"
    torch.backends.cudnn.benchmark = True
else:
    torch.set_num_threads(common.cores())
device = torch.device(o.device)
layout = torch.channels_last if o.channels_last else torch.contiguous_format


class ToeplitzMatrix(torch.autograd.Function):
    """T[c, iy, ix, oy, ox] = filter[c, iy-oy+13, ix-ox+13], zero outside the filter, as a matrix."""

    @staticmethod
    def forward(ctx, filter):
        # iy - oy runs over -27..27. Reversed, the filter's windows of 28 are T's rows, the last first.
        around = F.pad(filter, (14, 13, 14, 13)).flip(1, 2)
        return around.unfold(1, 28, 1).unfold(2, 28, 1).flip(1, 2).reshape(32 * 28 * 28, 28 * 28)

    @staticmethod
    def backward(ctx, dt):
        # A weight's gradient is the sum of two diagonals; half the time of autograd's own way.
        dt = dt.view(32, 28, 28, 28, 28)
        rows = torch.stack([dt.diagonal(13 - k, 1, 3).sum(-1) for k in range(28)], 1)  # c, ky, ix, ox
        return torch.stack([rows.diagonal(13 - k, 2, 3).sum(-1) for k in range(28)], 2)


class Rewritten(nn.Module):
    """The same as nn.Conv2d(32, 1, 28, padding="same")."""

    def __init__(self):
        super().__init__()
        like = nn.Conv2d(32, 1, 28)
        self.weight, self.bias = nn.Parameter(like.weight.detach()[0].clone()), nn.Parameter(like.bias.detach().clone())


class Fourier(Rewritten):
    """By Fourier transforms of 48x48, the fastest of those from 42 on, by which no pixel meets itself."""

    def forward(self, x):
        spectra, filter = torch.fft.rfft2(x, (48, 48)), torch.fft.rfft2(self.weight, (48, 48))
        y = torch.fft.irfft2((spectra * filter.conj()).sum(1), (48, 48))
        return y.roll((13, 13), (1, 2))[:, None, :28, :28] + self.bias


class Toeplitz(Rewritten):
    """As one product."""

    def forward(self, x):
        y = x.flatten(1) @ ToeplitzMatrix.apply(self.weight) + self.bias
        return y.view(-1, 1, 28, 28)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(common.LATENT, 64 * 7 * 7)
        self.up1 = nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1)
        self.up2 = nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1)
        self.out = rewritten() if rewritten else nn.Conv2d(32, 1, 28, padding="same")

    def forward(self, z):
        x = F.leaky_relu(self.dense(z), common.ALPHA).view(-1, 64, 7, 7).contiguous(memory_format=layout)
        x = F.leaky_relu(self.up1(x), common.ALPHA)
        x = F.leaky_relu(self.up2(x), common.ALPHA)
        return torch.sigmoid(self.out(x))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.dense = nn.Linear(64 * 7 * 7, 1)

    def forward(self, x):
        x = F.dropout(F.leaky_relu(self.conv1(x), common.ALPHA), common.DROPOUT)
        x = F.leaky_relu(self.conv2(x), common.ALPHA)
        return self.dense(x.flatten(1))  # logits


rewritten = Toeplitz if o.toeplitz else Fourier if o.fft else None


def check_rewritten():
    """The rewritten layer must compute what the layer does, and its gradients."""
    layer = rewritten()
    x = torch.randn(2, 32, 28, 28, requires_grad=True)
    dy = torch.randn(2, 1, 28, 28)
    of = (x, layer.weight)
    y, want = layer(x), F.conv2d(F.pad(x, (13, 14, 13, 14)), layer.weight[None], layer.bias)
    for a, b in zip((y, *torch.autograd.grad(y, of, dy)), (want, *torch.autograd.grad(want, of, dy))):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


def glorot(network):
    for p in network.parameters():
        nn.init.xavier_uniform_(p) if p.dim() > 1 else nn.init.zeros_(p)
    return network.to(device, memory_format=layout)


torch.manual_seed(1)
if rewritten:
    check_rewritten()
G, D = glorot(Generator()), glorot(Discriminator())
half = o.batch // 2
images = torch.from_numpy(common.pixels()).to(device).unsqueeze(1)
labels = torch.cat([torch.ones(half, 1), torch.zeros(half, 1)]).to(device)
ones = torch.ones(o.batch, 1, device=device)


def adam(network):
    return torch.optim.Adam(network.parameters(), lr=common.LEARNING_RATE, betas=(common.BETA1, common.BETA2),
                            eps=common.EPSILON, fused=True, capturable=graphs)


adam_g, adam_d = adam(G), adam(D)


def d_batch():
    with torch.no_grad():
        real = images[torch.randint(0, len(images), (half,), device=device)].float() / 255
        return torch.cat([real, G(torch.randn(half, common.LATENT, device=device))]).contiguous(memory_format=layout)


def d_loss(x):
    return F.binary_cross_entropy_with_logits(D(x), labels)


def g_loss(z):
    return F.binary_cross_entropy_with_logits(D(G(z)), ones)


if o.mode.startswith("compile"):
    # max-autotune captures graphs of its own, of each function.
    kind = "default" if o.device == "cpu" else "max-autotune-no-cudagraphs" if graphs else "max-autotune"
    d_batch, d_loss, g_loss = (torch.compile(f, mode=kind) for f in (d_batch, d_loss, g_loss))


def d_step():
    D.requires_grad_(True)
    loss = d_loss(d_batch())
    adam_d.zero_grad(set_to_none=True)
    loss.backward()
    adam_d.step()


def g_step():
    D.requires_grad_(False)  # frozen: no gradient of its parameters is computed
    loss = g_loss(torch.randn(o.batch, common.LATENT, device=device))
    adam_g.zero_grad(set_to_none=True)
    loss.backward()
    adam_g.step()


def graphed(step):
    """Captures a step in a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


if graphs:
    d_step, g_step = graphed(d_step), graphed(g_step)

if o.device == "cuda":
    samples = common.measure(o, d_step, g_step, torch.cuda.synchronize)
    card = dict(device="cuda:0", description=torch.cuda.get_device_name(), precision=o.precision, device_memory=torch.cuda.max_memory_allocated())
else:
    samples = common.measure(o, d_step, g_step)
    card = {}
how = {"eager": "eager", "compile": "compiled", "graphs": "CUDA graphs", "compile-graphs": "compiled, CUDA graphs"}[o.mode]
name = "PyTorch, " + ", ".join([how] + ["channels last"] * o.channels_last + ["Toeplitz product"] * o.toeplitz + ["torch.fft"] * o.fft)
common.report(o, name, {"torch": torch.__version__}, samples, **card)
