package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gangpu/gan"
	"gangpu/gan/exchange"

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
			"load_weights of Keras 3. Both hold the GAN of the tutorial, generator and discriminator, or one of them.\n" +
			"onnx: FILE.onnx is the generator, or the one that --part names; any other PATH a folder of both.\n" +
			"Of a model of another game FILE.onnx is its graph sample, or the one that --part names, a folder has all graphs.\n" +
			"safetensors: the weights alone, without the optimizer's state; gangpu reads it too.\n" +
			"web: a folder with index.html, which makes images in the browser. It loads ONNX Runtime Web over the network,\n" +
			"or has it beside it with --onnxruntime, and then works without a network too.\n" +
			"The weights are those that make the images: the moving average, if the model has one.",
		Flags: []cli.Flag{
			modelFlag(), rawFlag(),
			&cli.StringFlag{Name: "format", DefaultText: "by the ending of --out", Usage: "`KIND` of file: keras, onnx, safetensors or web"},
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "`PATH` to write to"},
			&cli.StringFlag{Name: "part", DefaultText: "both; of one ONNX file the generator", Usage: "`NETWORK` to export: generator, discriminator or both; of another game's model a graph, as sample"},
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
	if c.IsSet("onnxruntime") && format != formatWeb {
		return usagef("--onnxruntime is for --format web")
	}
	switch m, err := gameModel(c.String("model")); {
	case err != nil:
		return blame(c, err, "model")
	case m != nil:
		return exportGame(c, m, format)
	}
	part := exchange.Part(c.String("part"))
	switch part {
	case "", exchange.Both, exchange.Generator, exchange.Discriminator:
	default:
		return usagef("unknown part %q: want generator, discriminator or both", part)
	}
	if format == formatWeb && part != "" && part != exchange.Generator {
		return usagef("--part %s: a web page runs the generator alone", part)
	}
	out := output{flag: "out", path: c.String("out")}
	switch {
	case format == formatWeb:
		out.written = func(name string) bool { return name == "index.html" || name == "onnxruntime.js" }
	case format == formatONNX && !isONNX(out.path):
		out.written = func(name string) bool { return isONNX(name) }
	}
	if err := checkOutputs(c, []output{out}, c.String("model")); err != nil {
		return err
	}
	model, err := loadModel(c, c.String("model"))
	if err != nil {
		return err
	}
	endAtOnce()
	switch format {
	case formatKeras:
		return exportKeras(c, model, part)
	case formatONNX:
		return exportONNX(c, model, part)
	case formatWeb:
		return exportWeb(c, model)
	}
	return exportSafetensors(c, model, part)
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

func exportKeras(c *cli.Context, model *gan.ModelFile, part exchange.Part) error {
	if part == "" {
		part = exchange.Both
	}
	file := c.String("out")
	if err := exchange.WriteKeras(file, model, part); err != nil {
		return err
	}
	networks := "generator and discriminator"
	if part != exchange.Both {
		networks = string(part)
	}
	fmt.Fprintf(c.App.Writer, "%s for Keras in %s\n", networks, file)
	return nil
}

func isONNX(path string) bool { return strings.ToLower(filepath.Ext(path)) == ".onnx" }

// exportONNX writes a file, or a folder of both networks' files.
func exportONNX(c *cli.Context, model *gan.ModelFile, part exchange.Part) error {
	path := c.String("out")
	files := map[exchange.Part]string{}
	if isONNX(path) {
		switch part {
		case exchange.Both:
			return usagef("--out %s: one ONNX file holds one network; name a folder for both", path)
		case "":
			part = exchange.Generator
		}
		files[part] = path
	} else {
		for _, p := range []exchange.Part{exchange.Generator, exchange.Discriminator} {
			if part == "" || part == exchange.Both || part == p {
				files[p] = filepath.Join(path, string(p)+".onnx")
			}
		}
		if err := os.MkdirAll(path, 0o777); err != nil {
			return fmt.Errorf("making the folder of ONNX files: %w", err)
		}
	}
	for _, p := range []exchange.Part{exchange.Generator, exchange.Discriminator} {
		if file := files[p]; file != "" {
			if err := exchange.WriteONNX(file, model, p); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "%s as ONNX in %s\n", p, file)
		}
	}
	return nil
}

func exportSafetensors(c *cli.Context, model *gan.ModelFile, part exchange.Part) error {
	if part != "" && part != exchange.Both {
		return usagef("--part %s: a safetensors file holds both networks, named in it", part)
	}
	file := c.String("out")
	if err := model.WeightsAlone().Save(file); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "weights in %s\n", file)
	return nil
}

func exportWeb(c *cli.Context, model *gan.ModelFile) error {
	folder := c.String("out")
	if err := exchange.WriteWeb(folder, model, c.String("onnxruntime")); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "page of the generator in %s: open it in a browser\n", filepath.Join(folder, "index.html"))
	return nil
}
