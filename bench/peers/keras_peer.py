"""Times the tutorial's iteration as the tutorial writes it: Keras models and train_on_batch."""

import common

o = common.options(
    __doc__,
    backend=dict(choices=["tensorflow", "jax", "torch"], default="tensorflow"),
    device=dict(choices=["cpu", "cuda"], default="cpu"),
    precision=dict(choices=["fp32", "tf32"], default="fp32", help="of TensorFlow's products and convolutions on a GPU"),
)

import os

os.environ["KERAS_BACKEND"] = o.backend
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if o.device == "cpu":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
from keras import layers

versions = {"keras": keras.__version__}
description = ""
if o.backend == "tensorflow":
    import tensorflow as tf

    versions["tensorflow"] = tf.__version__
    tf.config.threading.set_intra_op_parallelism_threads(common.cores())
    tf.config.experimental.enable_tensor_float_32_execution(o.precision == "tf32")
else:
    versions[o.backend] = __import__(o.backend).__version__


def adam():
    return keras.optimizers.Adam(common.LEARNING_RATE, beta_1=common.BETA1, beta_2=common.BETA2, epsilon=common.EPSILON)


discriminator = keras.Sequential([
    layers.Input((28, 28, 1)),
    layers.Conv2D(32, 3, strides=2, padding="same"),
    layers.LeakyReLU(negative_slope=common.ALPHA),
    layers.Dropout(common.DROPOUT),
    layers.Conv2D(64, 3, strides=2, padding="same"),
    layers.LeakyReLU(negative_slope=common.ALPHA),
    layers.Flatten(),
    layers.Dense(1, activation="sigmoid"),
])
discriminator.compile(loss="binary_crossentropy", optimizer=adam(), metrics=["accuracy"])

generator = keras.Sequential([
    layers.Input((common.LATENT,)),
    layers.Dense(64 * 7 * 7),
    layers.LeakyReLU(negative_slope=common.ALPHA),
    layers.Reshape((7, 7, 64)),
    layers.Conv2DTranspose(64, 3, strides=2, padding="same"),
    layers.LeakyReLU(negative_slope=common.ALPHA),
    layers.Conv2DTranspose(32, 3, strides=2, padding="same"),
    layers.LeakyReLU(negative_slope=common.ALPHA),
    layers.Conv2D(1, 28, padding="same", activation="sigmoid"),
])

gan = keras.Sequential([generator, discriminator])
gan.compile(loss="binary_crossentropy", optimizer=adam())

half = o.batch // 2
images = common.pixels()[..., None]
rng = np.random.default_rng(1)


def noise(n):
    return rng.standard_normal((n, common.LATENT), dtype=np.float32)


def d_step():
    discriminator.trainable = True
    real = images[rng.integers(0, len(images), half)].astype(np.float32) / 255
    fake = generator.predict_on_batch(noise(half))
    labels = np.concatenate([np.ones((half, 1), np.float32), np.zeros((half, 1), np.float32)])
    discriminator.train_on_batch(np.concatenate([real, np.asarray(fake)]), labels)


def g_step():
    discriminator.trainable = False
    gan.train_on_batch(noise(o.batch), np.ones((o.batch, 1), np.float32))


samples = common.measure(o, d_step, g_step)  # train_on_batch waits: it returns the loss
card = dict(device="cuda:0", description="GPU", precision=o.precision) if o.device == "cuda" else {}
common.report(o, f"Keras, train_on_batch, {dict(tensorflow='TensorFlow', jax='JAX', torch='PyTorch')[o.backend]}", versions, samples, **card)
