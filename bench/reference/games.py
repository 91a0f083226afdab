"""Writes a reference file for each game: python games.py FOLDER [NAME ...].

A game is a function here: its arrays, its phases, the order in which they run. Another one needs no more than that.
"""

import pathlib
import sys

import jax
import jax.numpy as jnp

from adaptive import write_stylegan
from domains import write_stargan
from drawings import write_drawings
from enlarge import write_srgan, write_srresnet
from growing import write_progan
from large import write_biggan
from layers import (
    Adam,
    RMSProp,
    away,
    class_loss,
    conv,
    conv_transpose,
    cross_entropy,
    dense,
    embedding,
    flatten,
    hinge,
    leaky_relu,
    penalty,
    share,
    slope,
    spectral_norm,
)
from networks import (
    FILTERS,
    IMAGE,
    features,
    features_arrays,
    generator,
    generator_arrays,
    norm_arrays,
    running_arrays,
    score,
)
from pairs import write_cyclegan, write_pix2pix
from step import Draw, Step
from styles import write_stylegan2

BATCH, LATENT, CLASSES = 4, 4, 3


def to_range(images):
    """Images from 0 to 1 as DCGAN's networks have them, from -1 to 1."""
    return 2 * images - 1


def write_dcgan(folder):
    draw = Draw(1)
    trained, states = generator_arrays(draw, LATENT)
    trained |= features_arrays(draw, "discriminator") | norm_arrays(draw, "discriminator/batch_norm", 8)
    trained["discriminator/dense/kernel"] = draw.kernel(128, 1, inputs=128)
    states |= running_arrays(draw, "discriminator/batch_norm", 8)
    settings = {"latent": LATENT, "filters": FILTERS, "loss": "non-saturating", "lr": 0.01, "beta1": 0.5, "ema": 0.9}
    step = Step("dcgan", settings, IMAGE, BATCH, trained, states, averages={"generator": 0.9})
    adam = Adam(0.01, 0.5, 0.999, 1e-8)

    def d_inputs():
        return {"image": draw.uniform(BATCH, *IMAGE), "z": draw.normal(BATCH, LATENT)}

    def judge(p, state, x):
        return score(p, "discriminator", features(p, state, "discriminator", x, "batch"))

    def d_loss(p, state, x):
        real = judge(p, state, to_range(x["image"]))
        fake = judge(p, state, generator(p, state, x["z"]))
        loss = cross_entropy(real, 1) + cross_entropy(fake, 0)
        return loss, {"d_loss": loss, "accuracy_real": share(away(real) > 0), "accuracy_fake": share(away(fake) <= 0)}

    def g_loss(p, state, x):
        loss = cross_entropy(judge(p, state, generator(p, state, x["z"])), 1)
        return loss, {"g_loss": loss}

    for _ in range(2):
        step.phase("d", ["discriminator"], adam, d_inputs, d_loss)
        step.phase("g", ["generator"], adam, lambda: {"z": draw.normal(BATCH, LATENT)}, g_loss)
    step.write(folder / "dcgan.safetensors")


def write_wgan(folder, name, norm, optimizer, penalty_weight, clip, settings):
    draw = Draw(2)
    trained, states = generator_arrays(draw, LATENT)
    trained |= features_arrays(draw, "critic") | norm_arrays(draw, f"critic/{norm}_norm", 8)
    trained["critic/dense/kernel"] = draw.kernel(128, 1, inputs=128)
    if norm == "batch":
        states |= running_arrays(draw, "critic/batch_norm", 8)
    settings = {"latent": LATENT, "filters": FILTERS, "norm": norm, "critic": 2, "lr": 0.01} | settings
    step = Step("wgan", settings, IMAGE, BATCH, trained, states)

    def critic_inputs():
        x = {"image": draw.uniform(BATCH, *IMAGE), "z": draw.normal(BATCH, LATENT)}
        return x | {"t": draw.uniform(BATCH, 1, 1, 1)} if penalty_weight else x

    def critic(p, state, x):
        return score(p, "critic", features(p, state, "critic", x, norm))

    def critic_loss(p, state, x):
        real, fake = to_range(x["image"]), generator(p, state, x["z"])
        of_real = jnp.mean(critic(p, state, real))  # first, as running averages have it
        loss = jnp.mean(critic(p, state, fake)) - of_real
        if not penalty_weight:
            return loss, {"critic_loss": loss}
        between = x["t"] * real + (1 - x["t"]) * fake
        of_slope = penalty(slope(lambda x: critic(p, state, x), between))
        return loss + penalty_weight * of_slope, {"critic_loss": loss, "penalty": of_slope}

    def g_loss(p, state, x):
        loss = -jnp.mean(critic(p, state, generator(p, state, x["z"])))
        return loss, {"g_loss": loss}

    for _ in range(2):
        step.phase("critic", ["critic"], optimizer, critic_inputs, critic_loss, clip)
    step.phase("g", ["generator"], optimizer, lambda: {"z": draw.normal(BATCH, LATENT)}, g_loss)
    step.write(folder / f"{name}.safetensors")


def write_wgan_penalty(folder):
    write_wgan(folder, "wgan-penalty", "layer", Adam(0.01, 0, 0.9, 1e-8), 10, 0, {"penalty": 10})


def write_wgan_clip(folder):
    write_wgan(folder, "wgan-clip", "batch", RMSProp(0.01, 0.99, 1e-8), 0, 0.5, {"clip": 0.5})


def write_acgan(folder, name, arrays, judge, norm, settings, d_loss, g_loss, adam):
    """arrays are the parameters of the discriminator's head. judge are its outputs."""
    draw = Draw(3)
    embedded = 3
    trained, states = generator_arrays(draw, LATENT + embedded)
    trained["generator/embedding/kernel"] = draw.normal(CLASSES, embedded)
    trained |= features_arrays(draw, "discriminator") | arrays(draw)
    if norm == "batch":
        trained |= norm_arrays(draw, "discriminator/batch_norm", 8)
        states |= running_arrays(draw, "discriminator/batch_norm", 8)
    else:
        trained["discriminator/conv2d_1/bias"] = draw.normal(8, deviation=0.2)
        for layer, n in (("conv2d", 4), ("conv2d_1", 8), ("dense", 1)):
            states[f"discriminator/{layer}/u"] = draw.normal(1, n)
    settings = {"latent": LATENT, "embedding": embedded, "filters": FILTERS, "lr": 0.01, "ema": 0.9} | settings
    step = Step("acgan", settings, IMAGE, BATCH, trained, states, CLASSES, {"generator": 0.9})

    def g_inputs():
        return {"z": draw.normal(BATCH, LATENT), "class of fakes": draw.classes(BATCH, CLASSES)}

    def d_inputs():
        return {"image": draw.uniform(BATCH, *IMAGE), "class": draw.classes(BATCH, CLASSES)} | g_inputs()

    def fake(p, state, x):
        of_class = embedding(p, "generator/embedding", x["class of fakes"])
        return generator(p, state, jnp.concatenate([x["z"], of_class], axis=1))

    def judged(p, state, images, classes):
        return judge(p, state, features(p, state, "discriminator", images, norm), classes)

    def of_d(p, state, x):
        real = judged(p, state, to_range(x["image"]), x["class"])
        fakes = judged(p, state, fake(p, state, x), x["class of fakes"])
        loss, metrics = d_loss(real, fakes, x["class"])
        shares = {"accuracy_real": share(away(real[0]) > 0), "accuracy_fake": share(away(fakes[0]) <= 0)}
        return loss, metrics | shares

    def of_g(p, state, x):
        return g_loss(judged(p, state, fake(p, state, x), x["class of fakes"]), x["class of fakes"])

    step.phase("d", ["discriminator"], adam, d_inputs, of_d)
    step.phase("g", ["generator"], adam, g_inputs, of_g)
    step.write(folder / f"{name}.safetensors")


def write_acgan_auxiliary(folder):
    """Odena et al., 2017. The discriminator learns the classes of real images."""
    weight = 0.7

    def arrays(draw):
        return {
            "discriminator/dense/kernel": draw.kernel(128, 1, inputs=128),
            "discriminator/dense/bias": draw.normal(1, deviation=0.2),
            "discriminator/dense_1/kernel": draw.kernel(128, CLASSES, inputs=128),
            "discriminator/dense_1/bias": draw.normal(CLASSES, deviation=0.2),
        }

    def judge(p, state, y, classes):
        return dense(p, "discriminator/dense", flatten(y)), dense(p, "discriminator/dense_1", flatten(y))

    def d_loss(real, fakes, classes):
        loss, of_class = cross_entropy(real[0], 1) + cross_entropy(fakes[0], 0), class_loss(real[1], classes)
        right = share(jnp.argmax(real[1], axis=1) == jnp.argmax(classes, axis=1))
        return loss + weight * of_class, {"d_loss": loss, "d_class_loss": of_class, "accuracy_class": right}

    def g_loss(fakes, classes):
        loss, of_class = cross_entropy(fakes[0], 1), class_loss(fakes[1], classes)
        return loss + weight * of_class, {"g_loss": loss, "g_class_loss": of_class}

    settings = {"class": "auxiliary", "class_weight": weight, "loss": "non-saturating", "beta1": 0.5}
    adam = Adam(0.01, 0.5, 0.999, 1e-8)
    write_acgan(folder, "acgan-auxiliary", arrays, judge, "batch", settings, d_loss, g_loss, adam)


def write_acgan_projection(folder):
    """Miyato and Koyama, 2018, with the hinge loss and spectral norm of Miyato et al., 2018."""

    def arrays(draw):
        return {
            "discriminator/dense/kernel": draw.kernel(8, 1, inputs=8),
            "discriminator/dense/bias": draw.normal(1, deviation=0.2),
            "discriminator/embedding/kernel": draw.normal(CLASSES, 8, deviation=0.1),
        }

    def judge(p, state, y, classes):
        h = jnp.sum(y, axis=(1, 2))
        kernel = spectral_norm(p, state, "discriminator/dense")
        inner = jnp.sum(embedding(p, "discriminator/embedding", classes) * h, axis=1, keepdims=True)
        return (dense(p, "discriminator/dense", h, kernel) + inner,)

    def d_loss(real, fakes, classes):
        loss = hinge(real[0], 1) + hinge(fakes[0], -1)
        return loss, {"d_loss": loss}

    def g_loss(fakes, classes):
        loss = -jnp.mean(fakes[0])
        return loss, {"g_loss": loss}

    settings = {"class": "projection", "loss": "hinge", "spectral": True, "beta1": 0}
    adam = Adam(0.01, 0, 0.999, 1e-8)
    write_acgan(folder, "acgan-projection", arrays, judge, "spectral", settings, d_loss, g_loss, adam)


def write_tutorial(folder):
    """The compact model on 8x8 pixels, conditional (Mirza and Osindero, 2014), with dropout and smoothed labels."""
    draw, image, alpha, rate, smoothing, half = Draw(4), (8, 8, 1), 0.2, 0.4, 0.1, BATCH // 2
    trained = {
        "generator/dense/kernel": draw.kernel(LATENT, 192, inputs=LATENT),
        "generator/class_embedding/kernel": draw.normal(CLASSES, 192, deviation=0.5),
        "generator/conv2d_transpose/kernel": draw.kernel(3, 3, 48, 48, inputs=108),
        "generator/conv2d_transpose_1/kernel": draw.kernel(3, 3, 24, 48, inputs=108),
        "generator/conv2d/kernel": draw.kernel(3, 3, 24, 1, inputs=216),
        "discriminator/conv2d/kernel": draw.kernel(5, 5, 1, 24, inputs=25),
        "discriminator/class_embedding/kernel": draw.normal(CLASSES, 384, deviation=0.5),
        "discriminator/conv2d_1/kernel": draw.kernel(5, 5, 24, 48, inputs=600),
        "discriminator/dense/kernel": draw.kernel(192, 1, inputs=192),
    }
    for name, n in {"generator/dense": 192, "generator/conv2d_transpose": 48, "generator/conv2d_transpose_1": 24,
                    "generator/conv2d": 1, "discriminator/conv2d": 24, "discriminator/conv2d_1": 48,
                    "discriminator/dense": 1}.items():
        trained[name + "/bias"] = draw.normal(n, deviation=0.2)
    settings = {"networks": "compact", "latent": LATENT, "k": 1, "alternation": "every-k", "loss": "non-saturating",
                "conditional": True, "label_smoothing": smoothing, "alpha": alpha, "dropout": rate, "lr": 0.002,
                "lr_d": 0.004, "beta1": 0.5, "beta2": 0.99, "epsilon": 1e-7, "ema": 0.9}
    step = Step("tutorial", settings, image, BATCH, trained, classes=CLASSES, averages={"generator": 0.9})

    def d_inputs():
        return {
            "image": draw.uniform(half, *image), "class": draw.classes(half, CLASSES),
            "z": draw.normal(half, LATENT), "class of fakes": draw.classes(half, CLASSES),
            "discriminator/dropout/mask": draw.mask(BATCH, 4, 4, 24, rate=rate),
        }

    def g_inputs():
        return {
            "z": draw.normal(BATCH, LATENT), "class of fakes": draw.classes(BATCH, CLASSES),
            "discriminator/dropout/mask": draw.mask(BATCH, 4, 4, 24, rate=rate),
        }

    def fake(p, x):
        y = dense(p, "generator/dense", x["z"]) + embedding(p, "generator/class_embedding", x["class of fakes"])
        y = leaky_relu(y, alpha).reshape(-1, 2, 2, 48)
        y = leaky_relu(conv_transpose(p, "generator/conv2d_transpose", y, 2, "SAME"), alpha)
        y = leaky_relu(conv_transpose(p, "generator/conv2d_transpose_1", y, 2, "SAME"), alpha)
        return jax.nn.sigmoid(conv(p, "generator/conv2d", y, 1, "SAME"))

    def judge(p, images, classes, mask):
        y = conv(p, "discriminator/conv2d", images, 2, "SAME")
        y = y + embedding(p, "discriminator/class_embedding", classes).reshape(-1, 4, 4, 24)
        y = leaky_relu(y, alpha) * mask
        y = leaky_relu(conv(p, "discriminator/conv2d_1", y, 2, "SAME"), alpha)
        return dense(p, "discriminator/dense", flatten(y))

    def d_loss(p, state, x):
        mask = x["discriminator/dropout/mask"]
        real = judge(p, x["image"], x["class"], mask[:half])
        fakes = judge(p, fake(p, x), x["class of fakes"], mask[half:])
        loss = (cross_entropy(real, 1 - smoothing) + cross_entropy(fakes, 0)) / 2
        return loss, {"d_loss": loss, "accuracy_real": share(away(real) > 0), "accuracy_fake": share(away(fakes) <= 0)}

    def g_loss(p, state, x):
        loss = cross_entropy(judge(p, fake(p, x), x["class of fakes"], x["discriminator/dropout/mask"]), 1)
        return loss, {"g_loss": loss}

    for_d, for_g = Adam(0.004, 0.5, 0.99, 1e-7), Adam(0.002, 0.5, 0.99, 1e-7)
    step.phase("d", ["discriminator"], for_d, d_inputs, d_loss)
    step.phase("g", ["generator"], for_g, g_inputs, g_loss)
    step.phase("d", ["discriminator"], for_d, d_inputs, d_loss)
    step.write(folder / "tutorial.safetensors")


GAMES = {
    "tutorial": write_tutorial,
    "dcgan": write_dcgan,
    "wgan-penalty": write_wgan_penalty,
    "wgan-clip": write_wgan_clip,
    "acgan-auxiliary": write_acgan_auxiliary,
    "acgan-projection": write_acgan_projection,
    "pix2pix": write_pix2pix,
    "cyclegan": write_cyclegan,
    "stargan": write_stargan,
    "srresnet": write_srresnet,
    "srgan": write_srgan,
    "biggan": write_biggan,
    "progan": write_progan,
    "stylegan": write_stylegan,
    "stylegan2": write_stylegan2,
    "acgan-drawings": write_drawings,
}

if __name__ == "__main__":
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:] or list(GAMES)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        GAMES[name](folder)
        print(name)
