"""stylegan2.py FOLDER: makes ../testdata/stylegan2-*.safetensors by the code of others, of which FOLDER holds copies under their
names: stylegan2-ada-pytorch (NVlabs, d72cc7d) and stylegan2-pytorch (rosinality, bef283a). It needs PyTorch and safetensors.

NAME.safetensors has the state dicts of a small generator and discriminator of random numbers; NAME-images.safetensors has what
they make: of z [2, n] images [4, channels, height, width], those of truncation 1 and then of 0.7, by the noise that the state
dict holds, and scores [4, 1] of the four images.

With --full, NAME is the networks of 1024 pixels, and goes to the working folder."""

import pathlib
import sys
import types

import torch
from safetensors.torch import save_file

testdata = pathlib.Path(__file__).parent.parent / "testdata"
full = "--full" in sys.argv
folder = pathlib.Path(sys.argv[1])
torch.manual_seed(1)


def fill(network):
    """Numbers that no initialisation has, so that each of them counts."""
    for name, p in network.named_parameters():
        if name.endswith("bias"):
            p.data += torch.randn_like(p) * (20 if name.startswith(("mapping", "style")) else 0.3)
        elif "noise" in name:
            p.data = torch.randn_like(p) * 0.3


def write(name, generator, discriminator, average, make, colours):
    """make(z, truncation) makes images, to which the generator's parameters with a name part colours are in proportion."""
    state = {**generator.state_dict(), **discriminator.state_dict(), **average}
    z = torch.randn(2, 512 if full else 6)
    with torch.no_grad():
        scale = 0.9 / max(make(z, t).abs().max() for t in (1, 0.7))
        for key, value in generator.named_parameters():
            if colours in key and "affine" not in key and "modulation" not in key:
                value *= scale
        images = torch.cat([make(z, t) for t in (1, 0.7)])
        scores = discriminator(images, None) if name == "ada" else discriminator(images)
    to = pathlib.Path(".") if full else testdata
    save_file({k: v.contiguous() for k, v in state.items()}, to / f"stylegan2-{name}.safetensors")
    save_file({"z": z, "images": images, "scores": scores}, to / f"stylegan2-{name}-images.safetensors")


def ada():
    sys.path.insert(0, str(folder / "stylegan2-ada-pytorch"))
    from training.networks import Discriminator, Generator

    widths = {} if full else {"channel_base": 128, "channel_max": 14}
    size, w = (1024, 512) if full else (32, 8)
    g = Generator(512 if full else 6, 0, w, size, 3, {"num_layers": 8 if full else 3}, widths).eval()
    d = Discriminator(0, size, 3, **widths).eval()
    fill(g)
    fill(d)
    with torch.no_grad():
        g.mapping.w_avg.copy_(g.mapping(torch.randn(4096, g.z_dim), None)[:, 0].mean(0))
    write("ada", g, d, {}, lambda z, t: g(z, None, truncation_psi=t, noise_mode="const"), "torgb")


def rosinality():
    import torch.utils.cpp_extension

    torch.utils.cpp_extension.load = lambda *a, **k: None  # CUDA alone needs what it would build
    sys.path.insert(0, str(folder / "stylegan2-pytorch"))
    source = (folder / "stylegan2-pytorch" / "model.py").read_text()
    if not full:  # the widths are numbers in the code there
        for old, new in (": 512", ": 10"), ("32: 10", "32: 3"), ("16: 10", "16: 6"):
            source = source.replace(old, new)
    model = types.ModuleType("model")
    exec(source, model.__dict__)
    size = 1024 if full else 16
    g = model.Generator(size, 512 if full else 6, 8 if full else 2).eval()
    d = model.Discriminator(size).eval()
    fill(g)
    fill(d)
    with torch.no_grad():
        average = g.mean_latent(4096)[0]
    write("rosinality", g, d, {"latent_avg": average},
          lambda z, t: g([z], truncation=t, truncation_latent=average, randomize_noise=False)[0], "to_rgb")


ada()
rosinality()
