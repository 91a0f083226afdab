"""Makes the small files beside it, which h5py (3.12.1) writes by default: what the fuzzer begins with. Each has what the
others lack, and that one file is refused for does not hide the rest."""

import pathlib

import h5py
import numpy as np

folder = pathlib.Path(__file__).parent


def file(name, fill):
    with h5py.File(folder / name, "w", track_order=False) as f:
        fill(f)


def numbers(f):
    """All kinds of numbers, shapes and layouts that are read."""
    for kind in "<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "<i4", ">u2":
        f.create_dataset(kind[1:] + kind[0].replace("<", "l").replace(">", "b"), data=np.arange(3).astype(kind))
    f["scalar"] = np.float32(1.5)
    f["empty"] = h5py.Empty("f4")
    f["none"] = np.zeros((0, 2), np.float32)
    f["deep/er/matrix"] = np.ones((2, 3), np.float32)
    space = h5py.h5s.create_simple((2,))
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F32LE, space, compact).write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones(2, np.float32))


def attributes(f):
    """Strings of fixed and variable length, alone and in lists, and attributes that are none; more than the header has room for."""
    f.attrs["variable"] = "of a variable length"
    f.attrs["variables"] = np.array(["a", "bc", ""], dtype=h5py.string_dtype())
    f.attrs["fixed"] = np.bytes_("fixed")
    f.attrs["list"] = np.array([b"a", b"bcd"])
    f.attrs["number"] = 3
    f.attrs["empty"] = h5py.Empty("S4")
    for i in range(4):
        f.create_group("g").attrs["more"] = "x" * 90 if i == 0 else "y"
        f.move("g", f"group {i}")


def members(f):
    """More members than a symbol table node has."""
    for i in range(9):
        f.create_group(f"g{i}")


file("numbers.h5", numbers)
file("attributes.h5", attributes)
file("members.h5", members)
file("chunks.h5", lambda f: f.create_dataset("chunked", data=np.zeros(4, np.float32), chunks=(2,)))
file("link.h5", lambda f: f.__setitem__("there", h5py.SoftLink("/nothing")))
