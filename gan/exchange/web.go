package exchange

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"

	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/atomicfile"
)

//go:embed web.html web_translate.html web_shared.html
var webPages embed.FS

var webTemplates = template.Must(template.ParseFS(webPages, "*.html"))

// The release of ONNX Runtime Web that pages load from a public host if they have none beside
// them, and the hash of its script.
const (
	onnxRuntimeWeb     = "1.30.0"
	onnxRuntimeWebHash = "sha384-Bw6URI+Gvoadw0do7/QrSHUC9D1vCYYK5OSqChFyhyV5mzPL4oe2rOAFljAnS8Sq"
)

// The files of ONNX Runtime Web's folder dist that a page needs: the script, its WebAssembly and
// what starts this.
const (
	runtimeScript = "ort.wasm.min.js"
	runtimeStart  = "ort-wasm-simd-threaded.mjs"
	runtimeWASM   = "ort-wasm-simd-threaded.wasm"
)

// WriteWeb makes a folder with index.html, a page that makes images by a model of any game in the browser, of noise or of
// a picture that is chosen there, opened as a file, without a server. The page holds the graphs that it runs as ONNX, and
// runs them with ONNX Runtime Web, which it loads over the network; unless runtime names the folder dist of the npm
// package onnxruntime-web, which is then put beside the page as onnxruntime.js. A graph that reads anything but normal
// numbers and classes, or an image and classes, is an error.
func WriteWeb(folder string, m *train.Model, runtime string) error {
	of, name := webPageOf, "web.html"
	if m.Uses[train.SampleUse] == nil && m.Uses[train.TranslateUse] != nil {
		of, name = translatingPageOf, "web_translate.html"
	}
	page, err := of(m)
	if err != nil {
		return fmt.Errorf("writing %s: %w", folder, err)
	}
	var script []byte
	if runtime != "" {
		if script, err = runtimeBundle(runtime); err != nil {
			return err
		}
		page["Local"] = true
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("making the page's folder: %w", err)
	}
	if runtime != "" {
		if err := writeBytes(filepath.Join(folder, "onnxruntime.js"), script); err != nil {
			return err
		}
	}
	return atomicfile.Write(filepath.Join(folder, "index.html"), func(w io.Writer) error {
		return webTemplates.ExecuteTemplate(w, name, page)
	})
}

// webPageOf is what the page of a model is made of.
func webPageOf(m *train.Model) (map[string]any, error) {
	graph, err := writeGraph(m, train.SampleUse)
	if err != nil {
		return nil, err
	}
	saved := m.Uses[train.SampleUse]
	shapes, err := shapesOf(saved)
	if err != nil {
		return nil, err
	}
	image := shapes[saved.Outputs[0]]
	if len(image) != 4 {
		return nil, fmt.Errorf("the graph %s makes no images", train.SampleUse)
	}
	type input struct {
		Name  string
		Shape []int
	}
	var noises []input
	latent, classes, classInput := 0, 0, ""
	for _, in := range saved.Inputs {
		switch {
		case in.Role == nn.Array:
		case in.Role == nn.Noise && in.Distribution == nn.Normal:
			noises = append(noises, input{in.Name, in.Shape})
			latent += size(in.Shape)
		case in.Role == nn.Example && len(in.Shape) == 1 && classes == 0:
			classes, classInput = in.Shape[0], in.Name
		default:
			return nil, fmt.Errorf("the page gives normal numbers and classes, and the graph %s reads %s of shape %v", train.SampleUse, in.Name, in.Shape)
		}
	}
	if latent == 0 {
		return nil, fmt.Errorf("the graph %s reads no noise", train.SampleUse)
	}
	model := onnxModelOf(m, train.SampleUse, graph)
	return map[string]any{"Model": model, "Name": m.Game, "Latent": latent, "Height": image[1], "Width": image[2], "Channels": image[3], "Ink": m.Data.Ink,
		"Noises": noises, "Classes": classes, "ClassInput": classInput, "Local": false, "Release": onnxRuntimeWeb, "Hash": onnxRuntimeWebHash}, nil
}

// runtimeBundle makes one script of ONNX Runtime Web, as a page opened as a file may load no other
// kind: the runtime's own, then its WebAssembly and what starts this as text.
func runtimeBundle(dist string) ([]byte, error) {
	read := func(name string) ([]byte, error) {
		b, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil {
			return nil, fmt.Errorf("ONNX Runtime Web, the folder dist of the npm package onnxruntime-web: %w", err)
		}
		return b, nil
	}
	script, err := read(runtimeScript)
	if err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(script)
	b.WriteString("\nglobalThis.onnxRuntimeFiles = {") // gzipped, as base64
	for _, file := range []struct{ key, name string }{{"start", runtimeStart}, {"wasm", runtimeWASM}} {
		data, err := read(file.name)
		if err != nil {
			return nil, err
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(data); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		fmt.Fprintf(b, "%s: %q,\n", file.key, base64.StdEncoding.EncodeToString(packed.Bytes()))
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}
