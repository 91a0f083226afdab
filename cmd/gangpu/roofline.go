package main

import (
	"errors"
	"strings"

	"gangpu/bench"
	"gangpu/engine"
	"gangpu/internal/atomicfile"

	"github.com/urfave/cli/v2"
)

// defaultCard is predicted for where there is no GPU.
const defaultCard = "h200"

func cardNames() []string {
	names := make([]string, len(bench.Cards))
	for i, c := range bench.Cards {
		names[i] = c.Name
	}
	return names
}

// checkRooflineFlags finds what is wrong with the flags of bench --roofline, or is of no use without it.
func checkRooflineFlags(c *cli.Context) error {
	if !c.Bool("roofline") {
		if c.IsSet("card") {
			return usagef("--card is of use with --roofline only")
		}
		return nil
	}
	for _, flag := range []string{"layers", "compare", "threads", "warmup", "shards"} {
		if c.IsSet(flag) {
			return usagef("--%s has no meaning with --roofline", flag)
		}
	}
	devices := c.StringSlice("device")
	if len(devices) > 1 || len(devices) == 1 && devices[0] == "cpu" {
		return usagef("--roofline is of one GPU or of the emulator: want --device emulated, or a GPU as 0 or cuda:0")
	}
	if name := c.String("card"); name != "" {
		if _, err := bench.LookupCard(name); err != nil {
			return usagef("%v", err)
		}
	}
	return nil
}

// runRoofline counts on the emulator and, with a GPU, measures there too.
func runRoofline(c *cli.Context, o bench.Options) (err error) {
	endAtOnce()
	device, name := "emulated", c.String("card")
	if devices := c.StringSlice("device"); len(devices) == 1 {
		device = devices[0]
	}
	precision := c.String("precision")
	if device == "emulated" {
		if name == "" {
			name = defaultCard
		}
		r, err := countRoofline(o, precision, name)
		if err != nil {
			return err
		}
		return writeRoofline(c, r)
	}
	dev, _, err := openNamed(device, engine.DeviceOptions{Precision: precision, RequireGPU: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	if name == "" {
		name = dev.Info().Description
	}
	r, err := countRoofline(o, dev.Info().Precision, name)
	if err != nil {
		return err
	}
	if err := r.Measure(dev, o); err != nil {
		return err
	}
	return writeRoofline(c, r)
}

func countRoofline(o bench.Options, precision, card string) (*bench.Roofline, error) {
	known, err := bench.LookupCard(card)
	if err != nil {
		return nil, err
	}
	r, err := bench.CountRoofline(o, precision, known)
	if err != nil {
		return nil, err
	}
	r.Versions = ownVersion()
	return r, nil
}

func ownVersion() map[string]string {
	return map[string]string{"gangpu": strings.TrimPrefix(versionLine(), "gangpu ")}
}

// countConvolutions counts the grid of convolutions on the emulator.
func countConvolutions(c *cli.Context, o bench.ConvOptions) error {
	if err := checkRooflineFlags(c); err != nil {
		return err
	}
	endAtOnce()
	name := c.String("card")
	if name == "" {
		name = defaultCard
	}
	card, err := bench.LookupCard(name)
	if err != nil {
		return err
	}
	r, err := bench.CountConvolutions(o, c.String("precision"), card)
	if err != nil {
		return err
	}
	r.Versions = ownVersion()
	switch file := c.String("json"); file {
	case "":
		return r.WriteConvRoofline(c.App.Writer, card)
	case "-":
		return r.Write(c.App.Writer)
	default:
		if err := r.WriteConvRoofline(c.App.Writer, card); err != nil {
			return err
		}
		return atomicfile.Write(file, r.Write)
	}
}

func writeRoofline(c *cli.Context, r *bench.Roofline) error {
	file := c.String("json")
	if file == "-" {
		return r.Write(c.App.Writer)
	}
	if err := r.WriteTable(c.App.Writer); err != nil {
		return err
	}
	if file == "" {
		return nil
	}
	return atomicfile.Write(file, r.Write)
}
