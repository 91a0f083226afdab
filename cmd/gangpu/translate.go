package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gangpu/engine/program"
	pictures "gangpu/gan/data"
	"gangpu/gan/exchange"
	"gangpu/gan/picture"
	"gangpu/gan/train"
	"gangpu/internal/atomicfile"
	"gangpu/internal/safetensors"

	"github.com/urfave/cli/v2"
)

func translateCommand() *cli.Command {
	return &cli.Command{
		Name:      "translate",
		Usage:     "make images of images by a trained model",
		ArgsUsage: "PICTURE|FOLDER",
		Description: "Translates a picture, or all pictures of a folder, by a model of pix2pix, CycleGAN or the like, which says all\n" +
			"else. Pictures keep their sizes, and may have others than the ones that the model was trained on: sides that its\n" +
			"networks do not take are continued by mirror images, which are cut off again. A generator of PyTorch's pix2pix and\n" +
			"CycleGAN will do for a model: its state dict as a safetensors file.",
		Flags: slices.Concat([]cli.Flag{
			modelFlag(),
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "write to this PNG `FILE`; a PNG of each picture of a folder to this folder"},
			&cli.BoolFlag{Name: "reverse", DisableDefaultText: true, Usage: "translate back, from the second kind of pictures to the first, by a model that does both"},
			&cli.StringFlag{Name: "to", Usage: "`NAME` of the class, or of attributes that commas part, that pictures are to have, by a model of several"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that what is drawn comes from: a dropout that stays on, as pix2pix's"},
		}, deviceFlags()),
		Action: translate,
	}
}

func translate(c *cli.Context) (err error) {
	from, out := c.Args().First(), c.String("out")
	switch {
	case c.String("model") == "":
		return errNoModel
	case c.Args().Len() != 1:
		return usagef("translate takes one picture or folder, not %d", c.Args().Len())
	case out == "":
		return usagef("--out is missing: the file, or the folder, that translated pictures are written to")
	}
	m, err := translatingModel(c.String("model"))
	if err != nil {
		return blame(c, err, "model")
	}
	use := train.TranslateUse
	if c.Bool("reverse") {
		use = train.ReverseUse
	}
	if m.Uses[use] == nil {
		if m.Uses[train.TranslateUse] == nil {
			return usagef("--model %s: the game %s makes no images of images: gangpu generate makes images by it", c.String("model"), m.Game)
		}
		return usagef("--reverse: the model of the game %s translates one way alone", m.Game)
	}
	jobs, err := translations(c, from, out)
	if err != nil {
		return err
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	return translateAll(c, dev, m, use, jobs)
}

// translatingModel reads a model of gangpu, or a generator of PyTorch's pix2pix and CycleGAN.
func translatingModel(path string) (*train.Model, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	decode := exchange.DecodePyTorch
	if train.IsModel(file) {
		decode = train.Decode
	}
	m, err := decode(file)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return m, nil
}

// translation is a picture and the file that it is translated to.
type translation struct{ from, to string }

// translations are what is to be done. What would be in the way later is an error.
func translations(c *cli.Context, from, out string) ([]translation, error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if err := checkPictures(c, "out"); err != nil {
			return nil, err
		}
		return []translation{{from, out}}, checkOutputs(c, fileOutputs(c, "out"), c.String("model"), from)
	}
	if err := atomicfile.CheckFolder(out); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	if there, err := os.Stat(out); err == nil && os.SameFile(info, there) {
		return nil, usagef("--out %s: it is the folder of the pictures that are read", out)
	}
	names, err := pictures.Pictures(c.Context, from)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s holds no pictures", from)
	}
	var all []translation
	taken := map[string]string{}
	for _, name := range names {
		to := filepath.Join(out, filepath.FromSlash(strings.TrimSuffix(name, filepath.Ext(name))+".png"))
		if other, ok := taken[to]; ok {
			return nil, fmt.Errorf("%s and %s would both become %s", other, name, to)
		}
		taken[to] = name
		all = append(all, translation{filepath.Join(from, filepath.FromSlash(name)), to})
	}
	return all, nil
}

// translateAll translates all pictures. One that cannot be translated keeps no other from being.
func translateAll(c *cli.Context, dev program.Device, m *train.Model, use string, jobs []translation) (err error) {
	t, err := train.NewTranslator(dev, m, use)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	to, err := wanted(c.String("to"), m.Data, t.Classes())
	if err != nil {
		return err
	}
	var failed []error
	for _, job := range jobs {
		if err := c.Context.Err(); err != nil {
			return err
		}
		if err := translateOne(t, job, to, c.Uint64("seed")); err != nil {
			failed = append(failed, fmt.Errorf("translating %s: %w", job.from, err))
			if len(jobs) > 1 {
				fmt.Fprintf(c.App.ErrWriter, "gangpu: warning: %s\n", oneLine(failed[len(failed)-1]))
			}
			continue
		}
		tiles := ""
		if h, w := t.Tile(); h > 0 {
			tiles = fmt.Sprintf(", in tiles of %d x %d pixels: it is too large to be made whole", w, h)
		}
		if len(jobs) == 1 || tiles != "" {
			fmt.Fprintf(c.App.Writer, "%s in %s%s\n", job.from, job.to, tiles)
		}
	}
	switch {
	case len(jobs) == 1:
		return errors.Join(failed...)
	case len(failed) > 0:
		return fmt.Errorf("%d of %d pictures were not translated", len(failed), len(jobs))
	}
	fmt.Fprintf(c.App.Writer, "%d pictures in %s\n", len(jobs), c.String("out"))
	return nil
}

func translateOne(t *train.Translator, job translation, to []float32, seed uint64) error {
	bytes, height, width, err := pictures.ReadPicture(job.from, t.Channels())
	if err != nil {
		return err
	}
	pixels := make([]float32, len(bytes))
	for i, v := range bytes {
		pixels[i] = float32(v) / 255
	}
	made, err := t.Translate(pixels, height, width, to, seed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(job.to), 0o777); err != nil {
		return err
	}
	height, width = t.Scale()*height, t.Scale()*width
	return picture.Grid{}.SavePNG(job.to, picture.FromFloats(made, height, width, len(made)/(height*width)))
}

// wanted is the vector of what pictures are to become: 1 at the class of a name, or at each attribute.
func wanted(names string, d train.Description, n int) ([]float32, error) {
	known := d.Classes
	if len(known) != n {
		known = d.Attributes
	}
	switch {
	case n == 0 && names == "":
		return nil, nil
	case n == 0:
		return nil, usagef("--to %s: the model translates to one kind of pictures alone", names)
	case len(known) != n:
		return nil, fmt.Errorf("the model knows no names of the %d kinds of pictures that it translates to", n)
	case names == "":
		return nil, usagef("--to is missing: one of %s", strings.Join(known, ", "))
	}
	to := make([]float32, n)
	if len(d.Classes) == n && strings.Contains(names, ",") {
		return nil, usagef("--to %s: a picture has one class, of %s", names, strings.Join(known, ", "))
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.Index(known, strings.TrimSpace(name))
		if i < 0 {
			return nil, usagef("--to %s: the model knows %s", name, strings.Join(known, ", "))
		}
		to[i] = 1
	}
	return to, nil
}

// picturesLast puts the pictures that gangpu translate and gangpu project take behind their flags: the cli package takes no
// flag behind an argument.
func picturesLast(args []string) []string {
	if len(args) < 3 || args[len(args)-1] == "--generate-bash-completion" {
		return args
	}
	var of *cli.Command
	switch args[1] {
	case "translate":
		of = translateCommand()
	case "project":
		of = projectCommand()
	default:
		return args
	}
	valued := map[string]bool{}
	for _, f := range of.Flags {
		if _, isBool := f.(*cli.BoolFlag); !isBool {
			for _, name := range f.Names() {
				valued[name] = true
			}
		}
	}
	flags, others := slices.Clone(args[:2]), []string(nil)
	for i := 2; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			others = append(others, args[i])
			continue
		}
		flags = append(flags, args[i])
		if args[i] == "--" {
			others = append(others, args[i+1:]...)
			break
		}
		if valued[strings.TrimLeft(args[i], "-")] && i+1 < len(args) {
			i++
			flags = append(flags, args[i])
		}
	}
	return append(flags, others...)
}
