"""Makes steps of a game and writes them as a reference file, which docs/reference-files.md describes.

All is computed in float64. The file has it in float32, whose rounding is a 300th of the least tolerance.
"""

import json
import struct

import jax
import jax.numpy as jnp
import numpy as np

import layers

# How far inputs are from a kink, in units of a layer's root mean square: a hundred times what float32 rounds.
DISTANCE = 1e-4

# The largest result, in elements, that is written.
LARGEST = 1200


class Draw:
    """Random numbers that float32 holds exactly, so that all who read them compute with the same ones."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape, mean=0.0, deviation=1.0):
        return self._exact(mean + deviation * self.rng.standard_normal(shape))

    def kernel(self, *shape, inputs):
        """A kernel that keeps the size of what it is applied to. Its values are coarse, so that a file compresses."""
        return self._exact(np.round(256 * inputs**-0.5 * self.rng.standard_normal(shape)) / 256)

    def uniform(self, *shape, low=0.0, high=1.0):
        return self._exact(self.rng.uniform(low, high, shape))

    def classes(self, batch, n):
        return self._exact(np.eye(n)[self.rng.integers(n, size=batch)])

    def mask(self, *shape, rate):
        """Of a dropout."""
        return self._exact((self.rng.random(shape) >= rate) / (1 - rate))

    def _exact(self, x):
        return jnp.asarray(np.asarray(x, np.float32), jnp.float64)


class Step:
    """The arrays of a game, which phases update, and the file that they go to.

    trained and states are arrays by their names in a model file. averages are the decays of the moving averages of
    networks, which the first phase that trains one updates. fields are the names of the images of a row, if it is not one "image". Results of more than LARGEST
    elements are not written: what comes of them in later phases is. Nor are results of the arrays in cancelled, which a
    norm takes away again: their gradients are rounding errors alone. iteration is how many were made before, of a game of stages.
    """

    def __init__(
        self, system, settings, image, batch, trained, states=None, classes=0, averages=None, fields=None, cancelled=(),
        attributes=0, iteration=0,
    ):
        self.cancelled = tuple(cancelled)
        self.trained, self.states, self.averages = dict(trained), dict(states or {}), averages or {}
        self.average, self.averaging, self.slots, self.updates, self.runs = {}, {}, {}, {}, {}
        self.phases, self.tensors = [], {}
        of_rows = dict(zip(("height", "width", "channels"), image), classes=classes)
        if attributes:
            of_rows["attributes"] = attributes
        if fields:
            of_rows["fields"] = fields
        if iteration:
            of_rows["batch"] = batch  # by which a game counts its stages
        self.metadata = {
            "format": "gangpu-step/1",
            "system": system,
            "settings": json.dumps(settings),
            "train": json.dumps({"batch": batch, "shards": 1, "seed": 1}),
            "input": json.dumps(of_rows),
        }
        if iteration:
            self.metadata["iteration"] = str(iteration)
        for name, value in (self.trained | self.states).items():
            self._add("before/" + name, value)

    def phase(self, name, trains, optimizer, inputs, loss, clip=0.0):
        """Makes a phase once.

        inputs is a function that draws, by name, what the phase is given. loss(parameters, state, inputs) is the loss
        and the numbers that the phase reports, by name; it puts new values of states into state.after. clip is the
        largest magnitude that the phase leaves a parameter.
        """
        self.runs[name] = run = self.runs.get(name, 0) + 1
        at = name if run == 1 else f"{name} {run}"
        self.phases.append(name)
        x = self._drawn(inputs, loss)
        for key, value in x.items():
            self._add(f"{at}/input/{key}", value)

        def of(parameters):
            state = layers.State(self.states)
            value, metrics = loss(self.trained | parameters, state, x)
            return value, (metrics, state.after)

        mine = {key: v for key, v in self.trained.items() if network(key) in trains}
        gradients, (metrics, after) = jax.jit(jax.grad(of, has_aux=True))(mine)
        self.states = {key: after[key] if network(key) in trains else v for key, v in self.states.items()}
        for key, value in metrics.items():
            self._result(f"{at}/metric/{key}", value[None])
        for key, gradient in gradients.items():
            if jnp.any(gradient):
                self._result(f"{at}/gradient/{key}", gradient)
            self._update(at, key, gradient, optimizer, clip)
        for key, value in self.states.items():
            self._result(f"{at}/after/{key}", value)
        for key, value in (mine | self.states).items():
            of = network(key)
            if of in trains and of in self.averages and self.averaging.setdefault(of, name) == name:
                self._average(at, key, run)

    def _drawn(self, inputs, loss):
        for _ in range(1000):
            x = inputs()
            layers.nearest = float("inf")
            loss(self.trained, layers.State(self.states), x)
            if layers.nearest > DISTANCE:
                return x
        raise RuntimeError("no inputs are away from all kinks: make the game smaller")

    def _update(self, at, key, gradient, optimizer, clip):
        slots = [f"{slot}/{key}" for slot in optimizer.slots]
        t = self.updates[slots[0]] = self.updates.get(slots[0], 0) + 1
        if not jnp.any(gradient):
            return  # the loss does not depend on it, but for kinks: it stays, and so does what the optimizer keeps of it
        now = [self.slots.get(slot, jnp.zeros_like(gradient)) for slot in slots]
        value, after = optimizer.update(t, self.trained[key], gradient, *now)
        self.trained[key] = jnp.clip(value, -clip, clip) if clip else value
        self._result(f"{at}/after/{key}", self.trained[key])
        for slot, value in zip(slots, after):
            self.slots[slot] = value
            self._result(f"{at}/after/{slot}", value)

    def _average(self, at, key, run):
        """The mean of all values so far, of which the one u updates ago weighs decay^u."""
        decay, value = self.averages[network(key)], (self.trained | self.states)[key]
        weight = (1 - decay) / (1 - decay**run)
        before = self.average.get(key, jnp.zeros_like(value))
        self.average[key] = before + weight * (value - before)
        self._result(f"{at}/after/average/{key}", self.average[key])

    def _result(self, name, value):
        if value.size <= LARGEST and not name.endswith(self.cancelled):
            self._add(name, value)

    def _add(self, name, value):
        value = np.asarray(value)
        if not np.all(np.isfinite(value)):
            raise RuntimeError(f"{name} is not finite")
        self.tensors[name] = value.astype(np.float32)

    def write(self, path):
        """Writes a safetensors file."""
        header, data = {"__metadata__": self.metadata | {"phases": json.dumps(self.phases)}}, []
        end = 0
        for name, value in self.tensors.items():
            first, end = end, end + value.nbytes
            header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [first, end]}
            data.append(value.tobytes())
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def network(name):
    """The network that an array belongs to."""
    return name.split("/")[0]
