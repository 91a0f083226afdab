package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gangpu/gan/exchange"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// Formats that models are exported to.
const (
	formatKeras       = "keras"
	formatONNX        = "onnx"
	formatSafetensors = "safetensors"
	formatWeb         = "web"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "take a trained model to other programs: Keras, ONNX, safetensors, a web page",
		Description: "keras: FILE.h5 is a whole model, for load_model and load_weights; FILE.weights.h5 the weights alone, for\n" +
			"load_weights of Keras 3. Both hold generator and discriminator, or one of them, which have to be chains of layers,\n" +
			"as the tutorial's are.\n" +
			"onnx: FILE.onnx is the graph that makes images, sample or translate, or the one that --part names; any other PATH is a\n" +
			"folder of all graphs. safetensors: the weights alone, without the optimizer's state; gangpu reads it too.\n" +
			"web: a folder with index.html, which makes images in the browser, of noise or of a picture that is chosen there. It loads\n" +
			"ONNX Runtime Web over the network, or has it beside it with --onnxruntime, and then works without a network too.\n" +
			"The weights are those that make the images: the moving average, if the model has one.",
		Flags: []cli.Flag{
			modelFlag(), rawFlag(),
			&cli.StringFlag{Name: "format", DefaultText: "by the ending of --out", Usage: "`KIND` of file: keras, onnx, safetensors or web"},
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "`PATH` to write to"},
			&cli.StringFlag{Name: "part", DefaultText: "for Keras both, of an ONNX file sample or translate", Usage: "`PART` to export: for Keras generator, discriminator or both, for ONNX a graph of the model, as sample or score"},
			&cli.StringFlag{Name: "size", DefaultText: "that of the training", Usage: "for ONNX and web: pictures of `N|WxH` pixels are translated, by a model that does that"},
			&cli.StringFlag{Name: "onnxruntime", TakesFile: true, Usage: "for web: `FOLDER` dist of the npm package onnxruntime-web, as make onnxruntime-web fetches it"},
		},
		Action: export,
	}
}

func export(c *cli.Context) error {
	format, err := exportFormat(c.String("format"), c.String("out"))
	if err != nil {
		return err
	}
	width, height, err := exportSize(c, format)
	if err != nil {
		return err
	}
	if c.IsSet("onnxruntime") && format != formatWeb {
		return usagef("--onnxruntime is for --format web")
	}
	out := output{flag: "out", path: c.String("out")}
	switch {
	case format == formatWeb:
		out.written = func(name string) bool { return name == "index.html" || name == "onnxruntime.js" }
	case format == formatONNX && !isONNX(out.path):
		out.written = isONNX
	}
	if err := checkOutputs(c, []output{out}, c.String("model")); err != nil {
		return err
	}
	m, err := loadModel(c, c.String("model"))
	if err != nil {
		return err
	}
	if width > 0 {
		if err := resize(m, width, height); err != nil {
			return usagef("--size %s: %v", c.String("size"), err)
		}
	}
	x := exporting{m, format, out.path, c.String("part"), slices.Sorted(maps.Keys(m.Uses))}
	if err := x.checkPart(); err != nil {
		return err
	}
	endAtOnce()
	switch format {
	case formatKeras:
		return x.keras(c)
	case formatONNX:
		return x.onnx(c)
	case formatWeb:
		return x.web(c)
	}
	return x.safetensors(c)
}

// exportSize is the size of pictures that flags ask for, 0 if they do not.
func exportSize(c *cli.Context, format string) (width, height int, err error) {
	text := c.String("size")
	if text == "" {
		return 0, 0, nil
	}
	if format != formatONNX && format != formatWeb {
		return 0, 0, usagef("--size is for ONNX and --format web")
	}
	return pictureSize(text)
}

// resize has a model translate pictures of another size.
func resize(m *train.Model, width, height int) error {
	found := false
	for _, use := range []string{train.TranslateUse, train.ReverseUse} {
		if m.Uses[use] == nil {
			continue
		}
		sized, err := m.Uses[use].Sized(height, width)
		if err != nil {
			return err
		}
		m.Uses[use], found = sized, true
	}
	if !found {
		return fmt.Errorf("a model of the game %s makes no pictures of pictures", m.Game)
	}
	return nil
}

// exporting is a model on its way to another program.
type exporting struct {
	*train.Model
	format, path string
	part         string   // that is asked for; empty for the usual
	uses         []string // the model's graphs, sorted
}

// usual is the graph that is exported where nobody says which: what makes images, of noise or of images.
func (x exporting) usual() string {
	for _, use := range []string{train.SampleUse, train.TranslateUse} {
		if slices.Contains(x.uses, use) {
			return use
		}
	}
	return ""
}

// isFolder reports whether a folder of ONNX files is written.
func (x exporting) isFolder() bool { return x.format == formatONNX && !isONNX(x.path) }

// checkPart refuses a --part that the format has not.
func (x exporting) checkPart() error {
	part := exchange.Part(x.part)
	switch {
	case x.format == formatKeras && !slices.Contains([]exchange.Part{"", exchange.Both, exchange.Generator, exchange.Discriminator}, part):
		return usagef("unknown part %q: want generator, discriminator or both", part)
	case x.format == formatWeb && part != "" && x.part != x.usual():
		return usagef("--part %s: a web page runs the graph that makes images", part)
	case x.format == formatSafetensors && part != "":
		return usagef("--part %s: a safetensors file holds the arrays of all graphs, named in it", part)
	case x.format == formatONNX && part != "" && !slices.Contains(x.uses, x.part):
		return usagef("--part %s: the model of the game %s has %s", part, x.Game, strings.Join(x.uses, ", "))
	case x.format == formatONNX && part == "" && !x.isFolder() && len(x.uses) > 1 && x.usual() == "":
		return usagef("--out %s: an ONNX file holds one graph, the model of the game %s has %s; name one by --part, or a folder for all",
			x.path, x.Game, strings.Join(x.uses, ", "))
	}
	return nil
}

// exportFormat is the format that the flags name, or else the path's ending.
func exportFormat(format, path string) (string, error) {
	endings := map[string]string{".h5": formatKeras, ".hdf5": formatKeras, ".onnx": formatONNX, ".safetensors": formatSafetensors}
	ending := strings.ToLower(filepath.Ext(path))
	switch {
	case path == "":
		return "", usagef("--out is missing: the file to write, as gan_mnist.h5, generator.onnx or weights.safetensors")
	case format == "" && endings[ending] == "":
		return "", usagef("--out %s: its ending tells no format; give --format keras, onnx, safetensors or web", path)
	case format == "":
		return endings[ending], nil
	}
	switch format {
	case formatONNX, formatWeb:
	case formatKeras, formatSafetensors:
		if endings[ending] != format {
			return "", usagef("--out %s: a file of the format %s does not end in %q", path, format, ending)
		}
	default:
		return "", usagef("unknown format %q: want keras, onnx, safetensors or web", format)
	}
	return format, nil
}

func (x exporting) keras(c *cli.Context) error {
	part := exchange.Part(x.part)
	if part == "" {
		part = exchange.Both
	}
	if err := exchange.WriteKeras(x.path, x.Model, part); err != nil {
		return err
	}
	networks := "generator and discriminator"
	if part != exchange.Both {
		networks = string(part)
	}
	fmt.Fprintf(c.App.Writer, "%s for Keras in %s\n", networks, x.path)
	return nil
}

func isONNX(path string) bool { return strings.ToLower(filepath.Ext(path)) == ".onnx" }

// onnx writes a file of a graph, or a folder of a file each.
func (x exporting) onnx(c *cli.Context) error {
	uses := x.uses
	switch {
	case x.part != "":
		uses = []string{x.part}
	case !x.isFolder() && len(uses) > 1:
		uses = []string{x.usual()}
	}
	if x.isFolder() {
		if err := os.MkdirAll(x.path, 0o777); err != nil {
			return fmt.Errorf("making the folder of ONNX files: %w", err)
		}
	}
	for _, use := range uses {
		file := x.path
		if x.isFolder() {
			file = filepath.Join(x.path, use+".onnx")
		}
		if err := exchange.WriteUse(file, x.Model, use); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s as ONNX in %s\n", use, file)
	}
	return nil
}

func (x exporting) safetensors(c *cli.Context) error {
	if err := x.UsedAlone().Save(x.path); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "weights in %s\n", x.path)
	return nil
}

func (x exporting) web(c *cli.Context) error {
	if err := exchange.WriteWeb(x.path, x.Model, c.String("onnxruntime")); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "page of the generator in %s: open it in a browser\n", filepath.Join(x.path, "index.html"))
	return nil
}
