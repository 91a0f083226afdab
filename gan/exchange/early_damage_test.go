package exchange

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/internal/safetensors"
)

var earlyFile = filepath.Join("testdata", "early-model.safetensors")

// An early file is refused if it is cut anywhere, or a bit of it is another.
func TestEarlyFileAltered(t *testing.T) {
	data, err := os.ReadFile(earlyFile)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, at int, b []byte) {
		t.Helper()
		file, err := safetensors.Decode(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			_, err = decodeFile(file)
		}
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%s %d of %d: got %v, want an error of a line", what, at, len(data), err)
		}
	}
	header := 8 + int(binary.LittleEndian.Uint64(data))
	for at := 0; at < len(data); at += 7 {
		if at > header {
			at += 100
		}
		check("cut at byte", at, data[:min(at, len(data)-1)])
		if at < len(data) {
			data[at] ^= 1 << (at % 8)
			check("flipped a bit of byte", at, data)
			data[at] ^= 1 << (at % 8)
		}
	}
	check("added a byte to", len(data), append(slices.Clone(data), 0))
}

// The first form had no checksum, and files without an optimizer's state lack its tensors: they are read. The second
// form without its checksum is not.
func TestEarlyFileWithoutSum(t *testing.T) {
	f := readFile(t)
	f.Tensors = slices.DeleteFunc(f.Tensors, func(x safetensors.Tensor) bool { return strings.HasPrefix(x.Name, "adam/") })
	delete(f.Metadata, sumKey)
	if _, err := decodeFile(f); err == nil || !strings.Contains(err.Error(), `say ""`) {
		t.Errorf("without its checksum: %v", err)
	}
	f.Metadata["format"] = earlyModelNoSum
	if m, err := decodeFile(f); err != nil || m.Iterations != 5 {
		t.Errorf("the form without a checksum: %v", err)
	}
}

// What a checksum does not guard, as a file that another program wrote: each thing that does not fit is named.
func TestEarlyFileDamaged(t *testing.T) {
	remove := func(name string) func(f *safetensors.File) {
		return func(f *safetensors.File) {
			f.Tensors = slices.DeleteFunc(f.Tensors, func(x safetensors.Tensor) bool { return x.Name == name })
		}
	}
	notANumber := func(name string) func(f *safetensors.File) {
		return func(f *safetensors.File) {
			x := tensorOf(t, f, name)
			values := make([]float32, size(x.Shape))
			values[0] = float32(math.NaN())
			*x, _ = safetensors.New(name, x.Shape, values)
		}
	}
	replace := func(key, old, by string) func(f *safetensors.File) {
		return func(f *safetensors.File) {
			if f.Metadata[key] = strings.Replace(f.Metadata[key], old, by, 1); !strings.Contains(f.Metadata[key], by) {
				t.Fatalf("metadata %s lacks %q", key, old)
			}
		}
	}
	for want, damage := range map[string]func(f *safetensors.File){
		"metadata settings: batch is 0":                                replace("settings", `"batch":4`, `"batch":0`),
		"metadata settings: loss is":                                   replace("settings", "non-saturating", "none"),
		`metadata images: "" is no count`:                              func(f *safetensors.File) { delete(f.Metadata, "images") },
		"a stride of [2305843009213693953 1] is too large":             replace("model", `"stride":[2,2]`, `"stride":[2305843009213693953,1]`),
		"generator/dense: an output of [1000000000] is too large":      replace("model", `"units":12`, `"units":1000000000`),
		"generator/class_embedding: 300 classes":                       replace("model", `"classes":3`, `"classes":300`),
		"generator knows 2 classes but discriminator 3":                replace("model", `"classes":3`, `"classes":2`),
		`"generator/conv2d/bias" has shape [1 1], the model wants [1]`: func(f *safetensors.File) { tensorOf(t, f, "generator/conv2d/bias").Shape = []int{1, 1} },
		`"generator/dense/kernel" is I32`:                              func(f *safetensors.File) { tensorOf(t, f, "generator/dense/kernel").DType = safetensors.I32 },
		`"discriminator/conv2d/bias": element 0 is NaN`:                notANumber("discriminator/conv2d/bias"),
		`"ema/generator/conv2d/bias": element 0 is NaN`:                notANumber("ema/generator/conv2d/bias"),
		`"adam/m/generator/dense/bias": element 0 is NaN`:              notANumber("adam/m/generator/dense/bias"),
		`no tensor "adam/v/discriminator/dense/bias"`:                  remove("adam/v/discriminator/dense/bias"),
		`no tensor "ema/generator/dense/bias"`:                         remove("ema/generator/dense/bias"),
	} {
		f := readFile(t)
		damage(f)
		var err error
		if f.Metadata[sumKey], err = f.Checksum(sumKey); err != nil {
			t.Fatal(err)
		}
		if _, err := decodeFile(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func readFile(t *testing.T) *safetensors.File {
	t.Helper()
	f, err := safetensors.Read(earlyFile)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func tensorOf(t *testing.T, f *safetensors.File, name string) *safetensors.Tensor {
	t.Helper()
	i := slices.IndexFunc(f.Tensors, func(x safetensors.Tensor) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("no tensor %q", name)
	}
	return &f.Tensors[i]
}
