"""Layers, losses and optimizers, written from their papers and in float64. Images are [batch, height, width, channels].

Where a function has a kink, the distance of its input from the kink is noted: see away.
"""

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)

# The smallest distance of an input from a kink, in units of the input's root mean square, since it was last set to
# infinity. It is noted where values are known: outside of what is differentiated or compiled.
nearest = float("inf")


def away(x, kink=0.0):
    """x, whose distance from a kink is noted."""
    global nearest
    if not isinstance(x, jax.core.Tracer):
        nearest = min(nearest, float(jnp.min(jnp.abs(x - kink)) / jnp.sqrt(jnp.mean(x * x))))
    return x


class State:
    """Arrays that are not trained: as they are before a phase, and as it leaves them."""

    def __init__(self, before):
        self.before, self.after = before, dict(before)


def bias(y, p, name):
    return y + p[name + "/bias"] if name + "/bias" in p else y


def dense(p, name, x, kernel=None):
    """Of x [batch, in] by a kernel [in, out]."""
    return bias(x @ (p[name + "/kernel"] if kernel is None else kernel), p, name)


def convolution(x, kernel, stride, padding):
    """By a kernel [height, width, in, out].

    A padding is "SAME", as TensorFlow has it, pixels on each side, or a pair of pixels before and after.
    """
    if isinstance(padding, int):
        padding = (padding, padding)
    if isinstance(padding, tuple):
        padding = [padding] * 2
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def conv(p, name, x, stride, padding, kernel=None):
    return bias(convolution(x, p[name + "/kernel"] if kernel is None else kernel, stride, padding), p, name)


def conv_transpose(p, name, x, stride, padding):
    """The adjoint of the convolution with the same kernel [height, width, out, in], which makes x of a larger image."""
    kernel = p[name + "/kernel"]
    batch, h, w, _ = x.shape
    if padding == "SAME":
        h, w = h * stride, w * stride
    else:
        cut = sum(padding) if isinstance(padding, tuple) else 2 * padding
        h, w = (h - 1) * stride + kernel.shape[0] - cut, (w - 1) * stride + kernel.shape[1] - cut
    larger = jax.ShapeDtypeStruct((batch, h, w, kernel.shape[2]), x.dtype)
    (y,) = jax.linear_transpose(lambda image: convolution(image, kernel, stride, padding), larger)(x)
    return bias(y, p, name)


def embedding(p, name, classes):
    """The rows of a kernel [classes, n] for one-hot classes."""
    return p[name + "/kernel"][jnp.argmax(classes, axis=1)]


def batch_norm(p, state, name, x):
    """Ioffe and Szegedy, 2015, in training. The variance is the biased one, in the running average too."""
    axes = tuple(range(x.ndim - 1))
    mean, variance = jnp.mean(x, axes), jnp.var(x, axes)
    for array, value in (("moving_mean", mean), ("moving_variance", variance)):
        key = f"{name}/{array}"
        state.after[key] = 0.9 * state.after[key] + 0.1 * value
    return (x - mean) / jnp.sqrt(variance + 1e-5) * p[name + "/gamma"] + p[name + "/beta"]


def layer_norm(p, name, x):
    """Ba et al., 2016, of the channels of each pixel."""
    mean, variance = jnp.mean(x, -1, keepdims=True), jnp.var(x, -1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * p[name + "/gamma"] + p[name + "/beta"]


def instance_norm(x):
    """Ulyanov et al., 2016, of each channel of each image, without gamma and beta."""
    mean, variance = jnp.mean(x, (1, 2), keepdims=True), jnp.var(x, (1, 2), keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5)


def reflect(x, pixels):
    """Images with so many pixels of their mirror images around them."""
    return jnp.pad(x, [(0, 0), (pixels, pixels), (pixels, pixels), (0, 0)], mode="reflect")


def spectral_norm(p, state, name):
    """The kernel over its largest singular value, by one power step (Miyato et al., 2018, algorithm 1).

    The kernel is the matrix of its last axis against all others. Every application in a phase begins with the same u.
    """
    kernel, u = p[name + "/kernel"], state.before[name + "/u"][0]
    matrix = kernel.reshape(-1, kernel.shape[-1])
    constant = lax.stop_gradient(matrix)
    v = constant @ u
    v = v / jnp.linalg.norm(v)
    u = v @ constant
    u = u / jnp.linalg.norm(u)
    state.after[name + "/u"] = u[None]
    return kernel / (v @ matrix @ u)


def relu(x):
    return jnp.maximum(away(x), 0)


def leaky_relu(x, alpha):
    return jnp.where(away(x) > 0, x, alpha * x)


def flatten(x):
    return x.reshape(x.shape[0], -1)


def slope(scores, x):
    """The gradient with respect to each image of its own score. scores are a function of images."""
    scores(x)  # notes the kinks
    return jax.grad(lambda x: jnp.sum(scores(x)))(x)


# Losses, of scores before any sigmoid.


def cross_entropy(scores, label):
    """Against one label from 0 to 1: -label*log(sigmoid(s)) - (1-label)*log(1-sigmoid(s))."""
    return -jnp.mean(label * jax.nn.log_sigmoid(scores) + (1 - label) * jax.nn.log_sigmoid(-scores))


def least_squares(scores, label):
    return jnp.mean((scores - label) ** 2)


def l1(a, b):
    return jnp.mean(jnp.abs(away(a - b)))


def hinge(scores, label):
    """max(0, 1 - label*s), for a label of 1 or -1."""
    return jnp.mean(jnp.maximum(away(1 - label * scores), 0))


def class_loss(logits, classes):
    return -jnp.mean(jnp.sum(classes * jax.nn.log_softmax(logits), axis=1))


def penalty(slopes):
    """Gulrajani et al., 2017, equation 3."""
    return jnp.mean((jnp.sqrt(jnp.sum(flatten(slopes) ** 2, axis=1)) - 1) ** 2)


def share(true):
    return jnp.mean(jnp.where(true, 1.0, 0.0))


# Optimizers. update gives the new parameter and state, of the t-th update, from 1.


class Adam:
    """Kingma and Ba, 2015, the form at the end of section 2."""

    slots = ("adam/m", "adam/v")

    def __init__(self, rate, beta1, beta2, epsilon):
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon

    def update(self, t, parameter, gradient, m, v):
        m = self.beta1 * m + (1 - self.beta1) * gradient
        v = self.beta2 * v + (1 - self.beta2) * gradient**2
        rate = self.rate * jnp.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        return parameter - rate * m / (jnp.sqrt(v) + self.epsilon), (m, v)


class RMSProp:
    """Tieleman and Hinton, 2012, with epsilon beside the root."""

    slots = ("rmsprop/v",)

    def __init__(self, rate, decay, epsilon):
        self.rate, self.decay, self.epsilon = rate, decay, epsilon

    def update(self, t, parameter, gradient, v):
        v = self.decay * v + (1 - self.decay) * gradient**2
        return parameter - self.rate * gradient / (jnp.sqrt(v) + self.epsilon), (v,)
