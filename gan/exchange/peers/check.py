"""check.py FOLDER: loads what gangpu exported into FOLDER into Keras, ONNX Runtime and safetensors, compares their outputs
with gangpu's in FOLDER/outputs.safetensors, and saves a GAN by Keras to FOLDER/keras, with its outputs, for gangpu to import."""

import os
import pathlib
import sys
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")
warnings.filterwarnings("ignore")

import keras
import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file, save_file

from tutorial import define_discriminator, define_gan, define_generator

TOLERANCE = 1e-5
# A norm divides by what may be small, so that the last bits of its input count for more. The same holds for gangpu verify.
TOLERANCE_NORMS = 1e-4
NORMS = {"ReduceMean", "InstanceNormalization", "BatchNormalization"}
folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(1)


def compare(what, got, want, tolerance=TOLERANCE):
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        sys.exit(f"{what}: shape {got.shape}, want {want.shape}")
    worst = (np.abs(got - want) / np.maximum(1, np.abs(want))).max()
    print(f"{what:60} off by {worst:.1e}", flush=True)
    if not worst <= tolerance:
        sys.exit(f"{what}: off by {worst}, at most {tolerance} is allowed")


def compare_networks(what, generator, discriminator, expected):
    images = generator(expected["noise"])
    compare(f"{what}: generator", images, expected["images"])
    compare(f"{what}: discriminator", discriminator(expected["images"]), expected["probabilities"])


def scramble(*networks):
    """Biases begin at zero; here nothing may be told by its value."""
    for network in networks:
        for w in network.weights:
            w.assign(w + random.normal(0, 0.05, w.shape))


def tutorial():
    generator, discriminator = define_generator(), define_discriminator()
    return generator, discriminator, define_gan(generator, discriminator)


def check_keras(expected):
    for name in "gan.h5", "gan.weights.h5":
        generator, discriminator, gan = tutorial()
        gan.load_weights(folder / name)
        compare_networks(f"Keras, load_weights of {name}", generator, discriminator, expected)
    for end in ".h5", ".weights.h5":
        generator, discriminator, _ = tutorial()
        generator.load_weights(folder / ("generator" + end))
        discriminator.load_weights(folder / ("discriminator" + end))
        compare_networks(f"Keras, load_weights of generator{end}", generator, discriminator, expected)
    generator, discriminator = keras.models.load_model(folder / "gan.h5", compile=False).layers
    compare_networks("Keras, load_model of gan.h5", generator, discriminator, expected)
    generator = keras.models.load_model(folder / "generator.h5", compile=False)
    discriminator = keras.models.load_model(folder / "discriminator.h5", compile=False)
    compare_networks("Keras, load_model of generator.h5", generator, discriminator, expected)


def check_odd_keras(expected):
    generator, discriminator = keras.models.load_model(folder / "odd" / "gan.h5", compile=False).layers
    compare_networks("Keras, load_model of odd/gan.h5", generator, discriminator, expected)


def check_use(path):
    """A graph of a model of a game: its outputs are to be gangpu's, of the inputs in NAME.BATCH.safetensors."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    tolerance = TOLERANCE_NORMS if any(node.op_type in NORMS for node in model.graph.node) else TOLERANCE
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for file in sorted(path.parent.glob(f"{path.stem}.*.safetensors")):
        tensors = load_file(file)
        outputs = session.run(None, {i.name: tensors["input/" + i.name] for i in session.get_inputs()})
        for i, y in enumerate(outputs):
            name = f"ONNX Runtime, {path.parent.name}, {file.stem}: {session.get_outputs()[i].name}"
            compare(name, y, tensors[f"output/{i}"], tolerance)


def check_safetensors():
    generator, discriminator, gan = tutorial()
    gan.load_weights(folder / "gan.h5")
    weights = load_file(folder / "weights.safetensors")
    if len(weights) != len(gan.weights):
        sys.exit(f"weights.safetensors holds {sorted(weights)}")
    for network, name in (generator, "generator"), (discriminator, "discriminator"):
        seen = {}
        for layer in network.layers:
            if not layer.weights:
                continue
            kind = {"Dense": "dense", "Conv2D": "conv2d", "Conv2DTranspose": "conv2d_transpose"}[type(layer).__name__]
            n = seen[kind] = seen.get(kind, -1) + 1
            for w in layer.weights:
                compare(f"safetensors: {name}/{kind} {n} {w.name}", weights[f"{name}/{kind}{f'_{n}' if n else ''}/{w.name}"], w)


def save_keras():
    to = folder / "keras"
    to.mkdir()
    generator, discriminator, gan = tutorial()
    gan.optimizer.build(gan.trainable_variables)  # as training does, so that its state is in the files too
    scramble(generator, discriminator)
    gan.save(to / "gan_mnist.h5")
    gan.save(to / "gan.keras")
    gan.save_weights(to / "gan.weights.h5")
    noise = random.standard_normal((9, 100)).astype(np.float32)
    images = np.asarray(generator(noise))
    probabilities = np.asarray(discriminator(images))
    save_file({"noise": noise, "images": images, "probabilities": probabilities}, to / "outputs.safetensors")


expected = load_file(folder / "outputs.safetensors")
odd = load_file(folder / "odd" / "outputs.safetensors")
for path in sorted((folder / "uses").glob("*/*.onnx")):
    check_use(path)
check_safetensors()
check_keras(expected)
check_odd_keras(odd)
save_keras()
