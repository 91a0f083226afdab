"""A step of StyleGAN2 (Karras et al., 2020), at 8x8 pixels: one doubling. Each image is convolved by a kernel of its own."""

import jax
import jax.numpy as jnp
from jax import lax

from layers import Adam, away, convolution, cross_entropy, flatten, leaky_relu, share, slope
from step import Draw, Step

M, S, D = "mapping/", "synthesis/", "discriminator/"
IMAGE, BATCH, LATENT, WIDTH, LAYERS = (8, 8, 3), 4, 3, 4, 4
C0, C1 = 3, 2  # channels of maps of 4 and of 8 pixels
MIXING, R1, R1_EVERY, PATH, PATH_EVERY, PATH_DECAY, DECAY, RATE = 0.75, 2.0, 16, 2.0, 4, 0.25, 0.75, 0.01


def fir(x, up, before, after, down=1, window=(1, 3, 3, 1)):
    """Zeros between and around the pixels, the window down and across, and every down-th sum of it."""
    weights = up * jnp.array(window, jnp.float64) / sum(window)
    for axis in (1, 2):
        edges = [(0, 0, 0)] * 4
        edges[axis] = (before, after + up - 1, up - 1)
        z = lax.pad(x, jnp.array(0.0), edges)
        n = z.shape[axis] - len(window) + 1
        x = sum(w * lax.slice_in_dim(z, k, k + n, axis=axis) for k, w in enumerate(weights))
        x = lax.slice_in_dim(x, 0, n, stride=down, axis=axis)
    return x


def equalised(p, name, x, gain, multiplier=1.0):
    """A dense layer."""
    kernel = multiplier * gain / x.shape[1] ** 0.5 * p[name + "/kernel"]
    return x @ kernel + multiplier * p[name + "/bias"]


def equalised_conv(p, name, x, gain, stride=1, padding="SAME"):
    kernel = p[name + "/kernel"]
    y = convolution(x, gain / (kernel.shape[0] * kernel.shape[1] * kernel.shape[2]) ** 0.5 * kernel, stride, padding)
    return y + p[name + "/bias"] if name + "/bias" in p else y


def mapped(p, state, z):
    """w, which also moves the running average."""
    w = z / jnp.sqrt(jnp.mean(z**2, 1, keepdims=True) + 1e-8)
    for layer in ("dense", "dense_1"):
        w = leaky_relu(equalised(p, M + layer, w, 2**0.5, 0.01), 0.2)
    key = M + "w_average"
    state.after[key] = DECAY * state.after[key] + (1 - DECAY) * jnp.mean(w, 0)
    return w


def mixed(p, state, x, layers=LAYERS):
    """The styles of all layers, where those from a drawn one on may be of the other z."""
    w, other = mapped(p, state, x["z"]), mapped(p, state, x["other z"])
    u = x["crossover"]
    from_ = jnp.where(u < MIXING, 1 + jnp.floor(u / MIXING * (layers - 1)), layers)
    layer = jnp.arange(layers)[None]
    return jnp.where((layer >= from_)[..., None], other[:, None], w[:, None])


def modulated(p, at, n, x, w, enlarge=False, demodulate=True):
    style = equalised(p, f"{at}dense{n}", w, 1.0) + 1
    kernel = p[f"{at}modulated_conv2d{n}/kernel"]
    inputs = x.shape[-1]
    kernel = kernel / (kernel.shape[0] * kernel.shape[1] * inputs) ** 0.5

    def one(image, s):
        k = kernel * (s if enlarge else s[:, None])
        if demodulate:
            squares = jnp.sum(k**2, (0, 1, 3 if enlarge else 2), keepdims=True)
            k = k / jnp.sqrt(squares + 1e-8)
        if not enlarge:
            return convolution(image[None], k, 1, "SAME")[0]
        size = 2 * image.shape[0] + 1
        larger = jax.ShapeDtypeStruct((1, size, size, k.shape[2]), image.dtype)
        (y,) = jax.linear_transpose(lambda z: convolution(z, k, 2, 0), larger)(image[None])
        return y[0]

    y = jax.vmap(one)(x, style)
    return 4 * fir(y, 1, 1, 1) if enlarge else y


def styled(p, at, n, x, w, noise, enlarge=False):
    y = modulated(p, at, n, x, w, enlarge) + p[f"{at}noise_strength{n}"] * noise + p[f"{at}bias{n}"]
    return 2**0.5 * leaky_relu(y, 0.2)


def synthesis(p, x, w):
    y = jnp.broadcast_to(p[S + "constant"], (w.shape[0], 4, 4, C0))
    y = styled(p, S, "", y, w[:, 0], x["synthesis/noise/draw"])
    image = modulated(p, S, "_1", y, w[:, 1], demodulate=False) + p[S + "bias_of_colours"]
    at = S + "block/"
    y = styled(p, at, "", y, w[:, 1], x["synthesis/block/noise/draw"], enlarge=True)
    y = styled(p, at, "_1", y, w[:, 2], x["synthesis/block/noise_1/draw"])
    colours = modulated(p, at, "_2", y, w[:, 3], demodulate=False) + p[at + "bias_of_colours"]
    return fir(image, 2, 2, 1) + colours


def judge(p, x):
    x = leaky_relu(equalised_conv(p, D + "conv2d", x, 2**0.5), 0.2)
    y = leaky_relu(equalised_conv(p, D + "block/conv2d", x, 2**0.5), 0.2)
    y = leaky_relu(equalised_conv(p, D + "block/conv2d_1", fir(y, 1, 2, 2), 1.0, 2, 0), 0.2)
    x = y + equalised_conv(p, D + "block/conv2d_2", fir(x, 1, 1, 1, down=2), 0.5**0.5)
    deviation = jnp.mean(jnp.sqrt(jnp.var(x, 0) + 1e-8))  # one group of all
    x = jnp.concatenate([x, jnp.broadcast_to(deviation, (*x.shape[:3], 1))], 3)
    x = leaky_relu(equalised_conv(p, D + "conv2d_1", x, 2**0.5), 0.2)
    x = leaky_relu(equalised(p, D + "dense", flatten(x), 2**0.5), 0.2)
    return equalised(p, D + "dense_1", x, 1.0)


def arrays(draw):
    """The parameters, whose kernels are normal: layers scale them at use."""

    def dense(name, inputs, outputs, deviation=1.0):
        return {name + "/kernel": draw.normal(inputs, outputs, deviation=deviation), name + "/bias": draw.normal(outputs, deviation=deviation / 2)}

    def conv(name, size, inputs, outputs):
        return {name + "/kernel": draw.normal(size, size, inputs, outputs), name + "/bias": draw.normal(outputs, deviation=0.5)}

    trained = dense(M + "dense", LATENT, WIDTH, 100.0) | dense(M + "dense_1", WIDTH, WIDTH, 100.0)
    trained[S + "constant"] = draw.normal(1, 4, 4, C0)
    layers = [(S, "", C0, C0, 3), (S, "_1", C0, 3, 1), (S + "block/", "", C0, C1, 3), (S + "block/", "_1", C1, C1, 3), (S + "block/", "_2", C1, 3, 1)]
    for at, n, inputs, outputs, size in layers:
        trained |= dense(f"{at}dense{n}", WIDTH, inputs)
        larger = (at, n) == (S + "block/", "")
        trained[f"{at}modulated_conv2d{n}/kernel"] = draw.normal(size, size, *((outputs, inputs) if larger else (inputs, outputs)))
        if size == 1:
            trained[at + "bias_of_colours"] = draw.normal(outputs, deviation=0.5)
        else:
            trained |= {f"{at}noise_strength{n}": draw.normal(1), f"{at}bias{n}": draw.normal(outputs, deviation=0.5)}
    trained |= conv(D + "conv2d", 1, 3, C1) | conv(D + "block/conv2d", 3, C1, C1) | conv(D + "block/conv2d_1", 3, C1, C0)
    trained[D + "block/conv2d_2/kernel"] = draw.normal(1, 1, C1, C0)
    return trained | conv(D + "conv2d_1", 3, C0 + 1, C0) | dense(D + "dense", 16 * C0, C0) | dense(D + "dense_1", C0, 1)


def write_stylegan2(folder):
    draw = Draw(9)
    settings = {
        "latent": LATENT, "styles": WIDTH, "mapping": 2, "filters": 16, "most_filters": C0, "group": 4, "mixing": MIXING, "r1": R1,
        "r1_every": R1_EVERY, "path": PATH, "path_every": PATH_EVERY, "path_decay": PATH_DECAY, "lr": RATE, "ema": 0.9, "styles_decay": DECAY,
    }  # fmt: skip
    states = {M + "w_average": draw.normal(WIDTH)}
    bias = "discriminator/block/conv2d_1/bias"  # in r1 it acts through a deviation alone, which takes it away
    cancelled = [f"r1/{of}/{bias}" for of in ("gradient", "after/adam/m")]
    averages = {"mapping": 0.9, "synthesis": 0.9}
    step = Step("stylegan2", settings, IMAGE, BATCH, arrays(draw), states, averages=averages, cancelled=cancelled)

    def lazy(every):
        c = every / (every + 1)
        return Adam(c * RATE, 0.0, 0.99**c, 1e-8)

    of_d, of_g = lazy(R1_EVERY), lazy(PATH_EVERY)

    def noise(n):
        sides = {"synthesis/noise/draw": 4, "synthesis/block/noise/draw": 8, "synthesis/block/noise_1/draw": 8}
        latent = {"z": draw.normal(n, LATENT), "other z": draw.normal(n, LATENT), "crossover": draw.uniform(n, 1)}
        return latent | {name: draw.normal(n, side, side, 1) for name, side in sides.items()}

    def images():
        return {"image": draw.uniform(BATCH, *IMAGE)}

    def d_loss(p, state, x):
        real, fake = judge(p, 2 * x["image"] - 1), judge(p, synthesis(p, x, mixed(p, state, x)))
        loss = cross_entropy(real, 1) + cross_entropy(fake, 0)
        return loss, {"d_loss": loss, "accuracy_real": share(away(real) > 0), "accuracy_fake": share(away(fake) <= 0)}

    def g_loss(p, state, x):
        loss = cross_entropy(judge(p, synthesis(p, x, mixed(p, state, x))), 1)
        return loss, {"g_loss": loss}

    def r1_loss(p, _, x):
        slopes = slope(lambda image: judge(p, image), 2 * x["image"] - 1)
        penalty = jnp.mean(jnp.sum(flatten(slopes) ** 2, axis=1))
        return R1 / 2 * R1_EVERY * penalty, {"r1": penalty}

    mean = [jnp.array(0.0)]

    def path_loss(p, state, x):
        w = mixed(p, state, x)
        slopes = slope(lambda w: synthesis(p, x, w) * x["direction"] / 8, w)
        lengths = jnp.sqrt(jnp.mean(jnp.sum(slopes**2, 2), 1))
        now = mean[0] + PATH_DECAY * (jnp.mean(lengths) - mean[0])
        penalty = jnp.mean((lengths - now) ** 2)
        return PATH * PATH_EVERY * penalty, {"path_length": jnp.mean(lengths), "path": penalty}

    def path_inputs():
        return noise(BATCH // 2) | {"direction": draw.normal(BATCH // 2, *IMAGE)}

    step.phase("d", ["discriminator"], of_d, lambda: images() | noise(BATCH), d_loss)
    step.phase("g", ["mapping", "synthesis"], of_g, lambda: noise(BATCH), g_loss)
    step.phase("r1", ["discriminator"], of_d, images, r1_loss)
    for name in ("path", "path 2"):
        step.phase("path", ["mapping", "synthesis"], of_g, path_inputs, path_loss)
        length = jnp.asarray(step.tensors[name + "/metric/path_length"][0], jnp.float64)
        mean[0] = mean[0] + PATH_DECAY * (length - mean[0])
    step.write(folder / "stylegan2.safetensors")
