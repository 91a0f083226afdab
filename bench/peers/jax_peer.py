"""Times the tutorial's iteration in JAX: each training step one jitted function, or with --cycle a D step and the G
steps of its k iterations together."""

import common

o = common.options(
    __doc__,
    cycle=dict(action="store_true", help="one jitted function of k iterations"),
    toeplitz=dict(action="store_true", help="the 28x28 convolution as a product with a Toeplitz matrix"),
    device=dict(choices=["cpu", "cuda"], default="cpu"),
    precision=dict(choices=["fp32", "tf32"], default="fp32", help="of products and convolutions on a GPU"),
)

import os

os.environ["JAX_PLATFORMS"] = o.device

from functools import partial

import jax
import jax.numpy as jnp
import numpy
from jax import lax

if o.device == "cuda":
    jax.config.update("jax_default_matmul_precision", {"fp32": "highest", "tf32": "tensorfloat32"}[o.precision])

half = o.batch // 2
NHWC = ("NHWC", "HWIO", "NHWC")


def leaky_relu(x):
    return jnp.where(x > 0, x, common.ALPHA * x)


def conv(x, p, stride):
    return lax.conv_general_dilated(x, p["kernel"], (stride, stride), "SAME", dimension_numbers=NHWC) + p["bias"]


def conv_transpose(x, p):
    return lax.conv_transpose(x, p["kernel"], (2, 2), "SAME", dimension_numbers=NHWC) + p["bias"]


def toeplitz(x, p):
    """The same as conv(x, p, 1), as one product: T[iy, ix, c, oy, ox] = kernel[iy-oy+13, ix-ox+13, c]."""
    i, out = numpy.arange(28)[:, None], numpy.arange(28)[None]
    tap = i - out + 13
    tap = numpy.where((tap >= 0) & (tap < 28), tap, 28)  # 28 is the zero that is padded
    kernel = jnp.pad(p["kernel"][..., 0], ((0, 1), (0, 1), (0, 0)))
    t = kernel[tap[:, :, None, None], tap[None, None]]  # iy, oy, ix, ox, c
    t = t.transpose(0, 2, 4, 1, 3).reshape(28 * 28 * 32, 28 * 28)
    return (x.reshape(len(x), -1) @ t).reshape(-1, 28, 28, 1) + p["bias"]


def generate(g, z):
    x = leaky_relu(z @ g["dense"]["kernel"] + g["dense"]["bias"]).reshape(-1, 7, 7, 64)
    x = leaky_relu(conv_transpose(x, g["up1"]))
    x = leaky_relu(conv_transpose(x, g["up2"]))
    return jax.nn.sigmoid(toeplitz(x, g["out"]) if o.toeplitz else conv(x, g["out"], 1))


def discriminate(d, x, key):
    x = leaky_relu(conv(x, d["conv1"], 2))
    keep = jax.random.bernoulli(key, 1 - common.DROPOUT, x.shape)
    x = jnp.where(keep, x / (1 - common.DROPOUT), 0)
    x = leaky_relu(conv(x, d["conv2"], 2))
    return x.reshape(len(x), -1) @ d["dense"]["kernel"] + d["dense"]["bias"]


def bce(logits, labels):
    return jnp.mean(jnp.maximum(logits, 0) - logits * labels + jnp.log1p(jnp.exp(-jnp.abs(logits))))


def adam(parameters, gradients, state):
    t = state["t"] + 1
    rate = common.LEARNING_RATE * jnp.sqrt(1 - common.BETA2**t) / (1 - common.BETA1**t)
    m = jax.tree.map(lambda m, g: common.BETA1 * m + (1 - common.BETA1) * g, state["m"], gradients)
    v = jax.tree.map(lambda v, g: common.BETA2 * v + (1 - common.BETA2) * g * g, state["v"], gradients)
    updated = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + common.EPSILON), parameters, m, v)
    return updated, {"t": t, "m": m, "v": v}


def d_update(d, g, state, images, key):
    key, k1, k2, k3 = jax.random.split(key, 4)
    real = images[jax.random.randint(k1, (half,), 0, len(images))].astype(jnp.float32) / 255
    x = jnp.concatenate([real[..., None], generate(g, jax.random.normal(k2, (half, common.LATENT)))])
    labels = jnp.concatenate([jnp.ones((half, 1)), jnp.zeros((half, 1))])
    loss, gradients = jax.value_and_grad(lambda d: bce(discriminate(d, x, k3), labels))(d)
    return *adam(d, gradients, state), key, loss


def g_update(g, d, state, key):
    key, k1, k2 = jax.random.split(key, 3)
    z = jax.random.normal(k1, (o.batch, common.LATENT))
    loss, gradients = jax.value_and_grad(lambda g: bce(discriminate(d, generate(g, z), k2), 1.0))(g)
    return *adam(g, gradients, state), key, loss


@partial(jax.jit, donate_argnums=(0, 1, 2, 3, 5))
def both(d, g, state_d, state_g, images, key):
    d, state_d, key, _ = d_update(d, g, state_d, images, key)
    for _ in range(common.K):
        g, state_g, key, loss = g_update(g, d, state_g, key)
    return d, g, state_d, state_g, key, loss


d_update, g_update = (jax.jit(f, donate_argnums=(0, 2)) for f in (d_update, g_update))


def network(rng, **layers):
    """Glorot-uniform kernels and zero biases of (kernel shape, outputs)."""
    made = {}
    for name, shape in layers.items():
        fan = numpy.prod(shape[:-2]) * (shape[-2] + shape[-1])
        limit = (6 / fan) ** 0.5
        made[name] = {"kernel": jnp.asarray(rng.uniform(-limit, limit, shape), jnp.float32), "bias": jnp.zeros(shape[-1])}
    return made


rng = numpy.random.default_rng(1)
G = network(rng, dense=(common.LATENT, 64 * 7 * 7), up1=(3, 3, 64, 64), up2=(3, 3, 64, 32), out=(28, 28, 32, 1))
D = network(rng, conv1=(3, 3, 1, 32), conv2=(3, 3, 32, 64), dense=(64 * 7 * 7, 1))
if o.toeplitz:
    x = jnp.asarray(rng.normal(size=(2, 28, 28, 32)), jnp.float32)
    numpy.testing.assert_allclose(toeplitz(x, G["out"]), conv(x, G["out"], 1), rtol=1e-2, atol=1e-3)
state_g, state_d = ({"t": jnp.zeros((), jnp.int32), "m": jax.tree.map(jnp.zeros_like, p), "v": jax.tree.map(jnp.zeros_like, p)} for p in (G, D))
images = jnp.asarray(common.pixels())
key, loss = jax.random.key(1), None


def d_step():
    global D, G, state_d, state_g, key, loss
    if o.cycle:
        D, G, state_d, state_g, key, loss = both(D, G, state_d, state_g, images, key)
    else:
        D, state_d, key, loss = d_update(D, G, state_d, images, key)


def g_step():
    global G, state_g, key, loss
    if not o.cycle:
        G, state_g, key, loss = g_update(G, D, state_g, key)


samples = common.measure(o, d_step, g_step, lambda: jax.block_until_ready((G, D, loss)))
card = {}
if o.device == "cuda":
    gpu = jax.devices()[0]
    card = dict(device="cuda:0", description=gpu.device_kind, precision=o.precision, device_memory=gpu.memory_stats()["peak_bytes_in_use"])
common.report(o, "JAX, jit" + ", one function a cycle" * o.cycle + ", Toeplitz product" * o.toeplitz, {"jax": jax.__version__}, samples, **card)
