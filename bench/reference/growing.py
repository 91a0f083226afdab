"""A step of ProGAN (Karras et al., 2018), of two classes, while images of 8x8 pixels fade in. The data have 16x16."""

import jax.numpy as jnp

from large import double, halve
from layers import Adam, away, class_loss, convolution, flatten, leaky_relu, penalty, share, slope
from step import Draw, Step

G, D = "generator/", "discriminator/"
IMAGE, BATCH, CLASSES, LATENT, F = (16, 16, 3), 4, 2, 3, 3
RATE, HOLD, FADE, ITERATION = 0.01, 1, 3, 2  # iterations of 4 x 4, of the fade, and made so far
ALPHA = (ITERATION - HOLD) / FADE


def arrays(draw):
    """All kernels are normal, whatever their size, and biases are there as if they had been trained."""
    kernels = {
        G + "maps_4/dense": (LATENT + CLASSES, 16 * F), G + "maps_4/conv2d": (3, 3, F, F),
        G + "maps_8/conv2d": (3, 3, F, F), G + "maps_8/conv2d_1": (3, 3, F, F),
        G + "image_4/conv2d": (1, 1, F, 3), G + "image_8/conv2d": (1, 1, F, 3),
        D + "image_8/conv2d": (1, 1, 3, F), D + "image_4/conv2d": (1, 1, 3, F),
        D + "maps_8/conv2d": (3, 3, F, F), D + "maps_8/conv2d_1": (3, 3, F, F), D + "maps_4/conv2d": (3, 3, F + 1, F),
        D + "maps_4/dense": (16 * F, F), D + "maps_4/dense_1": (F, 1 + CLASSES),
    }
    trained = {G + "maps_4/bias": draw.normal(F, deviation=0.2)}
    for name, shape in kernels.items():
        trained[name + "/kernel"] = draw.normal(*shape)
        if name != G + "maps_4/dense":
            trained[name + "/bias"] = draw.normal(shape[-1], deviation=0.2)
    return trained


def equalised(p, name, gain=2**0.5):
    """The kernel times He's constant, which counts all axes but the last."""
    kernel = p[name + "/kernel"]
    return gain / (kernel.size // kernel.shape[-1]) ** 0.5 * kernel


def conv(p, name, x, gain=2**0.5):
    return convolution(x, equalised(p, name, gain), 1, "SAME") + p[name + "/bias"]


def pixel_norm(x):
    return x / jnp.sqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-8)


def leaky(x):
    return leaky_relu(x, 0.2)


def mixed(a, b):
    return (1 - ALPHA) * a + ALPHA * b


def deviation(x):
    """With a channel that holds the mean over all places of the deviation over the batch, which is one group."""
    of = jnp.mean(jnp.sqrt(jnp.var(x, 0) + 1e-8))
    return jnp.concatenate([x, jnp.full((*x.shape[:3], 1), 1.0) * of], -1)


def generator(p, x):
    z = jnp.concatenate([pixel_norm(x["z"]), x["class of fakes"]], 1)
    y = (z @ equalised(p, G + "maps_4/dense", 2**0.5 / 4)).reshape(-1, 4, 4, F) + p[G + "maps_4/bias"]
    small = pixel_norm(leaky(conv(p, G + "maps_4/conv2d", pixel_norm(leaky(y)))))
    y = pixel_norm(leaky(conv(p, G + "maps_8/conv2d", double(small))))
    y = pixel_norm(leaky(conv(p, G + "maps_8/conv2d_1", y)))
    return mixed(double(conv(p, G + "image_4/conv2d", small, 1)), conv(p, G + "image_8/conv2d", y, 1))


def judge(p, image):
    """Scores, and logits of classes."""
    y = leaky(conv(p, D + "maps_8/conv2d", leaky(conv(p, D + "image_8/conv2d", image))))
    y = leaky(halve(conv(p, D + "maps_8/conv2d_1", y)))
    y = mixed(leaky(conv(p, D + "image_4/conv2d", halve(image))), y)
    y = leaky(conv(p, D + "maps_4/conv2d", deviation(y)))
    y = leaky(flatten(y) @ equalised(p, D + "maps_4/dense") + p[D + "maps_4/dense/bias"])
    y = y @ equalised(p, D + "maps_4/dense_1", 1) + p[D + "maps_4/dense_1/bias"]
    return y[:, :1], y[:, 1:]


def write_progan(folder):
    draw = Draw(31)
    settings = {
        "latent": LATENT, "filters": F, "filters_by_side": 8 * F, "grow": True, "hold": HOLD * BATCH, "fade": FADE * BATCH,
        "batches": "", "rates": "8:0.01", "loss": "wasserstein", "penalty": 10, "drift": 0.001, "labels": 0.5, "lr": 0.5, "ema": 0.9,
    }
    step = Step("progan", settings, IMAGE, BATCH, arrays(draw), {}, CLASSES, {"generator": 0.9}, iteration=ITERATION)
    adam = Adam(RATE, 0, 0.99, 1e-8)

    def g_inputs():
        return {"z": draw.normal(BATCH, LATENT), "class of fakes": draw.classes(BATCH, CLASSES)}

    def d_inputs():
        images = {"image": draw.uniform(BATCH, *IMAGE), "class": draw.classes(BATCH, CLASSES), "t": draw.uniform(BATCH, 1, 1, 1)}
        return images | g_inputs()

    def d_loss(p, state, x):
        image = halve(2 * x["image"] - 1)
        image = mixed(double(halve(image)), image)
        fake = generator(p, x)
        real_scores, real_classes = judge(p, image)
        fake_scores, fake_classes = judge(p, fake)
        between = image + x["t"] * (fake - image)
        values = {
            "d_loss": jnp.mean(fake_scores) - jnp.mean(real_scores),
            "penalty": penalty(slope(lambda of: judge(p, of)[0], between)),
            "drift": jnp.mean(real_scores**2),
            "d_class": class_loss(real_classes, x["class"]) + class_loss(fake_classes, x["class of fakes"]),
        }
        loss = values["d_loss"] + 10 * values["penalty"] + 0.001 * values["drift"] + 0.5 * values["d_class"]
        return loss, values | {"accuracy_real": share(away(real_scores) > 0), "accuracy_fake": share(away(fake_scores) <= 0)}

    def g_loss(p, state, x):
        scores, classes = judge(p, generator(p, x))
        values = {"g_loss": -jnp.mean(scores), "g_class": class_loss(classes, x["class of fakes"])}
        return values["g_loss"] + 0.5 * values["g_class"], values

    for _ in range(2):
        step.phase("d", ["discriminator"], adam, d_inputs, d_loss)
        step.phase("g", ["generator"], adam, g_inputs, g_loss)
    step.write(folder / "progan.safetensors")
