"""Steps of the games that make images of images: pix2pix (Isola et al., 2017) and CycleGAN (Zhu et al., 2017)."""

import jax.numpy as jnp

from layers import (
    Adam,
    away,
    batch_norm,
    conv,
    conv_transpose,
    cross_entropy,
    instance_norm,
    l1,
    leaky_relu,
    least_squares,
    reflect,
    relu,
    share,
)
from networks import norm_arrays, running_arrays
from step import Draw, Step

FIELDS = ["a", "b"]


def to_range(images):
    return 2 * images - 1


def join(*images):
    return jnp.concatenate(images, axis=-1)


def write_pix2pix(folder):
    """A U-Net that halves 16x16 pixels three times, batch norm, a dropout."""
    draw, image, batch, f, rate, weight = Draw(5), (16, 16, 3), 2, 4, 0.5, 3.0
    g, d = "generator/", "discriminator/"
    trained = {
        g + "conv2d/kernel": draw.kernel(4, 4, 3, f, inputs=48),
        g + "conv2d_1/kernel": draw.kernel(4, 4, f, 2 * f, inputs=16 * f),
        g + "conv2d_2/kernel": draw.kernel(4, 4, 2 * f, 4 * f, inputs=32 * f),
        g + "conv2d_transpose/kernel": draw.kernel(4, 4, 2 * f, 4 * f, inputs=16 * f),
        g + "conv2d_transpose_1/kernel": draw.kernel(4, 4, f, 4 * f, inputs=16 * f),
        g + "conv2d_transpose_2/kernel": draw.kernel(4, 4, 3, 2 * f, inputs=8 * f),
        g + "conv2d_transpose_2/bias": draw.normal(3, deviation=0.2),
        d + "conv2d/kernel": draw.kernel(4, 4, 6, f, inputs=96),
        d + "conv2d/bias": draw.normal(f, deviation=0.2),
        d + "conv2d_1/kernel": draw.kernel(4, 4, f, 2 * f, inputs=16 * f),
        d + "conv2d_2/kernel": draw.kernel(4, 4, 2 * f, 1, inputs=32 * f),
        d + "conv2d_2/bias": draw.normal(1, deviation=0.2),
    }
    states = {}
    for name, n in {
        g + "batch_norm": 2 * f,
        g + "batch_norm_1": 2 * f,
        g + "batch_norm_2": f,
        d + "batch_norm": 2 * f,
    }.items():
        trained |= norm_arrays(draw, name, n)
        states |= running_arrays(draw, name, n)
    settings = {
        "direction": "a-to-b",
        "generator": "unet",
        "filters": f,
        "levels": 3,
        "norm": "batch",
        "statistics": "running",
        "padding": "zero",
        "upsampling": "transposed",
        "dropout": rate,
        "d_filters": f,
        "d_layers": 1,
        "init": "normal",
        "loss": "non-saturating",
        "adversarial": 1,
        "l1": weight,
        "lr": 0.01,
        "beta1": 0.5,
    }
    step = Step("pix2pix", settings, image, batch, trained, states, fields=FIELDS)
    adam = Adam(0.01, 0.5, 0.999, 1e-8)
    mask = g + "dropout/mask"

    def inputs():
        x = {name: draw.uniform(batch, *image) for name in FIELDS}
        return x | {mask: draw.mask(batch, 4, 4, 2 * f, rate=rate)}

    def generator(p, state, x):
        first = conv(p, g + "conv2d", to_range(x["a"]), 2, 1)
        second = batch_norm(p, state, g + "batch_norm", conv(p, g + "conv2d_1", leaky_relu(first, 0.2), 2, 1))
        third = conv(p, g + "conv2d_2", leaky_relu(second, 0.2), 2, 1)
        y = batch_norm(p, state, g + "batch_norm_1", conv_transpose(p, g + "conv2d_transpose", relu(third), 2, 1))
        # The mask is not negative: it may come before or after the ReLU, and where it is 0 there is no kink.
        y = join(relu(second), relu(y) * x[mask])
        y = batch_norm(p, state, g + "batch_norm_2", conv_transpose(p, g + "conv2d_transpose_1", y, 2, 1))
        return jnp.tanh(conv_transpose(p, g + "conv2d_transpose_2", relu(join(first, y)), 2, 1))

    def judge(p, state, a, b):
        y = leaky_relu(conv(p, d + "conv2d", join(to_range(a), b), 2, 1), 0.2)
        y = leaky_relu(batch_norm(p, state, d + "batch_norm", conv(p, d + "conv2d_1", y, 1, 1)), 0.2)
        return conv(p, d + "conv2d_2", y, 1, 1)

    def d_loss(p, state, x):
        real, fake = judge(p, state, x["a"], to_range(x["b"])), judge(p, state, x["a"], generator(p, state, x))
        loss = cross_entropy(real, 1) + cross_entropy(fake, 0)
        return loss / 2, {
            "d_loss": loss,
            "accuracy_real": share(away(real) > 0),
            "accuracy_fake": share(away(fake) <= 0),
        }

    def g_loss(p, state, x):
        y = generator(p, state, x)
        distance, adversarial = l1(y, to_range(x["b"])), cross_entropy(judge(p, state, x["a"], y), 1)
        return weight * distance + adversarial, {"l1_loss": distance, "g_loss": adversarial}

    for _ in range(2):
        step.phase("d", ["discriminator"], adam, inputs, d_loss)
        step.phase("g", ["generator"], adam, inputs, g_loss)
    step.write(folder / "pix2pix.safetensors")


class Pool:
    """Earlier images (Shrivastava et al., 2017): places for each of a batch, of which the first are filled first."""

    def __init__(self, batch, places):
        self.images, self.places = [[] for _ in range(batch)], places

    def shown(self, images, swap, place):
        """What a discriminator is shown for images. u [batch, 1] and one-hot places [batch, places] are drawn."""
        shown = []
        for i, kept in enumerate(self.images):
            full = len(kept) == self.places
            shown.append(
                jnp.where(swap[i, 0] < 0.5, jnp.stack(kept)[jnp.argmax(place[i])], images[i]) if full else images[i]
            )
        return jnp.stack(shown)

    def keep(self, images, swap, place):
        for i, kept in enumerate(self.images):
            if len(kept) < self.places:
                kept.append(images[i])
            elif swap[i, 0] < 0.5:
                kept[int(jnp.argmax(place[i]))] = images[i]


def write_cyclegan(folder):
    """Residual generators of one block for 16x16 pixels, instance norm, reflection; pools are filled and used."""
    draw, image, batch, f, places, cycle, identity = Draw(6), (16, 16, 3), 2, 2, 2, 3.0, 0.5
    trained, cancelled = {}, []
    for g in ("generator_ab/", "generator_ba/"):
        sizes = {
            "conv2d": (7, 3, f),
            "conv2d_1": (3, f, 2 * f),
            "conv2d_2": (3, 2 * f, 4 * f),
            "conv2d_3": (3, 4 * f, 4 * f),
            "conv2d_4": (3, 4 * f, 4 * f),
            "conv2d_5": (7, f, 3),
        }
        for name, (k, inputs, outputs) in sizes.items():
            trained[g + name + "/kernel"] = draw.kernel(k, k, inputs, outputs, inputs=k * k * inputs)
            trained[g + name + "/bias"] = draw.normal(outputs, deviation=0.2)
        for name, outputs in {"conv2d_transpose": 2 * f, "conv2d_transpose_1": f}.items():
            trained[g + name + "/kernel"] = draw.kernel(3, 3, outputs, 2 * outputs, inputs=5 * outputs)
            trained[g + name + "/bias"] = draw.normal(outputs, deviation=0.2)
        cancelled += [
            f"{g}{name}/bias" for name in (*sizes, "conv2d_transpose", "conv2d_transpose_1") if name != "conv2d_5"
        ]
    for d in ("discriminator_a/", "discriminator_b/"):
        for name, (inputs, outputs) in {"conv2d": (3, f), "conv2d_1": (f, 2 * f), "conv2d_2": (2 * f, 1)}.items():
            trained[d + name + "/kernel"] = draw.kernel(4, 4, inputs, outputs, inputs=16 * inputs)
            trained[d + name + "/bias"] = draw.normal(outputs, deviation=0.2)
        cancelled.append(d + "conv2d_1/bias")
    settings = {
        "generator": "resnet",
        "filters": f,
        "blocks": 1,
        "norm": "instance",
        "padding": "reflect",
        "upsampling": "transposed",
        "d_filters": f,
        "d_layers": 1,
        "init": "normal",
        "loss": "least-squares",
        "cycle": cycle,
        "identity": identity,
        "pool": batch * places - 1,
        "lr": 0.01,
        "beta1": 0.5,
    }
    step = Step("cyclegan", settings, image, batch, trained, fields=FIELDS, cancelled=cancelled)
    adam = Adam(0.01, 0.5, 0.999, 1e-8)
    pools = {name: Pool(batch, places) for name in FIELDS}

    def generator(p, network, x):
        def layer(name, y, stride=1, padding=0):
            return relu(instance_norm(conv(p, f"{network}/{name}", y, stride, padding)))

        y = layer("conv2d", reflect(x, 3))
        y = layer("conv2d_2", layer("conv2d_1", y, 2, 1), 2, 1)
        z = layer("conv2d_3", reflect(y, 1))
        y = y + instance_norm(conv(p, f"{network}/conv2d_4", reflect(z, 1), 1, 0))
        for name in ("conv2d_transpose", "conv2d_transpose_1"):
            y = relu(instance_norm(conv_transpose(p, f"{network}/{name}", y, 2, (1, 0))))
        return jnp.tanh(conv(p, f"{network}/conv2d_5", reflect(y, 3), 1, 0))

    def judge(p, network, x):
        y = leaky_relu(conv(p, network + "/conv2d", x, 2, 1), 0.2)
        y = leaky_relu(instance_norm(conv(p, network + "/conv2d_1", y, 1, 1)), 0.2)
        return conv(p, network + "/conv2d_2", y, 1, 1)

    def g_loss(p, state, x):
        a, b = to_range(x["a"]), to_range(x["b"])
        to_b, to_a = generator(p, "generator_ab", a), generator(p, "generator_ba", b)
        metrics = {
            "g_ab_loss": least_squares(judge(p, "discriminator_b", to_b), 1),
            "g_ba_loss": least_squares(judge(p, "discriminator_a", to_a), 1),
            "cycle_a_loss": l1(generator(p, "generator_ba", to_b), a),
            "cycle_b_loss": l1(generator(p, "generator_ab", to_a), b),
            "identity_a_loss": l1(generator(p, "generator_ba", a), a),
            "identity_b_loss": l1(generator(p, "generator_ab", b), b),
        }
        weights = {"g": 1, "cycle": cycle, "identity": cycle * identity}
        return sum(weights[name.split("_")[0]] * value for name, value in metrics.items()), metrics

    def g_inputs():
        return {name: draw.uniform(batch, *image) for name in FIELDS}

    last = {}

    def d_inputs():
        x = g_inputs()
        for name in FIELDS:
            x[f"pool/{name}/swap"] = draw.uniform(batch, 1)
            x[f"pool/{name}/place"] = draw.classes(batch, places)
        last.update(x)
        return x

    def fakes(p, x):
        return {
            "a": generator(p, "generator_ba", to_range(x["b"])),
            "b": generator(p, "generator_ab", to_range(x["a"])),
        }

    def draws(x, name):
        return x[f"pool/{name}/swap"], x[f"pool/{name}/place"]

    def d_loss(p, state, x):
        total, metrics, made = 0, {}, fakes(p, x)
        for name in FIELDS:
            real = judge(p, "discriminator_" + name, to_range(x[name]))
            fake = judge(p, "discriminator_" + name, pools[name].shown(made[name], *draws(x, name)))
            loss = least_squares(real, 1) + least_squares(fake, 0)
            metrics |= {
                f"d_{name}_loss": loss,
                f"accuracy_real_{name}": share(away(real, 0.5) > 0.5),
                f"accuracy_fake_{name}": share(away(fake, 0.5) <= 0.5),
            }
            total += loss / 2
        return total, metrics

    for run in range(places + 1):
        if run == 0:
            step.phase("g", ["generator_ab", "generator_ba"], adam, g_inputs, g_loss)
        step.phase("d", ["discriminator_a", "discriminator_b"], adam, d_inputs, d_loss)
        for name, images in fakes(step.trained, last).items():
            pools[name].keep(images, *draws(last, name))
    step.write(folder / "cyclegan.safetensors")
