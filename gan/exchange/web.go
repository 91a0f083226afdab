package exchange

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"

	"gangpu/gan"
	"gangpu/internal/atomicfile"
)

//go:embed web.html
var webPage string

var webTemplate = template.Must(template.New("web.html").Parse(webPage))

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

// WriteWeb makes a folder with index.html, a page that makes images by the generator in the browser,
// opened as a file, without a server. The page holds the generator as ONNX and runs it with ONNX
// Runtime Web, which it loads over the network; unless runtime names the folder dist of the npm
// package onnxruntime-web, which is then put beside the page as onnxruntime.js.
func WriteWeb(folder string, f *gan.ModelFile, runtime string) error {
	model, err := encodeONNX(f, Generator)
	if err != nil {
		return fmt.Errorf("writing %s: %w", folder, err)
	}
	var script []byte
	if runtime != "" {
		if script, err = runtimeBundle(runtime); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("making the page's folder: %w", err)
	}
	if runtime != "" {
		if err := writeBytes(filepath.Join(folder, "onnxruntime.js"), script); err != nil {
			return err
		}
	}
	image := f.Model.Discriminator.Input
	return atomicfile.Write(filepath.Join(folder, "index.html"), func(w io.Writer) error {
		return webTemplate.Execute(w, map[string]any{
			"Model": model, "Name": f.Model.Name, "Latent": f.Model.Generator.Input[0], "Height": image[0], "Width": image[1], "Classes": f.Model.Classes(),
			"Local": runtime != "", "Release": onnxRuntimeWeb, "Hash": onnxRuntimeWebHash,
		})
	})
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
