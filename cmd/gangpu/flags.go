package main

import (
	"fmt"
	"os"
	"strings"

	"gangpu/engine"
	"gangpu/engine/program"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// Flags that several commands share.

func deviceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Value: "auto", EnvVars: []string{"GANGPU_DEVICE"},
			Usage: "auto (a GPU if there is one), cpu, or a GPU as 0 or cuda:0"},
		&cli.StringFlag{Name: "precision", EnvVars: []string{"GANGPU_PRECISION"},
			Usage: "fp32, or tf32 on GPUs that have it (their default)"},
		&cli.BoolFlag{Name: "require-gpu", EnvVars: []string{"GANGPU_REQUIRE_GPU"},
			Usage: "fail without a GPU instead of using the CPU"},
		&cli.IntFlag{Name: "threads", EnvVars: []string{"GANGPU_THREADS"},
			Usage: "threads of the CPU device; 0 for one a core"},
	}
}

// openDevice opens the device that the flags ask for, and says so if it is another.
func openDevice(c *cli.Context) (program.Device, error) {
	switch p := c.String("precision"); p {
	case "", "fp32", "tf32":
	default:
		return nil, usagef("unknown precision %q: want fp32 or tf32", p)
	}
	if n := c.Int("threads"); n < 0 {
		return nil, usagef("--threads %d: want 0 or more", n)
	}
	dev, notice, err := engine.OpenDevice(c.String("device"), engine.DeviceOptions{
		Precision:  c.String("precision"),
		Threads:    c.Int("threads"),
		RequireGPU: c.Bool("require-gpu"),
	})
	if err != nil {
		return nil, err
	}
	if notice != "" {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: %s\n", notice)
	}
	return dev, nil
}

func dataFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", EnvVars: []string{"GANGPU_DATA"}, TakesFile: true,
			Usage: "folder of the dataset's IDX files; without it the dataset is looked for in the cache, and fetched"},
		&cli.StringFlag{Name: "dataset", EnvVars: []string{"GANGPU_DATASET"},
			Usage: strings.Join(mnist.Datasets(), ", ") + " (default: mnist)"},
	}
}

// openData finds or fetches the images that the flags ask for.
func openData(c *cli.Context) (*mnist.Data, error) {
	bar := newFetchBar(c.App.ErrWriter)
	defer bar.finish()
	data, err := mnist.Open(c.Context, mnist.Options{
		Dataset:  c.String("dataset"),
		Dir:      c.String("data"),
		Progress: bar.show,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the images: %w", err)
	}
	return data, nil
}

// isTerminal reports whether what is written can be overwritten, as a progress bar does.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
