"""Makes ../testdata: a small GAN of the tutorial's layers as Keras saves it after a step of training, and its outputs."""

import json
import pathlib

import keras
import numpy as np

from tutorial import define_discriminator, define_gan, define_generator

folder = pathlib.Path(__file__).parent.parent / "testdata"
keras.utils.set_random_seed(1)
random = np.random.default_rng(1)
discriminator = define_discriminator((8, 8, 1), (2, 3))
generator = define_generator(5, 2, (3, 2, 4), 8)
gan = define_gan(generator, discriminator)
discriminator.trainable = True
discriminator.train_on_batch(random.random((4, 8, 8, 1)), np.ones((4, 1)))
discriminator.trainable = False
gan.train_on_batch(random.standard_normal((4, 5)), np.ones((4, 1)))
for network in generator, discriminator:  # biases begin at zero
    for w in network.weights:
        w.assign(w + random.normal(0, 0.3, w.shape))

gan.save(folder / "gan_mnist.h5")
gan.save_weights(folder / "gan.weights.h5")
noise = random.standard_normal((3, 5)).astype(np.float32)
images = np.asarray(generator(noise))
outputs = {"noise": noise, "images": images, "probabilities": np.asarray(discriminator(images))}
(folder / "outputs.json").write_text(json.dumps({k: v.ravel().tolist() for k, v in outputs.items()}) + "\n")
