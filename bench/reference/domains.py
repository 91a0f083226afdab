"""A step of StarGAN (Choi et al., 2018)."""

import jax.numpy as jnp

from layers import Adam, away, class_loss, conv, conv_transpose, dense, flatten, leaky_relu, penalty, relu, share, slope
from networks import norm_arrays
from step import Draw, Step

G, D = "generator/", "discriminator/"


def instance_norm(p, name, x):
    """Ulyanov et al., 2016, of each channel of each image."""
    mean, variance = jnp.mean(x, (1, 2), keepdims=True), jnp.var(x, (1, 2), keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * p[name + "/gamma"] + p[name + "/beta"]


def write_stargan(folder):
    """Of three classes, at 8x8 pixels, with one residual block, and a discriminator of two layers."""
    draw, image, batch, classes, f, cycle, weight = Draw(12), (8, 8, 3), 3, 3, 2, 3.0, 0.7
    sizes = {
        G + "conv2d": (7, 3 + classes, f), G + "conv2d_1": (4, f, 2 * f), G + "conv2d_2": (4, 2 * f, 4 * f),
        G + "block/conv2d": (3, 4 * f, 4 * f), G + "block/conv2d_1": (3, 4 * f, 4 * f), G + "conv2d_3": (7, f, 3),
        D + "conv2d": (4, 3, f), D + "conv2d_1": (4, f, 2 * f), D + "conv2d_2": (3, 2 * f, 1),
    }
    trained = {name + "/kernel": draw.kernel(k, k, i, o, inputs=k * k * i) for name, (k, i, o) in sizes.items()}
    for name, outputs in {"conv2d_transpose": 2 * f, "conv2d_transpose_1": f}.items():
        trained[f"{G}{name}/kernel"] = draw.kernel(4, 4, outputs, 2 * outputs, inputs=8 * outputs)
    for name, n in {"instance_norm": f, "instance_norm_1": 2 * f, "instance_norm_2": 4 * f, "block/instance_norm": 4 * f,
                    "block/instance_norm_1": 4 * f, "instance_norm_3": 2 * f, "instance_norm_4": f}.items():
        trained |= norm_arrays(draw, G + name, n)
    trained[D + "conv2d/bias"] = draw.normal(f, deviation=0.2)
    trained[D + "conv2d_1/bias"] = draw.normal(2 * f, deviation=0.2)
    trained[D + "dense/kernel"] = draw.kernel(8 * f, classes, inputs=8 * f)
    settings = {
        "labels": "class", "filters": f, "blocks": 1, "d_filters": f, "critic": 1, "penalty": 10, "class_weight": weight,
        "cycle": cycle, "lr": 0.01,
    }
    step = Step("stargan", settings, image, batch, trained, classes=classes)
    adam = Adam(0.01, 0.5, 0.999, 1e-8)

    def generator(p, x, label):
        def layer(name, norm, y, stride, padding):
            return relu(instance_norm(p, G + norm, conv(p, G + name, y, stride, padding)))

        tiled = jnp.broadcast_to(label[:, None, None, :], (*x.shape[:3], classes))
        y = layer("conv2d", "instance_norm", jnp.concatenate([x, tiled], axis=3), 1, 3)
        y = layer("conv2d_1", "instance_norm_1", y, 2, 1)
        y = layer("conv2d_2", "instance_norm_2", y, 2, 1)
        z = layer("block/conv2d", "block/instance_norm", y, 1, 1)
        y = y + instance_norm(p, G + "block/instance_norm_1", conv(p, G + "block/conv2d_1", z, 1, 1))
        y = relu(instance_norm(p, G + "instance_norm_3", conv_transpose(p, G + "conv2d_transpose", y, 2, 1)))
        y = relu(instance_norm(p, G + "instance_norm_4", conv_transpose(p, G + "conv2d_transpose_1", y, 2, 1)))
        return jnp.tanh(conv(p, G + "conv2d_3", y, 1, 3))

    def judge(p, x):
        y = leaky_relu(conv(p, D + "conv2d", x, 2, 1), 0.01)
        y = leaky_relu(conv(p, D + "conv2d_1", y, 2, 1), 0.01)
        return conv(p, D + "conv2d_2", y, 1, 1), dense(p, D + "dense", flatten(y))

    def right(logits, label):
        return share(jnp.argmax(logits, axis=1) == jnp.argmax(label, axis=1))

    def examples():
        return {"image": draw.uniform(batch, *image), "class": draw.classes(batch, classes)}

    def d_loss(p, state, x):
        real = 2 * x["image"] - 1
        fake = generator(p, real, jnp.roll(x["class"], -1, axis=0))
        scores, logits = judge(p, real)
        between = x["t"] * real + (1 - x["t"]) * fake
        of_slope = penalty(slope(lambda x: judge(p, x)[0], between))
        loss, of_class = jnp.mean(judge(p, fake)[0]) - jnp.mean(scores), class_loss(logits, x["class"])
        metrics = {"d_loss": loss, "penalty": of_slope, "d_class_loss": of_class, "accuracy_class": right(logits, x["class"])}
        return loss + 10 * of_slope + weight * of_class, metrics

    def g_loss(p, state, x):
        real, target = 2 * x["image"] - 1, jnp.roll(x["class"], -1, axis=0)
        fake = generator(p, real, target)
        scores, logits = judge(p, fake)
        of_class = class_loss(logits, target)
        distance = jnp.mean(jnp.abs(away(generator(p, fake, x["class"]) - real)))
        metrics = {"g_loss": -jnp.mean(scores), "g_class_loss": of_class, "cycle_loss": distance}
        return -jnp.mean(scores) + weight * of_class + cycle * distance, metrics | {"accuracy_target": right(logits, target)}

    for _ in range(2):
        step.phase("d", ["discriminator"], adam, lambda: examples() | {"t": draw.uniform(batch, 1, 1, 1)}, d_loss)
        step.phase("g", ["generator"], adam, examples, g_loss)
    # The middle of the first kernel adds the label to all pixels alike, which the norm takes away: its gradient is 0 but for
    # rounding, and Adam makes a step of any size of that.
    for at in ("g", "g 2"):
        del step.tensors[f"{at}/after/{G}conv2d/kernel"]
    step.write(folder / "stargan.safetensors")
