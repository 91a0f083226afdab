"""What the peers share: options, the measuring loop, and the result as gangpu bench --json has it.

Import it before the framework: it keeps the process to so many cores.
"""

import argparse
import datetime
import json
import math
import os
import platform
import sys
import time

# The tutorial's settings.
LATENT, ALPHA, DROPOUT, K = 100, 0.3, 0.4, 2
LEARNING_RATE, BETA1, BETA2, EPSILON = 2e-4, 0.5, 0.999, 1e-7
IMAGES = 60_000


def options(description, batch=256, **more):
    """Parses the command line. Another keyword adds an option: its argparse settings."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--batch", type=int, default=batch, help="images of a step")
    p.add_argument("--steps", type=int, default=20, help="measurements, each of two iterations or more")
    p.add_argument("--warmup", type=int, default=4, help="iterations before the first measurement")
    p.add_argument("--seconds", type=float, default=60, help="measure no longer than this, but at least once")
    p.add_argument("--threads", type=int, default=0, help="cores to use, 0 for all")
    for name, settings in more.items():
        p.add_argument("--" + name.replace("_", "-"), **settings)
    o = p.parse_args()
    if o.threads:
        if not hasattr(os, "sched_setaffinity"):
            sys.exit("--threads needs Linux")
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: o.threads])
    os.environ["OMP_NUM_THREADS"] = str(cores())
    return o


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def pixels():
    """As many images as MNIST has, uint8 [IMAGES, 28, 28]; what is on them does not matter."""
    import numpy

    return numpy.random.default_rng(0).integers(0, 256, (IMAGES, 28, 28), dtype=numpy.uint8)


def measure(o, d_step, g_step, wait=lambda: None):
    """Returns the seconds of an iteration, a sample for each measurement.

    An iteration is a G step and, every K-th time, a D step before it. A measurement covers K
    iterations, repeated until they last 10 ms, then waits for the device.
    """

    def seconds(cycles):
        start = time.perf_counter()
        for _ in range(cycles):
            d_step()
            for _ in range(K):
                g_step()
        wait()
        return (time.perf_counter() - start) / (cycles * K)

    taken, done = seconds(1), K
    # The first may have compiled; nothing that takes this long warms up further.
    while done < max(o.warmup, 2 * K) and taken * K < 10:
        taken, done = seconds(1), done + K
    cycles = max(1, math.ceil(0.01 / (taken * K)))
    samples, end = [], time.perf_counter() + o.seconds
    while len(samples) < o.steps and (not samples or time.perf_counter() < end):
        samples.append(seconds(cycles))
    return samples


def report(o, name, versions, samples, device="cpu", description="", precision="fp32", device_memory=0, **more):
    """Prints the result. A keyword adds to it."""
    import numpy

    p10, median, p90 = numpy.quantile(samples, [0.1, 0.5, 0.9])
    on = {
        "name": device,
        "description": description or f"{field('/proc/cpuinfo', 'model name')}, {cores()} threads",
        "precision": precision,
        "iteration": {"median": median, "p10": p10, "p90": p90},
        "images_per_second": o.batch / median,
    }
    if device_memory:
        on["device_memory"] = device_memory
    result = {
        "name": name,
        "versions": {**versions, "python": platform.python_version()},
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {
            "processor": field("/proc/cpuinfo", "model name"),
            "cores": os.cpu_count(),
            "system": f"{platform.system().lower()}/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine()) }",
        },
        "batch": o.batch,
        "k": K,
        "steps": len(samples),
        "warmup": o.warmup,
        "threads": cores(),
        "devices": [on],
        **more,
        "peak_memory": int((field("/proc/self/status", "VmHWM") or "0 kB").split()[0]) * 1024,
    }
    json.dump(result, sys.stdout, indent=2)
    print()


def field(path, name):
    """The value of the first line 'name : value' of a file under /proc, or ''."""
    try:
        with open(path) as f:
            for line in f:
                key, _, value = line.partition(":")
                if key.strip() == name:
                    return value.strip()
    except OSError:
        pass
    return ""
