// Command gorgonia times the tutorial's iteration by Gorgonia's own TapeMachine, autodiff and Adam, and prints the
// result in the form of gangpu bench --json. It is a peer: nothing of gangpu's engine runs in it.
//
//	go run ./bench/peers/gorgonia [-batch 16] [-steps 20] [-warmup 4] [-seconds 30]
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"gangpu/bench"
)

// name says what differs from the tutorial's layers: Gorgonia has neither transposed convolutions nor padding on one
// side only.
const name = "Gorgonia, TapeMachine, stock operations (transposed convolutions by upsampling)"

func main() {
	var o bench.Options
	flag.IntVar(&o.Batch, "batch", 16, "images of a step")
	flag.IntVar(&o.Measurements, "steps", 20, "measurements, each of two iterations")
	flag.IntVar(&o.Warmup, "warmup", 4, "iterations before the first measurement")
	seconds := flag.Float64("seconds", 30, "measure no longer than this, but at least once")
	flag.Parse()
	err := checkMemory(o.Batch)
	if err == nil {
		err = measure(o, time.Duration(*seconds*float64(time.Second)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gorgonia:", err)
		os.Exit(1)
	}
}

func measure(o bench.Options, limit time.Duration) error {
	if err := o.Validate(); err != nil {
		return err
	}
	t, err := newTrainer(o.Batch)
	if err != nil {
		return err
	}
	r, err := bench.MeasurePeer(name, o, limit, t.cycle)
	if err != nil {
		return err
	}
	r.Versions = map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		r.Versions["go"] = strings.TrimPrefix(info.GoVersion, "go")
		for _, m := range info.Deps {
			if m.Path == "gorgonia.org/gorgonia" || m.Path == "gorgonia.org/tensor" {
				r.Versions[m.Path] = m.Version
			}
		}
	}
	return r.Write(os.Stdout)
}

// An image's patches of the 28x28 layer alone are 84 MB, and several such arrays are held.
const bytesPerImage = 640 << 20

// checkMemory refuses a batch that would have the system end other programs.
func checkMemory(batch int) error {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil // not Linux: it may try
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if need := uint64(batch) * bytesPerImage; err == nil && kib<<10 < need {
				return fmt.Errorf("batch %d takes about %.1f GiB of memory, %.1f GiB are free", batch, float64(need)/(1<<30), float64(kib)/(1<<20))
			}
		}
	}
	return nil
}
