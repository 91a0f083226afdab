"""Steps of SRResNet and SRGAN (Ledig et al., 2017)."""

import jax
import jax.numpy as jnp

from layers import Adam, away, batch_norm, conv, cross_entropy, dense, flatten, leaky_relu, share
from networks import norm_arrays, running_arrays
from step import Draw, Step

IMAGE, BATCH, FILTERS, SCALE = (16, 16, 3), 3, 3, 2
G, D = "generator/", "discriminator/"


def resize(x, height, width):
    """By Keys's kernel, stretched where images become smaller."""
    return jax.image.resize(x, (x.shape[0], height, width, x.shape[3]), "cubic", antialias=True)


def low(images):
    """Images from 0 to 1, smaller, as bytes have them."""
    level = 255 * resize(images, IMAGE[0] // SCALE, IMAGE[1] // SCALE) + 0.5
    away(level - jnp.round(level))
    return jnp.clip(jnp.floor(level), 0, 255) / 255


def prelu(p, name, x):
    return jnp.where(away(x) > 0, x, p[name + "/alpha"] * x)


def shuffle(x):
    """Pixels of twice the height and width of channels: of each output channel, four that follow each other."""
    n, h, w, c = x.shape
    return x.reshape(n, h, w, 2, 2, c // 4).transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w, c // 4)


def generator_arrays(draw, normed):
    f = FILTERS
    sizes = {
        "conv2d": (9, 3, f), "block/conv2d": (3, f, f), "block/conv2d_1": (3, f, f), "conv2d_1": (3, f, f),
        "conv2d_2": (3, f, 4 * f), "conv2d_3": (9, f, 3),
    }
    trained, states = {}, {}
    for name, (k, inputs, outputs) in sizes.items():
        trained[G + name + "/kernel"] = draw.kernel(k, k, inputs, outputs, inputs=k * k * inputs)
        if not normed or name in ("conv2d", "conv2d_2", "conv2d_3"):
            trained[G + name + "/bias"] = draw.normal(outputs, deviation=0.2)
    for name in ("prelu", "block/prelu", "prelu_1"):
        trained[f"{G}{name}/alpha"] = draw.uniform(f, low=0.1, high=0.4)
    if normed:
        for name in ("block/batch_norm", "block/batch_norm_1", "batch_norm"):
            trained |= norm_arrays(draw, G + name, f)
            states |= running_arrays(draw, G + name, f)
    return trained, states


def generator(p, state, x, normed):
    def norm(name, y):
        return batch_norm(p, state, G + name, y) if normed else y

    first = prelu(p, G + "prelu", conv(p, G + "conv2d", x, 1, 4))
    y = prelu(p, G + "block/prelu", norm("block/batch_norm", conv(p, G + "block/conv2d", first, 1, 1)))
    y = first + norm("block/batch_norm_1", conv(p, G + "block/conv2d_1", y, 1, 1))
    y = first + norm("batch_norm", conv(p, G + "conv2d_1", y, 1, 1))
    y = prelu(p, G + "prelu_1", shuffle(conv(p, G + "conv2d_2", y, 1, 1)))
    return conv(p, G + "conv2d_3", y, 1, 4)


def settings_of(**other):
    return {"scale": SCALE, "filters": FILTERS, "blocks": 1, "d_filters": 1, "loss": "non-saturating", "lr": 0.01} | other


def inputs_of(draw):
    return lambda: {"image": draw.uniform(BATCH, *IMAGE)}


def write_srresnet(folder):
    """By the squared error, with batch norms."""
    draw = Draw(7)
    trained, states = generator_arrays(draw, True)
    step = Step("srgan", settings_of(norm="batch", pretrain=1), IMAGE, BATCH, trained, states)

    def loss(p, state, x):
        distance = jnp.mean((generator(p, state, low(x["image"]), True) - (2 * x["image"] - 1)) ** 2)
        return distance, {"pixel_loss": distance}

    for _ in range(2):
        step.phase("pixels", ["generator"], Adam(0.01, 0.9, 0.999, 1e-8), inputs_of(draw), loss)
    step.write(folder / "srresnet.safetensors")


def write_srgan(folder):
    """Against the discriminator, without norms, added to the bicubic enlargement."""
    draw, adversarial, pixel = Draw(8), 0.3, 0.7
    trained, states = generator_arrays(draw, False)
    inputs = 3
    for i in range(8):
        name, outputs = D + ("conv2d" if i == 0 else f"conv2d_{i}"), 1 << (i // 2)
        trained[name + "/kernel"] = draw.kernel(3, 3, inputs, outputs, inputs=9 * inputs)
        if i > 0:
            norm = D + ("batch_norm" if i == 1 else f"batch_norm_{i - 1}")
            trained |= norm_arrays(draw, norm, outputs)
            states |= running_arrays(draw, norm, outputs)
        inputs = outputs
    trained[D + "conv2d/bias"] = draw.normal(1, deviation=0.2)
    for name, (inputs, outputs) in {"dense": (8, 16), "dense_1": (16, 1)}.items():
        trained[f"{D}{name}/kernel"] = draw.kernel(inputs, outputs, inputs=inputs)
        trained[f"{D}{name}/bias"] = draw.normal(outputs, deviation=0.2)
    settings = settings_of(norm="none", bicubic=True, pretrain=0, adversarial=adversarial, pixel=pixel)
    step = Step("srgan", settings, IMAGE, BATCH, trained, states)
    adam = Adam(0.01, 0.9, 0.999, 1e-8)

    def larger(p, state, x):
        small = low(x["image"])
        return generator(p, state, small, False) + 2 * resize(small, *IMAGE[:2]) - 1

    def judge(p, state, x):
        y = leaky_relu(conv(p, D + "conv2d", x, 1, 1), 0.2)
        for i in range(1, 8):
            y = conv(p, f"{D}conv2d_{i}", y, 1 + i % 2, 1)
            y = leaky_relu(batch_norm(p, state, D + ("batch_norm" if i == 1 else f"batch_norm_{i - 1}"), y), 0.2)
        return dense(p, D + "dense_1", leaky_relu(dense(p, D + "dense", flatten(y)), 0.2))

    def d_loss(p, state, x):
        real, fake = judge(p, state, 2 * x["image"] - 1), judge(p, state, larger(p, state, x))
        loss = cross_entropy(real, 1) + cross_entropy(fake, 0)
        return loss, {"d_loss": loss, "accuracy_real": share(away(real) > 0), "accuracy_fake": share(away(fake) <= 0)}

    def g_loss(p, state, x):
        y = larger(p, state, x)
        told, distance = cross_entropy(judge(p, state, y), 1), jnp.mean((y - (2 * x["image"] - 1)) ** 2)
        return adversarial * told + pixel * distance, {"g_loss": told, "g_pixel_loss": distance}

    for _ in range(2):
        step.phase("d", ["discriminator"], adam, inputs_of(draw), d_loss)
        step.phase("g", ["generator"], adam, inputs_of(draw), g_loss)
    step.write(folder / "srgan.safetensors")
