"""Makes ../testdata/keras-2.0.5.h5 of ../testdata/gan_mnist.h5: the same GAN, as Keras 2.0.5 saved a model whose
floatx is float64, here by a machine of the other byte order. That Keras needs a Python and a TensorFlow that are no
longer to be had, so this follows its source: a Sequential's get_config is a list of its layers without a name,
LeakyReLU's alpha is a NumPy array of no dimension, which models.py's get_json_type makes a dictionary, names end in
":0", and lists of strings are bytes of a fixed length."""

import json
import pathlib

import h5py
import numpy as np

folder = pathlib.Path(__file__).parent.parent / "testdata"


def old_config(layer, first_shape=None):
    kind, config = layer["class_name"], layer["config"]
    if kind == "Sequential":
        layers, shape = [], None
        for inner in config["layers"]:
            if inner["class_name"] == "InputLayer":
                shape = inner["config"]["batch_shape"]
                continue
            layers.append(old_config(inner, shape))
            shape = None
        return {"class_name": kind, "config": layers}
    old = {"name": config["name"], "trainable": config["trainable"]}
    if first_shape:
        old |= {"batch_input_shape": first_shape, "dtype": "float64"}
    for key in ("units", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation", "use_bias", "rate"):
        if key in config:
            old[key] = config[key]
    if kind == "LeakyReLU":
        old["alpha"] = {"type": "ndarray", "value": float(np.float32(config["negative_slope"]))}
    if kind == "Reshape":
        old["target_shape"] = [-1] + config["target_shape"][1:]
    return {"class_name": kind, "config": old}


def strings(values):
    return np.array([v.encode() for v in values])


with h5py.File(folder / "gan_mnist.h5") as new, h5py.File(folder / "keras-2.0.5.h5", "w") as old:
    old.attrs["keras_version"] = b"2.0.5"
    old.attrs["backend"] = b"tensorflow"
    old.attrs["model_config"] = json.dumps(old_config(json.loads(new.attrs["model_config"]))).encode()
    weights = old.create_group("model_weights")
    layers = [n.decode() if isinstance(n, bytes) else n for n in new["model_weights"].attrs["layer_names"]]
    weights.attrs["layer_names"] = strings(layers)
    for layer in layers:
        group = weights.create_group(layer)
        names = [n.decode() if isinstance(n, bytes) else n for n in new["model_weights"][layer].attrs["weight_names"]]
        group.attrs["weight_names"] = strings(n.split("/", 1)[1] + ":0" for n in names)
        for name in names:
            group[name.split("/", 1)[1] + ":0"] = new["model_weights"][layer][name][()].astype(">f8")
