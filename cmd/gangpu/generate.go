package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gangpu/gan/exchange"
	"gangpu/gan/picture"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name:  "generate",
		Usage: "make images by a trained model",
		Description: "At least one of --out (one picture of all images), --gif (an animation of them), --images (a PNG of\n" +
			"each in a folder) and --npy (the pixels as float32 [n, height, width, channels], 0 to 1, in NumPy's format) says\n" +
			"what to write. --interpolate walks from image to image. --run needs no model: it animates a training run.",
		Flags: slices.Concat([]cli.Flag{
			modelFlag(), rawFlag(), truncationFlag(), truncatedLayersFlag(), standingFlag(), mixFlag(),
			&cli.IntFlag{Name: "n", Value: 25, Usage: "`NUMBER` of images"},
			&cli.IntSliceFlag{Name: "digit", DefaultText: "all",
				Usage: "`CLASS` of the images, of a model that knows classes: 7, or several as 0,1,2, equally many of each in that order"},
			tagsFlag(),
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that the noise comes from; the images of a larger n begin with those of a smaller"},
			&cli.StringFlag{Name: "latents", TakesFile: true, DefaultText: "drawn",
				Usage: "`FILE` of NumPy's format with the styles [n, layers, width], or the noise [n, ...], to make images of in the place of drawn ones, as gangpu project --npy writes it"},
			&cli.IntFlag{Name: "interpolate", DefaultText: "none", Usage: "`NUMBER` of images from each image to the next and from the last back to the first, by styles where the model has some: a row each in the picture"},
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "write a picture of all images to this PNG `FILE`"},
			&cli.StringFlag{Name: "gif", TakesFile: true, Usage: "write an animation of the images to this GIF `FILE`"},
			&cli.StringFlag{Name: "run", TakesFile: true, Usage: "animate the samples of the epochs of this run's `FOLDER` by --gif, instead of making images"},
			&cli.StringFlag{Name: "images", TakesFile: true, Usage: "write 00000.png, 00001.png, ... to this `FOLDER`, and remove later ones from it"},
			&cli.StringFlag{Name: "npy", TakesFile: true, Usage: "write the raw pixels to this `FILE`"},
		}, deviceFlags()),
		Action: generate,
	}
}

func modelFlag() cli.Flag {
	return &cli.StringFlag{Name: "model", TakesFile: true, EnvVars: []string{"GANGPU_MODEL"},
		Usage: "`FILE` of the trained model: model.safetensors in a run's folder"}
}

func rawFlag() cli.Flag {
	return &cli.BoolFlag{Name: "raw", DisableDefaultText: true,
		Usage: "use the generator's weights as the last step left them, though the model has their moving average"}
}

var errNoModel = usagef("--model is missing: the file of a trained model, as RUN/model.safetensors")

// loadModel reads a model's file, without the moving averages if there is a --raw.
func loadModel(c *cli.Context, file string) (*train.Model, error) {
	if file == "" {
		return nil, errNoModel
	}
	m, err := exchange.Load(file)
	if err != nil && file == c.String("model") {
		return nil, blame(c, err, "model")
	}
	if err == nil && c.Bool("raw") {
		m.DropAverages()
	}
	return m, err
}

// generate makes images by a model of any game, whose code need not be there.
func generate(c *cli.Context) (err error) {
	if c.IsSet("run") {
		return animateRun(c)
	}
	n, steps := c.Int("n"), c.Int("interpolate")
	var shape []int // of latents
	var latents []float32
	if file := c.String("latents"); file != "" {
		if c.IsSet("n") {
			return usagef("--latents says how many images there are: want no -n beside it")
		}
		if shape, latents, err = picture.ReadNPY(file); err != nil {
			return fmt.Errorf("--latents: %w", err)
		}
		n = shape[0]
	}
	if err := checkGenerateFlags(c, n); err != nil {
		return err
	}
	m, err := loadModel(c, c.String("model"))
	if err != nil {
		return err
	}
	if m.Uses[train.SampleUse] == nil {
		advice := ""
		if m.Uses[train.TranslateUse] != nil {
			advice = ": gangpu translate makes images of images by it"
		}
		return usagef("--model %s: the game %s makes no images of noise%s", c.String("model"), m.Game, advice)
	}
	tags, err := tagsOf(c, m)
	if err != nil {
		return err
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	const batch = 256
	sampler, err := newSampler(c, dev, m, min(n, batch))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	if err := checkDigits(c, sampler.Classes()); err != nil {
		return err
	}
	if c.IsSet("mix") {
		if sampler.StylesShape() == nil {
			return usagef("--mix: the generator of the game %s makes no styles of noise", m.Game)
		}
		if layers := sampler.StylesShape()[0]; c.Int("mix") > layers {
			return usagef("--mix %d: the model has styles for %d layers", c.Int("mix"), layers)
		}
	}
	p := planOf(n, steps, c.IsSet("mix"), sampler.Shape())
	if err := p.size(c); err != nil {
		return err
	}
	if err := p.checkMemory(sampler); err != nil {
		return err
	}
	inputs, err := sampler.Noise(c.Uint64("seed"), n)
	if err != nil {
		return err
	}
	if latents != nil {
		if err := sampler.GiveLatents(inputs, n, shape, latents); err != nil {
			return fmt.Errorf("--latents %s: %w", c.String("latents"), err)
		}
	}
	if steps > 0 {
		if inputs, err = sampler.Walk(inputs, n, steps); err != nil {
			return err
		}
	}
	if err := sampler.OfClasses(inputs, p.count(), c.IntSlice("digit")...); err != nil {
		return err
	}
	if tags != nil {
		sampler.OfTags(inputs, p.count(), tags...)
	}
	var pixels []float32
	if p.mixed {
		pixels, err = sampler.Mix(inputs, n, c.Int("mix"))
	} else {
		pixels, err = sampler.Generate(inputs, p.count())
	}
	if err != nil {
		return err
	}
	return writePictures(c, sampler.Picture(pixels), pixels, p.grid)
}

// More images than anyone looks at. How large pictures may be, and what fits into memory, is checked beside.
const (
	mostImages       = 1_000_000
	mostInOnePicture = 10_000
	mostInOneGIF     = 1000
)

func checkGenerateFlags(c *cli.Context, n int) error {
	if n < 1 || n > mostImages {
		return usagef("-n %d: want 1 to %d; another --seed makes others", n, mostImages)
	}
	what := fmt.Sprintf("-n %d", n)
	if steps := c.Int("interpolate"); c.IsSet("interpolate") {
		if steps < 2 || steps > mostImages/n || n < 2 {
			return usagef("-n %d --interpolate %d: want at least 2 of both, and at most %d images", n, steps, mostImages)
		}
		n *= steps
		what += fmt.Sprintf(" --interpolate %d", steps)
	}
	if mix := c.Int("mix"); c.IsSet("mix") {
		if mix < 0 || c.IsSet("interpolate") || n > 1000 {
			return usagef("-n %d --mix %d: want a layer from 0 on, at most 1000 images, and no --interpolate beside it", n, mix)
		}
		n *= n
		what += fmt.Sprintf(" --mix %d", mix)
	}
	if c.String("out") == "" && c.String("gif") == "" && c.String("images") == "" && c.String("npy") == "" {
		return usagef("nothing to write: give --out FILE, --gif FILE, --images FOLDER or --npy FILE")
	}
	if c.String("out") != "" && n > mostInOnePicture {
		return usagef("%s: --out takes at most %d images in its picture; --images and --npy take more", what, mostInOnePicture)
	}
	if c.String("gif") != "" && n > mostInOneGIF {
		return usagef("%s: --gif takes at most %d images; --images and --npy take more", what, mostInOneGIF)
	}
	if err := errors.Join(checkTruncation(c), checkDeviceFlags(c)); err != nil {
		return err
	}
	if err := checkPictures(c, "out"); err != nil {
		return err
	}
	outs := append(fileOutputs(c, "out", "gif", "npy"), output{flag: "images", path: c.String("images"), written: isNumbered})
	return checkOutputs(c, outs, c.String("model"), c.String("latents"))
}

// checkDigits refuses a --digit that a model of so many classes does not know.
func checkDigits(c *cli.Context, classes int) error {
	for _, d := range c.IntSlice("digit") {
		if classes == 0 {
			return usagef("--digit %d: the model knows no classes", d)
		}
		if d < 0 || d >= classes {
			return usagef("--digit %d: the model knows 0 to %d", d, classes-1)
		}
	}
	return nil
}

// writePictures writes what the flags ask for of images, which are drawn as p, and whose numbers are pixels. One that cannot
// be written keeps no other from being.
func writePictures(c *cli.Context, p picture.Pixels, pixels []float32, grid picture.Grid) error {
	var errs error
	shape := []int{p.Count, p.Height, p.Width, p.Channels}
	for _, o := range []struct {
		path, form string
		write      func(path string) error
	}{
		{c.String("out"), "%d images in %s\n", func(file string) error { return grid.SavePNG(file, p) }},
		{c.String("gif"), "%d images in %s\n", func(file string) error { return writeGIF(file, p, c.IsSet("interpolate")) }},
		{c.String("images"), "%d images in %s\n", func(folder string) error { return writeImageFiles(folder, p) }},
		{c.String("npy"), fmt.Sprintf("float32 [%%d, %d, %d, %d] in %%s\n", p.Height, p.Width, p.Channels),
			func(file string) error { return picture.SaveNPY(file, shape, pixels) }},
	} {
		if o.path == "" {
			continue
		}
		if err := o.write(o.path); err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		fmt.Fprintf(c.App.Writer, o.form, p.Count, o.path)
	}
	return errs
}

func writeImageFiles(folder string, p picture.Pixels) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("making the folder of images: %w", err)
	}
	for i := range p.Count {
		if err := (picture.Grid{}).SavePNG(filepath.Join(folder, numbered(i)), p.Image(i)); err != nil {
			return err
		}
	}
	return removeFrom(folder, p.Count)
}

// numbered is the name of an image of --images.
func numbered(i int) string { return fmt.Sprintf("%05d.png", i) }

// isNumbered reports whether a file has the name of an image of --images, written now or by an earlier command.
func isNumbered(name string) bool {
	i, err := strconv.Atoi(strings.TrimSuffix(name, ".png"))
	return err == nil && name == numbered(i)
}

// removeFrom removes the images from a number on, which an earlier command with a larger -n left in a folder.
func removeFrom(folder string, n int) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		i, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".png"))
		if err != nil || i < n || !isNumbered(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
			return fmt.Errorf("removing an image of an earlier command: %w", err)
		}
	}
	return nil
}
