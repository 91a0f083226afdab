"""Times convolutions in PyTorch on the CPU, for gangpu bench --conv, which starts it and tells it what to do by lines of
JSON.

A line with a shape makes its tensors, in both layouts, and is answered by {} when they are warm. A line
{"measure": true} is answered by the seconds of a run in each layout. Shapes are those of the convolution that reads an
image [batch, in, size, size] and writes [batch, out, ...]; a transposed one is the gradient of its input.
"""

import json
import os
import sys
import time

import torch

threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
if threads:
    torch.set_num_threads(threads)

# Time of the processor is less disturbed by other programs; of several threads it would count the waiting.
clock = time.process_time if threads == 1 else time.perf_counter
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
SECONDS = 0.02  # that a measurement lasts at least


def operation(s, layout):
    """A function of no arguments that runs the pass once."""
    like = {"memory_format": LAYOUTS[layout]}
    x = torch.randn(s["batch"], s["in"], s["size"], s["size"]).contiguous(**like)
    w = torch.randn(s["out"], s["in"], s["filter"], s["filter"]).contiguous(**like)
    args = [[s["stride"]] * 2, [s["padding"]] * 2, [1, 1]]
    y = torch.nn.functional.conv2d(x, w, None, *args)
    dy = torch.randn_like(y)
    if not s["transposed"]:
        if s["pass"] == "forward":
            return lambda: torch.nn.functional.conv2d(x, w, None, *args)
        mask = [s["pass"] == "input grad", s["pass"] == "filter grad", False]
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, None, *args, False, [0, 0], 1, mask)
    extra = s["size"] - ((y.shape[2] - 1) * s["stride"] - 2 * s["padding"] + s["filter"])
    if s["pass"] == "forward":
        return lambda: torch.nn.functional.conv_transpose2d(dy, w, None, args[0], args[1], extra)
    mask = [s["pass"] == "input grad", s["pass"] == "filter grad", False]
    return lambda: torch.ops.aten.convolution_backward(x, dy, w, None, *args, True, [extra, extra], 1, mask)


def seconds(run, n):
    start = clock()
    for _ in range(n):
        run()
    return (clock() - start) / n


print(json.dumps({"version": torch.__version__}), flush=True)
runs = {}
with torch.inference_mode():
    for line in sys.stdin:
        said = json.loads(line)
        if "measure" in said:
            print(json.dumps({layout: seconds(run, n) for layout, (run, n) in runs.items()}), flush=True)
            continue
        runs = {}
        for layout in LAYOUTS:
            run = operation(said, layout)
            run()
            runs[layout] = run, max(1, round(SECONDS / seconds(run, 2)))
        print("{}", flush=True)
