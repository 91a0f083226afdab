package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"gangpu/bench"
	"gangpu/engine"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/internal/atomicfile"

	"github.com/urfave/cli/v2"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure an iteration of training on the devices, side by side",
		Description: "An iteration is what training makes of it: the updates of a game's phases, those of every second\n" +
			"iteration as a half, optimizers included, images of noise in memory. The measurements take turns\n" +
			"between the devices. GFLOP/s and GB/s are of counted operations and bytes; the floor is what these\n" +
			"would take at the rates of one large matrix product and of a copy, measured in the same run.\n" +
			"--roofline counts instead what the GPU's kernels execute and move, on the emulator, and predicts the\n" +
			"time on a card; of the tutorial it takes a core about a minute in tf32 and three in fp32. With\n" +
			"--device 0 the times measured there are beside it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "game", Value: tutorial.System.Name, Usage: "`NAME` of the game: " + gameNames()},
			&cli.StringFlag{Name: "preset", DefaultText: "the game's first", Usage: "`RECIPE` of the game; gangpu games lists them"},
			&cli.StringSliceFlag{Name: "set", Usage: "`NAME=VALUE` of one of the game's settings, in the place of the preset's: filters=32"},
			&cli.StringFlag{Name: "phase", DefaultText: "all", Usage: "`NAME` of the only phase to measure, an update of which is an iteration"},
			&cli.IntFlag{Name: "size", DefaultText: "28 of the tutorial, 64 of other games", Usage: "`NUMBER` of pixels a side"},
			&cli.IntFlag{Name: "batch", DefaultText: "the preset's", Usage: "`NUMBER` of images of a step"},
			&cli.IntFlag{Name: "shards", Value: 1, Usage: "cut a batch into this `NUMBER` of parts, a power of two, that are computed one after the other"},
			&cli.IntFlag{Name: "steps", Value: 20, Usage: "`NUMBER` of measurements, each of an iteration, or more where the phases take turns"},
			&cli.IntFlag{Name: "warmup", Value: 4, Usage: "`NUMBER` of iterations before the first measurement"},
			&cli.StringSliceFlag{Name: "device", DefaultText: "cpu, and a GPU if there is one",
				Usage: "`NAME`, or several with commas or flags: cpu, or a GPU as 0 or cuda:0"},
			&cli.StringFlag{Name: "precision", Usage: "`KIND` of arithmetic of the GPUs: fp32 or tf32"},
			&cli.IntFlag{Name: "threads", DefaultText: "one a core", Usage: "`NUMBER` of threads of the CPU device"},
			&cli.StringFlag{Name: "ranks", DefaultText: "this process alone", Usage: "measure instead the game on these `NUMBERS` of ranks, which mpirun starts one after the other, such as 1,2,4: images a second, and the time in exchanges"},
			&cli.BoolFlag{Name: "layers", DisableDefaultText: true, Usage: "print the time per layer too"},
			&cli.BoolFlag{Name: "compile", DisableDefaultText: true,
				Usage: "measure instead how long a network of 15,000 nodes takes to build, to differentiate and to compile"},
			&cli.BoolFlag{Name: "conv", DisableDefaultText: true,
				Usage: "measure instead the CPU's convolutions: a grid of shapes and passes, at batches 1, 8 and 64 or that of --batch; with --roofline count those of a GPU"},
			&cli.StringFlag{Name: "shapes", Usage: "measure only shapes of --conv that have `TEXT` in their names, such as \"3x3/1 64-64\""},
			&cli.StringFlag{Name: "pytorch", TakesFile: true, DefaultText: installedPeers + ", if it is there",
				Usage: "`FILE` of a Python that has PyTorch, to measure --conv in turn with"},
			&cli.BoolFlag{Name: "roofline", DisableDefaultText: true,
				Usage: "count what the GPU's kernels execute and move, on --device emulated or for a GPU, and predict their time"},
			&cli.StringFlag{Name: "card", DefaultText: "the GPU's, or h200",
				Usage: "`NAME` of the card to predict for: " + strings.Join(cardNames(), ", ")},
			&cli.StringFlag{Name: "json", TakesFile: true, Usage: "write the result to `FILE`, - for the output instead of the table; times in seconds"},
			&cli.StringFlag{Name: "compare", TakesFile: true, Usage: "compare with an earlier result in `FILE`, as --json writes it or bench/results has it"},
		},
		Action: runBench,
	}
}

// benchOptions are what the flags say is to be measured.
func benchOptions(c *cli.Context) (o bench.Options, err error) {
	const mostPixels, mostImages = 1024, 65_536
	of, known := system(c.String("game"))
	if !known {
		return o, usagef("unknown game %q: want one of %s", c.String("game"), gameNames())
	}
	o = bench.Options{System: of, Preset: c.String("preset"), Phase: c.String("phase"), Batch: c.Int("batch"), Shards: c.Int("shards"),
		Measurements: c.Int("steps"), Warmup: c.Int("warmup"), Layers: c.Bool("layers")}
	if o.Set, err = benchSettings(o.System, c.StringSlice("set")); err != nil {
		return o, err
	}
	size := 64
	switch {
	case c.IsSet("size"):
		size = c.Int("size")
	case o.System.Name == tutorial.System.Name:
		size = 28
	}
	switch {
	case size < 4 || size > mostPixels:
		return o, usagef("--size %d: want 4 to %d", size, mostPixels)
	case c.IsSet("batch") && (o.Batch < 1 || o.Batch > mostImages):
		return o, usagef("--batch %d: want 1 to %d", o.Batch, mostImages)
	case o.Shards < 1:
		return o, usagef("--shards %d: want 1 or more", o.Shards)
	}
	o.Input = bench.Noise(o.System, size)
	if err := o.Validate(); err != nil {
		return o, usagef("%v", err)
	}
	return o, nil
}

// benchSettings reads settings of a game: filters=32.
func benchSettings(of train.System, given []string) (map[string]any, error) {
	settings := map[string]any{}
	for _, s := range given {
		name, value, _ := strings.Cut(s, "=")
		name = strings.ReplaceAll(name, "-", "_")
		options := of.Presets[0].Options()
		i := slices.IndexFunc(options, func(o train.Option) bool { return o.Name == name })
		if i < 0 {
			return nil, usagef("--set %s: %s has no setting %q; gangpu help train %s lists them", s, of.Name, name, of.Name)
		}
		read := reflect.New(reflect.TypeOf(options[i].Default))
		if text, ok := read.Interface().(*string); ok {
			*text = value
		} else if err := json.Unmarshal([]byte(value), read.Interface()); err != nil {
			return nil, usagef("--set %s: %q is no %v", s, value, read.Type().Elem())
		}
		settings[name] = read.Elem().Interface()
	}
	return settings, nil
}

func runBench(c *cli.Context) (err error) {
	if c.Bool("conv") {
		return benchConvolutions(c)
	}
	o, err := benchOptions(c)
	if err != nil {
		return err
	}
	if err := checkBenchFlags(c); err != nil {
		return err
	}
	var earlier *bench.Result
	if file := c.String("compare"); file != "" {
		if earlier, err = bench.ReadFile(file); err != nil {
			return err
		}
	}
	if c.Bool("roofline") {
		return runRoofline(c, o)
	}
	if c.IsSet("ranks") {
		return benchRanks(c, o)
	}
	endAtOnce()
	if c.Bool("compile") {
		times, err := bench.MeasureGraph()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.App.Writer, times)
		return err
	}
	devices, notes, err := openBenchDevices(c)
	defer func() {
		for _, d := range devices {
			err = errors.Join(err, d.Close())
		}
	}()
	if err != nil {
		return err
	}
	r, err := bench.Run(devices, o)
	if err != nil {
		return err
	}
	r.Notes = notes
	r.Versions = map[string]string{"gangpu": strings.TrimPrefix(versionLine(), "gangpu ")}
	r.Threads = bench.Threads(c.Int("threads"))
	return writeBench(c, r, earlier)
}

func writeBench(c *cli.Context, r, earlier *bench.Result) error {
	file := c.String("json")
	if file == "-" {
		return r.Write(c.App.Writer)
	}
	if err := r.WriteTable(c.App.Writer); err != nil {
		return err
	}
	if earlier != nil {
		if err := r.WriteComparison(c.App.Writer, earlier); err != nil {
			return fmt.Errorf("comparing with %s: %w", c.String("compare"), err)
		}
	}
	if file == "" {
		return nil
	}
	return atomicfile.Write(file, func(w io.Writer) error { return r.Write(w) })
}

// checkBenchFlags finds what is wrong with the flags whatever devices there are.
func checkBenchFlags(c *cli.Context) error {
	if err := checkRooflineFlags(c); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, name := range c.StringSlice("device") {
		// One GPU has two names.
		canonical := strings.TrimPrefix(name, "cuda:")
		if name == "auto" || !deviceName.MatchString(name) {
			return usagef("unknown device %q: want cpu, or a GPU as 0 or cuda:0", name)
		}
		if name == "emulated" && !c.Bool("roofline") {
			return usagef("--device emulated: its times say nothing of a GPU's; --roofline counts what its kernels do, and predicts them")
		}
		if seen[canonical] {
			return usagef("device %s is given twice", name)
		}
		seen[canonical] = true
	}
	switch p := c.String("precision"); p {
	case "", "fp32", "tf32":
	default:
		return usagef("unknown precision %q: want fp32 or tf32", p)
	}
	return checkThreadsAndFile(c)
}

func checkThreadsAndFile(c *cli.Context) error {
	if n := c.Int("threads"); n < 0 || n > 1024 {
		return usagef("--threads %d: want 1 to 1024, or 0 for one a core", n)
	}
	if file := c.String("json"); file != "" && file != "-" {
		return checkOutputs(c, fileOutputs(c, "json"), c.String("compare"))
	}
	return nil
}

// openBenchDevices opens the devices that the flags ask for or, without any, the CPU and the first
// GPU. Where there is no GPU and none was asked for, a note says why.
func openBenchDevices(c *cli.Context) (devices []program.Device, notes []string, err error) {
	names := c.StringSlice("device")
	chosen := len(names) > 0
	if !chosen {
		names = []string{"cpu", "auto"}
	}
	for _, name := range names {
		o := engine.DeviceOptions{Precision: c.String("precision"), Threads: c.Int("threads"), RequireGPU: name != "cpu"}
		if name == "cpu" && slices.ContainsFunc(names, func(n string) bool { return n != "cpu" }) {
			o.Precision = "" // it is that of the GPUs
		}
		dev, _, err := openNamed(name, o)
		if none := (*cuda.NoDeviceError)(nil); !chosen && errors.As(err, &none) {
			notes = append(notes, "no GPU: "+none.Reason)
			continue
		}
		if err != nil {
			return devices, nil, err
		}
		devices = append(devices, dev)
	}
	return devices, notes, nil
}

// installedPeers is where make peers puts a Python that has PyTorch.
const installedPeers = "build/peers/bin/python"

// benchConvolutions measures the grid of convolutions on the CPU.
func benchConvolutions(c *cli.Context) error {
	batches := bench.ConvBatches
	if c.IsSet("batch") {
		if n := c.Int("batch"); n < 1 || n > mostBatch {
			return usagef("--batch %d: want 1 to %d", n, mostBatch)
		}
		batches = []int{c.Int("batch")}
	}
	if err := checkThreadsAndFile(c); err != nil {
		return err
	}
	if c.Bool("roofline") {
		return countConvolutions(c, bench.ConvOptions{Batches: batches, Shapes: c.String("shapes")})
	}
	python := c.String("pytorch")
	if _, err := os.Stat(installedPeers); python == "" && err == nil {
		python = installedPeers
	}
	file := c.String("json")
	table := c.App.Writer
	if file == "-" {
		table = io.Discard
	}
	o := bench.ConvOptions{Batches: batches, Shapes: c.String("shapes"), Threads: c.Int("threads"), Python: python}
	endAtOnce()
	if err := bench.WriteConvHead(table); err != nil {
		return err
	}
	var failed error
	r, err := bench.MeasureConvolutions(o, func(r *bench.ConvResult, t bench.ConvTime) {
		if err := r.WriteConvRow(table, t); err != nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if err := r.WriteConvSummary(table); err != nil {
		return err
	}
	switch file {
	case "":
		return nil
	case "-":
		return r.Write(c.App.Writer)
	}
	return atomicfile.Write(file, r.Write)
}
