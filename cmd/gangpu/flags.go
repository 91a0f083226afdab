package main

import (
	"regexp"
	"slices"
	"strings"

	pictures "gangpu/gan/data"

	"github.com/urfave/cli/v2"
)

// Flags that several commands share.

func deviceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Value: "auto", EnvVars: []string{"GANGPU_DEVICE"},
			Usage: "`NAME`: auto (a GPU if there is one), cpu, a GPU as 0 or cuda:0, or emulated: the GPU's kernels on the CPU, checked at every step"},
		&cli.StringFlag{Name: "precision", EnvVars: []string{"GANGPU_PRECISION"},
			Usage: "`KIND` of arithmetic: fp32, or tf32 on GPUs that have it (their default)"},
		&cli.BoolFlag{Name: "require-gpu", EnvVars: []string{"GANGPU_REQUIRE_GPU"}, DisableDefaultText: true,
			Usage: "fail without a GPU instead of using the CPU"},
		&cli.IntFlag{Name: "threads", EnvVars: []string{"GANGPU_THREADS"}, DefaultText: "one a core",
			Usage: "`NUMBER` of threads of the CPU device"},
	}
}

// deviceName is the form of what --device takes.
var deviceName = regexp.MustCompile(`^(auto|cpu|emulated|(cuda:)?[0-9]{1,4})$`)

// checkDeviceFlags finds what is wrong with the flags whatever devices there are.
func checkDeviceFlags(c *cli.Context) error {
	if name := c.String("device"); !deviceName.MatchString(name) {
		return blame(c, usagef("unknown device %q: want auto, cpu, a GPU as 0 or cuda:0, or emulated", name), "device")
	}
	switch p := c.String("precision"); p {
	case "", "fp32", "tf32":
	default:
		return blame(c, usagef("unknown precision %q: want fp32 or tf32", p), "precision")
	}
	const most = 1024
	if n := c.Int("threads"); n < 0 || n > most {
		return blame(c, usagef("--threads %d: want 1 to %d, or 0 for one a core", n, most), "threads")
	}
	return nil
}

// dataFlags say which images are meant; usual is the dataset where nobody says.
func dataFlags(usual string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", EnvVars: []string{"GANGPU_DATA"}, TakesFile: true,
			Usage: "`FOLDER` of pictures, a .zip of some, or a folder of IDX files; docs/data.md tells what folders are read"},
		&cli.StringFlag{Name: "dataset", EnvVars: []string{"GANGPU_DATASET"}, DefaultText: usual,
			Usage: "`NAME` of a dataset that is looked for in the cache, and fetched: " + strings.Join(pictures.Datasets(), ", ")},
	}
}

// checkDataFlags refuses a dataset that nobody knows before anything is looked for.
func checkDataFlags(c *cli.Context) error {
	if name := c.String("dataset"); name != "" && !slices.Contains(pictures.Datasets(), name) {
		return blame(c, usagef("unknown dataset %q: want one of %s", name, strings.Join(pictures.Datasets(), ", ")), "dataset")
	}
	return nil
}
