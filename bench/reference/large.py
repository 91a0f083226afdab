"""A step of BigGAN (Brock et al., 2019), of three classes, at 16x16 pixels: two blocks in the generator, three in the discriminator."""

import jax
import jax.numpy as jnp

from layers import Adam, away, conv, dense, embedding, hinge, relu, share, spectral_norm
from networks import norm_arrays, running_arrays
from step import Draw, Step

G, D = "generator/", "discriminator/"
IMAGE, BATCH, CLASSES, LATENT, EMBEDDED, F = (16, 16, 3), 4, 3, 2, 3, 1
WIDTH, RATE = 4 * F, 0.01


def kernels():
    """Shapes of all kernels that are divided by their largest singular value, and which of them have biases."""
    condition = EMBEDDED + LATENT
    sizes = {G + "dense": (LATENT, 16 * WIDTH), G + "conv2d": (3, 3, WIDTH, 3)}
    unbiased = {D + "dense_1": (CLASSES, WIDTH)}
    for block in ("block", "block_1"):
        at = f"{G}{block}/conv2d"
        sizes |= {at: (3, 3, WIDTH, WIDTH), at + "_1": (3, 3, WIDTH, WIDTH), at + "_2": (1, 1, WIDTH, WIDTH)}
        unbiased |= {f"{G}{block}/dense{i}": (condition, WIDTH) for i in ("", "_1", "_2", "_3")}
    for block, inputs in {"block": 3, "block_1": WIDTH, "block_2": WIDTH}.items():
        at = f"{D}{block}/conv2d"
        sizes |= {at: (3, 3, inputs, WIDTH), at + "_1": (3, 3, WIDTH, WIDTH)}
        if block != "block_2":
            sizes[at + "_2"] = (1, 1, inputs, WIDTH)
    sizes[D + "dense"] = (WIDTH, 1)
    for network in (G, D):  # queries, keys, values, and what is added
        at = network + "attention/conv2d"
        unbiased |= {at: (1, 1, WIDTH, 1), at + "_1": (1, 1, WIDTH, 1), at + "_2": (1, 1, WIDTH, 2), at + "_3": (1, 1, 2, WIDTH)}
    return sizes, unbiased


def halve(x):
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def double(x):
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def largest(x):
    """Of each two by two pixels. The difference to the second largest is a distance from a kink."""
    b, h, w, c = x.shape
    four = jnp.sort(x.reshape(b, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(b, h // 2, w // 2, c, 4))
    away(four[..., 3] - four[..., 2])
    return four[..., 3]


def write_biggan(folder):
    draw = Draw(21)
    sizes, unbiased = kernels()
    trained, states = {}, {}
    for name, shape in (sizes | unbiased).items():
        trained[name + "/kernel"] = draw.normal(*shape, deviation=0.5)
        states[name + "/u"] = draw.normal(1, shape[-1])
        if name in sizes:
            trained[name + "/bias"] = draw.normal(shape[-1], deviation=0.2)
    trained[G + "embedding/kernel"] = draw.normal(CLASSES, EMBEDDED)
    trained[G + "attention/gamma"], trained[D + "attention/gamma"] = draw.normal(1), draw.normal(1)
    trained |= norm_arrays(draw, G + "batch_norm", WIDTH)
    states |= running_arrays(draw, G + "batch_norm", WIDTH)
    for block in ("block", "block_1"):
        for norm in ("batch_norm", "batch_norm_1"):
            states |= running_arrays(draw, f"{G}{block}/{norm}", WIDTH)
    settings = {"latent": LATENT, "embedding": EMBEDDED, "filters": F, "attention": 8, "d_steps": 2, "lr": RATE, "lr_d": RATE, "ema": 0.9}
    # A constant on all pixels goes away in the norm behind it.
    cancelled = tuple(f"{G}{at}/bias" for at in ("block/conv2d", "block_1/conv2d", "block_1/conv2d_1", "block_1/conv2d_2"))
    step = Step("biggan", settings, IMAGE, BATCH, trained, states, CLASSES, {"generator": 0.9}, cancelled=cancelled)
    adam = Adam(RATE, 0, 0.999, 1e-6)

    def convolved(p, state, name, x):
        size = p[name + "/kernel"].shape[0]
        return conv(p, name, x, 1, size // 2, spectral_norm(p, state, name))

    def linear(p, state, name, x):
        return dense(p, name, x, spectral_norm(p, state, name))

    def normed(p, state, name, x):
        """Without gamma and beta."""
        mean, variance = jnp.mean(x, (0, 1, 2)), jnp.var(x, (0, 1, 2))
        for array, value in (("moving_mean", mean), ("moving_variance", variance)):
            key = f"{name}/{array}"
            state.after[key] = 0.9 * state.after[key] + 0.1 * value
        return (x - mean) / jnp.sqrt(variance + 1e-5)

    def attended(p, state, at, x):
        b, h, w, c = x.shape
        theta = convolved(p, state, at + "conv2d", x).reshape(b, h * w, -1)
        phi = largest(convolved(p, state, at + "conv2d_1", x)).reshape(b, h * w // 4, -1)
        g = largest(convolved(p, state, at + "conv2d_2", x)).reshape(b, h * w // 4, -1)
        weights = jax.nn.softmax(jnp.einsum("bik,bjk->bij", theta, phi), axis=2)
        y = jnp.einsum("bij,bjk->bik", weights, g).reshape(b, h, w, -1)
        return p[at + "gamma"] * convolved(p, state, at + "conv2d_3", y) + x

    def generator(p, state, x):
        class_ = embedding(p, G + "embedding", x["class of fakes"])
        parts = [x["z"][:, i * LATENT : (i + 1) * LATENT] for i in range(3)]
        y = linear(p, state, G + "dense", parts[0]).reshape(-1, 4, 4, WIDTH)
        for i, block in enumerate(("block/", "block_1/")):
            condition, before = jnp.concatenate([class_, parts[i + 1]], axis=1), y
            for k, norm in enumerate(("batch_norm", "batch_norm_1")):
                gain, bias = (linear(p, state, f"{G}{block}dense{n}", condition)[:, None, None] for n in (("", "_1"), ("_2", "_3"))[k])
                y = relu(normed(p, state, G + block + norm, y) * (1 + gain) + bias)
                y = convolved(p, state, f"{G}{block}conv2d{('', '_1')[k]}", double(y) if k == 0 else y)
            y = y + convolved(p, state, f"{G}{block}conv2d_2", double(before))
            if i == 0:
                y = attended(p, state, G + "attention/", y)
        y = normed(p, state, G + "batch_norm", y) * p[G + "batch_norm/gamma"] + p[G + "batch_norm/beta"]
        return jnp.tanh(convolved(p, state, G + "conv2d", relu(y)))

    def judge(p, state, x, classes):
        for i, block in enumerate(("block/", "block_1/", "block_2/")):
            short = x
            y = convolved(p, state, D + block + "conv2d", x if i == 0 else relu(x))
            y = convolved(p, state, D + block + "conv2d_1", relu(y))
            if i < 2:
                short, y = halve(convolved(p, state, D + block + "conv2d_2", short)), halve(y)
            x = y + short
            if i == 0:
                x = attended(p, state, D + "attention/", x)
        h = jnp.sum(relu(x), axis=(1, 2))
        inner = jnp.sum(linear(p, state, D + "dense_1", classes) * h, axis=1, keepdims=True)
        return linear(p, state, D + "dense", h) + inner

    def g_inputs():
        return {"z": draw.normal(BATCH, 3 * LATENT), "class of fakes": draw.classes(BATCH, CLASSES)}

    def d_inputs():
        return {"image": draw.uniform(BATCH, *IMAGE), "class": draw.classes(BATCH, CLASSES)} | g_inputs()

    def d_loss(p, state, x):
        real = judge(p, state, 2 * x["image"] - 1, x["class"])
        fake = judge(p, state, generator(p, state, x), x["class of fakes"])
        loss = hinge(real, 1) + hinge(fake, -1)
        return loss, {"d_loss": loss, "accuracy_real": share(away(real) > 0), "accuracy_fake": share(away(fake) <= 0)}

    def g_loss(p, state, x):
        loss = -jnp.mean(judge(p, state, generator(p, state, x), x["class of fakes"]))
        return loss, {"g_loss": loss}

    for _ in range(2):
        step.phase("d", ["discriminator"], adam, d_inputs, d_loss)
    step.phase("g", ["generator"], adam, g_inputs, g_loss)
    step.write(folder / "biggan.safetensors")
