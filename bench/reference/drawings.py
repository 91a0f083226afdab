"""A step of the ACGAN for drawings (Jin et al., 2017), with DRAGAN's penalty (Kodali et al., 2017): three classes and two attributes, 16x16 pixels."""

import jax
import jax.numpy as jnp

from enlarge import shuffle
from layers import Adam, away, batch_norm, conv, cross_entropy, dense, flatten, leaky_relu, penalty, relu, share, slope
from networks import norm_arrays, running_arrays
from step import Draw, Step

G, D = "generator/", "discriminator/"
IMAGE, BATCH, CLASSES, ATTRIBUTES, LATENT, F = (16, 16, 3), 3, 3, 2, 3, 2
TAGS = CLASSES + ATTRIBUTES


def write_drawings(folder):
    draw, weight, of_penalty = Draw(31), 0.7, 0.5
    half = F // 2
    sizes = {
        G + "block/conv2d": (3, F, F), G + "block/conv2d_1": (3, F, F), G + "conv2d": (3, F, F), G + "conv2d_1": (3, F, 4 * F),
        G + "conv2d_2": (3, F, 4 * F), G + "conv2d_3": (3, F, 4 * F), G + "conv2d_4": (9, F, 3),
        D + "conv2d": (4, 3, half), D + "conv2d_1": (4, half, F), D + "conv2d_2": (4, F, 2 * F),
    }
    for block, f in {"block": half, "block_1": half, "block_2": F, "block_3": F}.items():
        sizes |= {f"{D}{block}/conv2d": (3, f, f), f"{D}{block}/conv2d_1": (3, f, f)}
    trained, states = {G + "dense/kernel": draw.kernel(LATENT + TAGS, 4 * F, inputs=LATENT + TAGS), G + "dense/bias": draw.normal(4 * F)}, {}
    for name, (k, i, o) in sizes.items():
        trained[name + "/kernel"], trained[name + "/bias"] = draw.kernel(k, k, i, o, inputs=k * k * i), draw.normal(o, deviation=0.2)
    for name, n in {"dense": 1, "dense_1": TAGS}.items():
        trained[f"{D}{name}/kernel"], trained[f"{D}{name}/bias"] = draw.kernel(8 * F, n, inputs=8 * F), draw.normal(n, deviation=0.2)
    for norm in ("batch_norm", "block/batch_norm", "block/batch_norm_1", *(f"batch_norm_{i}" for i in range(1, 5))):
        trained |= norm_arrays(draw, G + norm, F)
        states |= running_arrays(draw, G + norm, F)
    settings = {"latent": LATENT, "embedding": 0, "filters": F, "class": "auxiliary", "class_weight": weight, "loss": "non-saturating",
                "spectral": False, "lr": 0.01, "beta1": 0.5, "ema": 0.9, "networks": "drawings", "blocks": 1, "penalty": of_penalty}
    # What is the same on all pixels of a channel goes away in the norm behind it.
    cancelled = tuple(f"{G}{at}/bias" for at in ("block/conv2d", "block/conv2d_1", "conv2d"))
    step = Step("acgan", settings, IMAGE, BATCH, trained, states, CLASSES, {"generator": 0.9}, cancelled=cancelled, attributes=ATTRIBUTES)
    adam = Adam(0.01, 0.5, 0.999, 1e-8)

    def generator(p, state, z, tags):
        def normed(name, y):
            return batch_norm(p, state, G + name, y)

        y = dense(p, G + "dense", jnp.concatenate([z, tags], axis=1)).reshape(-1, 2, 2, F)
        first = relu(normed("batch_norm", y))
        z = relu(normed("block/batch_norm", conv(p, G + "block/conv2d", first, 1, 1)))
        y = first + normed("block/batch_norm_1", conv(p, G + "block/conv2d_1", z, 1, 1))
        y = relu(normed("batch_norm_1", conv(p, G + "conv2d", y, 1, 1))) + first
        for i in (1, 2, 3):
            y = relu(normed(f"batch_norm_{i + 1}", shuffle(conv(p, f"{G}conv2d_{i}", y, 1, 1))))
        return jnp.tanh(conv(p, G + "conv2d_4", y, 1, 4))

    def judge(p, x):
        y = leaky_relu(conv(p, D + "conv2d", x, 2, 1), 0.2)
        for i, blocks in enumerate((("block", "block_1"), ("block_2", "block_3"))):
            for block in blocks:
                z = leaky_relu(conv(p, f"{D}{block}/conv2d", y, 1, 1), 0.2)
                y = leaky_relu(y + conv(p, f"{D}{block}/conv2d_1", z, 1, 1), 0.2)
            y = leaky_relu(conv(p, f"{D}conv2d_{i + 1}", y, 2, 1), 0.2)
        y = flatten(y)
        return dense(p, D + "dense", y), dense(p, D + "dense_1", y)

    def tag_loss(logits, tags):
        """A cross-entropy for each tag, added up; the mean over the batch."""
        each = tags * jax.nn.log_sigmoid(logits) + (1 - tags) * jax.nn.log_sigmoid(-logits)
        return -jnp.mean(jnp.sum(each, axis=1))

    def tags_of(x):
        return jnp.concatenate([x["class"], x["attributes"]], axis=1)

    def g_inputs():
        attributes = draw.classes(BATCH, ATTRIBUTES) + draw.classes(BATCH, ATTRIBUTES)
        return {"class": draw.classes(BATCH, CLASSES), "attributes": jnp.minimum(attributes, 1), "z": draw.normal(BATCH, LATENT)}

    def d_inputs():
        return g_inputs() | {"image": draw.uniform(BATCH, *IMAGE), "near": draw.uniform(BATCH, *IMAGE)}

    def d_loss(p, state, x):
        images, has = 2 * x["image"] - 1, tags_of(x)
        wanted = jnp.roll(has, -1, axis=0)
        real, fake = judge(p, images), judge(p, generator(p, state, x["z"], wanted))
        near = images + 0.5 * jnp.std(images) * x["near"]
        of_slope = penalty(slope(lambda x: judge(p, x)[0], near))
        loss = cross_entropy(real[0], 1) + cross_entropy(fake[0], 0)
        of_tags = tag_loss(real[1], has) + tag_loss(fake[1], wanted)
        shares = {"accuracy_real": share(away(real[0]) > 0), "accuracy_fake": share(away(fake[0]) <= 0)}
        return TAGS * loss + weight * of_tags + of_penalty * of_slope, shares | {
            "d_loss": loss, "d_tag_loss": of_tags, "penalty": of_slope}

    def g_loss(p, state, x):
        wanted = tags_of(x)
        score, logits = judge(p, generator(p, state, x["z"], wanted))
        loss, of_tags = cross_entropy(score, 1), tag_loss(logits, wanted)
        return TAGS * loss + weight * of_tags, {"g_loss": loss, "g_tag_loss": of_tags}

    step.phase("d", ["discriminator"], adam, d_inputs, d_loss)
    step.phase("g", ["generator"], adam, g_inputs, g_loss)
    step.phase("d", ["discriminator"], adam, d_inputs, d_loss)
    step.write(folder / "acgan-drawings.safetensors")
