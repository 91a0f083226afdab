"""A step of StyleGAN (Karras, Laine and Aila, 2019) while images of 16x16 pixels fade in."""

import jax.numpy as jnp
from jax import lax

from growing import deviation
from large import double, halve
from layers import Adam, away, cross_entropy, flatten, leaky_relu, share, slope
from step import Draw, Step
from styles import LATENT, WIDTH, D, M, S, equalised, equalised_conv, mapped, mixed

IMAGE, BATCH, LAYERS = (16, 16, 3), 4, 6
C = {4: 3, 8: 2, 16: 1}  # channels of maps of a side
RATE, R1, HOLD, FADE, ITERATION = 0.01, 2.0, 1, 3, 2  # iterations of 8 x 8, of the fade, and made so far
ALPHA = (ITERATION - HOLD) / FADE


def leaky(x):
    return leaky_relu(x, 0.2)


def blur(x):
    """The window [1 2 1] / 4 down and across, zeros beside the image."""
    for axis in (1, 2):
        n = x.shape[axis]
        edges = [(0, 0)] * 4
        edges[axis] = (1, 1)
        z = jnp.pad(x, edges)
        x = sum(w / 4 * lax.slice_in_dim(z, k, k + n, axis=axis) for k, w in enumerate((1, 2, 1)))
    return x


def styled(p, side, n, x, w, noise):
    """What follows a convolution, the n-th of those on maps of a side."""
    at, n = f"{S}maps_{side}/", f"_{n}" if n else ""
    x = leaky(x + p[f"{at}noise_strength{n}"] * noise + p[f"{at}bias{n}"])
    x = x - jnp.mean(x, (1, 2), keepdims=True)
    x = x / jnp.sqrt(jnp.mean(x**2, (1, 2), keepdims=True) + 1e-8)
    scale, shift = jnp.split(equalised(p, f"{at}dense{n}", w, 1.0)[:, None, None], 2, -1)
    return x * (scale + 1) + shift


def conv(p, name, x):
    return equalised_conv(p, name, x, 2**0.5)


def synthesis(p, x, w):
    def noise(side, n):
        return x[f"synthesis/maps_{side}/noise{'_1' if n else ''}/draw"]

    y = jnp.broadcast_to(p[S + "maps_4/constant"], (w.shape[0], 4, 4, C[4]))
    y = styled(p, 4, 0, y, w[:, 0], noise(4, 0))
    y = styled(p, 4, 1, conv(p, S + "maps_4/conv2d", y), w[:, 1], noise(4, 1))
    for layer, side in ((2, 8), (4, 16)):
        half, at = y, f"{S}maps_{side}/"
        y = styled(p, side, 0, blur(conv(p, at + "conv2d", double(y))), w[:, layer], noise(side, 0))
        y = styled(p, side, 1, conv(p, at + "conv2d_1", y), w[:, layer + 1], noise(side, 1))
    old, new = equalised_conv(p, S + "image_8/conv2d", half, 1), equalised_conv(p, S + "image_16/conv2d", y, 1)
    return (1 - ALPHA) * double(old) + ALPHA * new


def judge(p, image):
    y = leaky(conv(p, D + "image_16/conv2d", image))
    for side in (16, 8):
        y = leaky(conv(p, f"{D}maps_{side}/conv2d", y))
        y = leaky(halve(conv(p, f"{D}maps_{side}/conv2d_1", blur(y))))
        if side == 16:
            y = (1 - ALPHA) * leaky(conv(p, D + "image_8/conv2d", halve(image))) + ALPHA * y
    y = leaky(conv(p, D + "maps_4/conv2d", deviation(y)))
    y = leaky(equalised(p, D + "maps_4/dense", flatten(y), 2**0.5))
    return equalised(p, D + "maps_4/dense_1", y, 1)


def arrays(draw):
    """The parameters, whose kernels are normal: layers scale them at use."""
    trained = {S + "maps_4/constant": draw.normal(1, 4, 4, C[4])}

    def layer(name, *shape, bias=True, deviation=1.0):
        trained[name + "/kernel"] = draw.normal(*shape, deviation=deviation)
        if bias:
            trained[name + "/bias"] = draw.normal(shape[-1], deviation=deviation / 2)

    layer(M + "dense", LATENT, WIDTH, deviation=100.0)
    layer(M + "dense_1", WIDTH, WIDTH, deviation=100.0)
    for side, c in C.items():
        at = f"{S}maps_{side}/"
        for n in ("", "_1"):
            trained |= {f"{at}noise_strength{n}": draw.normal(c), f"{at}bias{n}": draw.normal(c, deviation=0.5)}
            layer(f"{at}dense{n}", WIDTH, 2 * c)
        if side == 4:
            layer(at + "conv2d", 3, 3, c, c, bias=False)
            continue
        layer(at + "conv2d", 3, 3, C[side // 2], c, bias=False)
        layer(at + "conv2d_1", 3, 3, c, c, bias=False)
        layer(f"{S}image_{side}/conv2d", 1, 1, c, 3)
        layer(f"{D}image_{side}/conv2d", 1, 1, 3, c)
        layer(f"{D}maps_{side}/conv2d", 3, 3, c, c)
        layer(f"{D}maps_{side}/conv2d_1", 3, 3, c, C[side // 2])
    layer(D + "maps_4/conv2d", 3, 3, C[4] + 1, C[4])
    layer(D + "maps_4/dense", 16 * C[4], C[4])
    layer(D + "maps_4/dense_1", C[4], 1)
    return trained


def write_stylegan(folder):
    draw = Draw(18)
    settings = {
        "latent": LATENT, "styles": WIDTH, "mapping": 2, "filters": C[4], "filters_by_side": 16, "grow": True, "hold": HOLD * BATCH,
        "fade": FADE * BATCH, "batches": "", "rates": "16:0.01", "mixing": 0.75, "r1": R1, "lr": 0.5, "ema": 0.9, "styles_decay": 0.75,
    }  # fmt: skip
    averages = {"mapping": 0.9, "synthesis": 0.9}
    states = {M + "w_average": draw.normal(WIDTH)}
    step = Step("stylegan", settings, IMAGE, BATCH, arrays(draw), states, averages=averages, iteration=ITERATION)
    adam = Adam(RATE, 0, 0.99, 1e-8)

    def g_inputs():
        noise = {f"synthesis/maps_{side}/noise{n}/draw": draw.normal(BATCH, side, side, 1) for side in C for n in ("", "_1")}
        return noise | {"z": draw.normal(BATCH, LATENT), "other z": draw.normal(BATCH, LATENT), "crossover": draw.uniform(BATCH, 1)}

    def fakes(p, state, x):
        return synthesis(p, x, mixed(p, state, x, LAYERS))

    def d_loss(p, state, x):
        image = 2 * x["image"] - 1
        image = (1 - ALPHA) * double(halve(image)) + ALPHA * image
        real, fake = judge(p, image), judge(p, fakes(p, state, x))
        loss = cross_entropy(real, 1) + cross_entropy(fake, 0)
        penalty = jnp.mean(jnp.sum(flatten(slope(lambda of: judge(p, of), image)) ** 2, axis=1))
        values = {"d_loss": loss, "r1": penalty}
        return loss + R1 / 2 * penalty, values | {"accuracy_real": share(away(real) > 0), "accuracy_fake": share(away(fake) <= 0)}

    def g_loss(p, state, x):
        loss = cross_entropy(judge(p, fakes(p, state, x)), 1)
        return loss, {"g_loss": loss}

    for _ in range(2):
        step.phase("d", ["discriminator"], adam, lambda: {"image": draw.uniform(BATCH, *IMAGE)} | g_inputs(), d_loss)
        step.phase("g", ["mapping", "synthesis"], adam, g_inputs, g_loss)
    step.write(folder / "stylegan.safetensors")
