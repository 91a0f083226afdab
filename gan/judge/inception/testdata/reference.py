"""Writes a small Inception v3 with random weights, and what is to come of images by it, in float64 by PyTorch and SciPy.

    python reference.py network.safetensors expected.safetensors

The network has torchvision's names and a sixteenth of the filters. It is that of FID (Heusel et al., 2017): average pools
do not count the padding, and Mixed_7c pools by the maximum. Needs torch, numpy and scipy.
"""

import json
import struct
import sys

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F

EPSILON, K = 1e-3, 3


class Network:
    """Computes features of images [n, channels, height, width] from 0 to 1."""

    def __init__(self, tensors):
        self.tensors = tensors

    def conv(self, x, name, stride=1, padding=0):
        t = self.tensors
        y = F.conv2d(x, t[name + ".conv.weight"], stride=stride, padding=padding)
        bn = name + ".bn."
        return F.relu(F.batch_norm(y, t[bn + "running_mean"], t[bn + "running_var"], t[bn + "weight"], t[bn + "bias"], eps=EPSILON))

    def chain(self, x, block, *layers):
        for name, *padding in layers:
            x = self.conv(x, f"{block}.{name}", padding=padding[0] if padding else 0)
        return x

    def features(self, x):
        x = x.expand(-1, 3, -1, -1)
        x = 2 * F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False) - 1
        x = self.conv(x, "Conv2d_1a_3x3", stride=2)
        x = self.conv(x, "Conv2d_2a_3x3")
        x = self.conv(x, "Conv2d_2b_3x3", padding=1)
        x = F.max_pool2d(x, 3, 2)
        x = self.conv(x, "Conv2d_3b_1x1")
        x = self.conv(x, "Conv2d_4a_3x3")
        x = F.max_pool2d(x, 3, 2)
        for block in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
            x = torch.cat([
                self.chain(x, block, ["branch1x1"]),
                self.chain(x, block, ["branch5x5_1"], ["branch5x5_2", 2]),
                self.chain(x, block, ["branch3x3dbl_1"], ["branch3x3dbl_2", 1], ["branch3x3dbl_3", 1]),
                self.chain(average(x), block, ["branch_pool"])], 1)
        x = torch.cat([
            self.conv(x, "Mixed_6a.branch3x3", stride=2),
            self.conv(self.chain(x, "Mixed_6a", ["branch3x3dbl_1"], ["branch3x3dbl_2", 1]), "Mixed_6a.branch3x3dbl_3", stride=2),
            F.max_pool2d(x, 3, 2)], 1)
        across, down = (0, 3), (3, 0)
        for block in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
            x = torch.cat([
                self.chain(x, block, ["branch1x1"]),
                self.chain(x, block, ["branch7x7_1"], ["branch7x7_2", across], ["branch7x7_3", down]),
                self.chain(x, block, ["branch7x7dbl_1"], ["branch7x7dbl_2", down], ["branch7x7dbl_3", across],
                           ["branch7x7dbl_4", down], ["branch7x7dbl_5", across]),
                self.chain(average(x), block, ["branch_pool"])], 1)
        x = torch.cat([
            self.conv(self.chain(x, "Mixed_7a", ["branch3x3_1"]), "Mixed_7a.branch3x3_2", stride=2),
            self.conv(self.chain(x, "Mixed_7a", ["branch7x7x3_1"], ["branch7x7x3_2", across], ["branch7x7x3_3", down]),
                      "Mixed_7a.branch7x7x3_4", stride=2),
            F.max_pool2d(x, 3, 2)], 1)
        for block in ("Mixed_7b", "Mixed_7c"):
            a = self.chain(x, block, ["branch3x3_1"])
            b = self.chain(x, block, ["branch3x3dbl_1"], ["branch3x3dbl_2", 1])
            pooled = average(x) if block == "Mixed_7b" else F.max_pool2d(x, 3, 1, 1)
            x = torch.cat([
                self.chain(x, block, ["branch1x1"]),
                self.chain(a, block, ["branch3x3_2a", (0, 1)]), self.chain(a, block, ["branch3x3_2b", (1, 0)]),
                self.chain(b, block, ["branch3x3dbl_3a", (0, 1)]), self.chain(b, block, ["branch3x3dbl_3b", (1, 0)]),
                self.chain(pooled, block, ["branch_pool"])], 1)
        return x.mean((2, 3))


def average(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def widths(by):
    """The kernels of the network, [out, in, height, width], with 1/by of the filters."""
    shapes = {}

    def conv(name, inputs, filters, height=1, width=None):
        shapes[name] = (filters // by, inputs if name == "Conv2d_1a_3x3" else inputs // by, height, width or height)

    conv("Conv2d_1a_3x3", 3, 32, 3)
    conv("Conv2d_2a_3x3", 32, 32, 3)
    conv("Conv2d_2b_3x3", 32, 64, 3)
    conv("Conv2d_3b_1x1", 64, 80)
    conv("Conv2d_4a_3x3", 80, 192, 3)
    for block, n, pool in (("Mixed_5b.", 192, 32), ("Mixed_5c.", 256, 64), ("Mixed_5d.", 288, 64)):
        conv(block + "branch1x1", n, 64)
        conv(block + "branch5x5_1", n, 48)
        conv(block + "branch5x5_2", 48, 64, 5)
        conv(block + "branch3x3dbl_1", n, 64)
        conv(block + "branch3x3dbl_2", 64, 96, 3)
        conv(block + "branch3x3dbl_3", 96, 96, 3)
        conv(block + "branch_pool", n, pool)
    conv("Mixed_6a.branch3x3", 288, 384, 3)
    conv("Mixed_6a.branch3x3dbl_1", 288, 64)
    conv("Mixed_6a.branch3x3dbl_2", 64, 96, 3)
    conv("Mixed_6a.branch3x3dbl_3", 96, 96, 3)
    for block, n in (("Mixed_6b.", 128), ("Mixed_6c.", 160), ("Mixed_6d.", 160), ("Mixed_6e.", 192)):
        conv(block + "branch1x1", 768, 192)
        conv(block + "branch7x7_1", 768, n)
        conv(block + "branch7x7_2", n, n, 1, 7)
        conv(block + "branch7x7_3", n, 192, 7, 1)
        conv(block + "branch7x7dbl_1", 768, n)
        conv(block + "branch7x7dbl_2", n, n, 7, 1)
        conv(block + "branch7x7dbl_3", n, n, 1, 7)
        conv(block + "branch7x7dbl_4", n, n, 7, 1)
        conv(block + "branch7x7dbl_5", n, 192, 1, 7)
        conv(block + "branch_pool", 768, 192)
    conv("Mixed_7a.branch3x3_1", 768, 192)
    conv("Mixed_7a.branch3x3_2", 192, 320, 3)
    conv("Mixed_7a.branch7x7x3_1", 768, 192)
    conv("Mixed_7a.branch7x7x3_2", 192, 192, 1, 7)
    conv("Mixed_7a.branch7x7x3_3", 192, 192, 7, 1)
    conv("Mixed_7a.branch7x7x3_4", 192, 192, 3)
    for block, n in (("Mixed_7b.", 1280), ("Mixed_7c.", 2048)):
        conv(block + "branch1x1", n, 320)
        conv(block + "branch3x3_1", n, 384)
        conv(block + "branch3x3_2a", 384, 384, 1, 3)
        conv(block + "branch3x3_2b", 384, 384, 3, 1)
        conv(block + "branch3x3dbl_1", n, 448)
        conv(block + "branch3x3dbl_2", 448, 384, 3)
        conv(block + "branch3x3dbl_3a", 384, 384, 1, 3)
        conv(block + "branch3x3dbl_3b", 384, 384, 3, 1)
        conv(block + "branch_pool", n, 192)
    return shapes


class Drawing(Network):
    """Draws the weights of each layer where it is met: the running statistics are near those of the images that go through,
    so that all layers matter, and most of the biases above 0: elsewhere so many layers of random numbers blow up the rounding."""

    def __init__(self, shapes, rng):
        super().__init__({})
        self.shapes, self.rng = shapes, rng

    def conv(self, x, name, stride=1, padding=0):
        shape, t = self.shapes[name], self.tensors
        rounded = lambda v: torch.from_numpy(np.asarray(v, np.float32).astype(np.float64))
        t[name + ".conv.weight"] = rounded(self.rng.normal(0, np.prod(shape[1:]) ** -0.5, shape))
        y = F.conv2d(x, t[name + ".conv.weight"], stride=stride, padding=padding)
        n = shape[0]
        t[name + ".bn.weight"] = rounded(self.rng.uniform(0.5, 1.5, n))
        t[name + ".bn.bias"] = rounded(self.rng.normal(0.7, 0.3, n))
        t[name + ".bn.running_mean"] = rounded(y.mean((0, 2, 3)).numpy() + self.rng.normal(0, 0.05, n))
        t[name + ".bn.running_var"] = rounded(y.var((0, 2, 3)).numpy() * self.rng.uniform(0.5, 1.5, n))
        return super().conv(x, name, stride, padding)


def pictures(rng, n, height, width, channels, contrast):
    """Smooth random pictures as bytes, [n, height, width, channels]."""
    small = torch.from_numpy(rng.normal(0.5, contrast, (n, channels, 4, 4)))
    large = F.interpolate(small, size=(height, width), mode="bicubic").permute(0, 2, 3, 1).numpy()
    return np.round(255 * np.clip(large + rng.normal(0, 0.03, large.shape), 0, 1)).astype(np.uint8)


def input_of(images):
    return torch.from_numpy(images.astype(np.float64) / 255).permute(0, 3, 1, 2)


def fid(a, b):
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # The eigenvalues of the product's root are the singular values of the product of the roots of both, which are the
    # centred features: exact where a covariance is singular, as scipy.linalg.sqrtm is not.
    a0, b0 = a - a.mean(0), b - b.mean(0)
    root = scipy.linalg.svdvals(a0 @ b0.T).sum() / np.sqrt((len(a) - 1) * (len(b) - 1))
    d = a.mean(0) - b.mean(0)
    exact = d @ d + np.trace(ca) + np.trace(cb) - 2 * root
    published = d @ d + np.trace(ca) + np.trace(cb) - 2 * np.trace(scipy.linalg.sqrtm(ca @ cb).real)
    print("FID", exact, "by sqrtm", published)
    return exact


def share_within(x, of):
    """The share of x within the distance of a point of another set to its k-th neighbour there."""
    def distances(a, b):
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
    radii = np.sort(distances(of, of), axis=1)[:, K]  # the first one is the point itself
    d = distances(x, of)
    print("nearest to a border by", np.abs(d / radii - 1).min())
    return (d <= radii).any(1).mean()


def write(path, tensors, metadata={}):
    header, data, end = {"__metadata__": metadata}, [], 0
    for name, value in tensors.items():
        value = np.ascontiguousarray(value)
        kind = {"uint8": "U8", "float32": "F32"}[str(value.dtype)]
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
        data.append(value.tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def main(network_file, expected_file):
    rng = np.random.default_rng(6)
    training = pictures(rng, 40, 14, 10, 3, 0.3)
    generated = pictures(rng, 30, 14, 10, 3, 0.22)
    grey = pictures(rng, 2, 310, 33, 1, 0.3)  # taller than what the network takes
    with torch.no_grad():
        drawing = Drawing(widths(16), rng)
        drawing.features(torch.cat([input_of(training), input_of(generated)]))
        network = Network(drawing.tensors)
        features = {name: network.features(input_of(images)).numpy()
                    for name, images in (("training", training), ("generated", generated), ("grey", grey))}
    real, made = features["training"], features["generated"]
    expected = {"fid": fid(real, made), "precision": share_within(made, real), "recall": share_within(real, made)}
    print(expected, "deviation of features", real.std(0).mean(), "mean", real.mean())
    tensors = {name: t.numpy().astype(np.float32) for name, t in drawing.tensors.items()}
    write(network_file, tensors)
    images = {"training": training, "generated": generated, "grey": grey}
    write(expected_file, {f"images/{name}": v for name, v in images.items()}
          | {f"features/{name}": v.astype(np.float32) for name, v in features.items()}, {k: repr(float(v)) for k, v in expected.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
