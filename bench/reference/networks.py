"""DCGAN's networks (Radford et al., 2016), for images of 16x16: two levels, kernels of 4x4, no biases beside norms."""

import jax.numpy as jnp

from layers import batch_norm, conv, conv_transpose, flatten, layer_norm, leaky_relu, relu, spectral_norm

IMAGE, FILTERS = (16, 16, 3), 4


def norm_arrays(draw, name, n):
    return {
        name + "/gamma": draw.normal(n, mean=1, deviation=0.2),
        name + "/beta": draw.normal(n, deviation=0.2),
    }


def running_arrays(draw, name, n):
    return {
        name + "/moving_mean": draw.normal(n, deviation=0.3),
        name + "/moving_variance": draw.uniform(n, low=0.5, high=1.5),
    }


def generator_arrays(draw, inputs):
    """Parameters and states of a generator of so many numbers."""
    f, g = FILTERS, "generator/"
    trained = {
        g + "dense/kernel": draw.kernel(inputs, 4 * 4 * 2 * f, inputs=inputs),
        g + "conv2d_transpose/kernel": draw.kernel(4, 4, f, 2 * f, inputs=4 * 2 * f),
        g + "conv2d_transpose_1/kernel": draw.kernel(4, 4, IMAGE[2], f, inputs=4 * f),
    }
    states = {}
    for name, n in ((g + "batch_norm", 2 * f), (g + "batch_norm_1", f)):
        trained |= norm_arrays(draw, name, n)
        states |= running_arrays(draw, name, n)
    return trained, states


def generator(p, state, x):
    y = (x @ p["generator/dense/kernel"]).reshape(-1, 4, 4, 2 * FILTERS)
    y = relu(batch_norm(p, state, "generator/batch_norm", y))
    y = conv_transpose(p, "generator/conv2d_transpose", y, 2, 1)
    y = relu(batch_norm(p, state, "generator/batch_norm_1", y))
    return jnp.tanh(conv_transpose(p, "generator/conv2d_transpose_1", y, 2, 1))


def features_arrays(draw, network):
    f = FILTERS
    return {
        network + "/conv2d/kernel": draw.kernel(4, 4, IMAGE[2], f, inputs=16 * IMAGE[2]),
        network + "/conv2d_1/kernel": draw.kernel(4, 4, f, 2 * f, inputs=16 * f),
    }


def features(p, state, network, x, norm):
    """What a discriminator's convolutions make of images. The norm is "batch", "layer" or "spectral"."""
    first, second = network + "/conv2d", network + "/conv2d_1"
    kernels = [spectral_norm(p, state, name) if norm == "spectral" else None for name in (first, second)]
    y = leaky_relu(conv(p, first, x, 2, 1, kernels[0]), 0.2)
    y = conv(p, second, y, 2, 1, kernels[1])
    if norm == "batch":
        y = batch_norm(p, state, network + "/batch_norm", y)
    elif norm == "layer":
        y = layer_norm(p, network + "/layer_norm", y)
    return leaky_relu(y, 0.2)


def score(p, network, y):
    """A score of each image of its features, [batch, 1]."""
    return flatten(y) @ p[network + "/dense/kernel"]
