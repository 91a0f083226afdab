package gan

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gangpu/internal/safetensors"
)

// ModelFile is what a file of a trained model holds: a safetensors file with the parameters under
// Keras's names and in its layouts, the state of Adam, and in the metadata the model, the
// settings, how far the run came, and a checksum of all this: a file that was altered is refused.
type ModelFile struct {
	Model      Model
	Settings   Settings
	Images     int               // in the dataset that it was trained on
	Iterations int               // made
	Device     string            // that it was trained on
	Distance   *float64          // of its images from real ones, as they were judged; nil if they were not
	Notes      map[string]string // whatever else was to be kept

	generator, discriminator state
	metrics                  [metricsLen]float32 // of the last steps; zero where a file has none
}

const (
	modelFormat      = "gangpu-model/2"
	modelFormatNoSum = "gangpu-model/1" // as written before there were checksums
	sumKey           = "sha256"
	notePrefix       = "note/"
)

// Resumable reports whether the file holds the optimizer's state, and the moving average if the
// settings have one.
func (f *ModelFile) Resumable() bool {
	return f.generator.trained() && f.discriminator.trained() && (f.Settings.EMA == 0 || f.generator.average != nil)
}

// DropAverage makes images come from G's weights as the last step left them, though the file has
// their moving average. It cannot be resumed then.
func (f *ModelFile) DropAverage() { f.generator.average = nil }

// imageWeights are those of G that images are made by.
func (f *ModelFile) imageWeights() []float32 {
	if f.generator.average != nil {
		return f.generator.average
	}
	return f.generator.parameters
}

// Parameter returns a copy of a tensor of the file by its name, "generator/dense/kernel" or
// "ema/generator/dense/kernel", and its shape.
func (f *ModelFile) Parameter(name string) (values []float32, shape []int, err error) {
	l, err := f.Model.layouts()
	if err != nil {
		return nil, nil, err
	}
	for _, n := range f.networks(l) {
		for _, part := range n.parts() {
			if *part.values == nil {
				continue
			}
			for _, p := range n.layout.Parameters() {
				if part.prefix+p.Name == name {
					return slices.Clone((*part.values)[p.Offset:][:p.Len()]), p.Shape, nil
				}
			}
		}
	}
	return nil, nil, fmt.Errorf("the model has no parameter %q", name)
}

// Save makes or replaces the file at path. Parameters that are not finite are an error.
func (f *ModelFile) Save(path string) error {
	file, err := f.encode()
	if err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	return safetensors.Write(path, file)
}

func (f *ModelFile) encode() (*safetensors.File, error) {
	l, err := f.Model.layouts()
	if err != nil {
		return nil, err
	}
	model, err := json.Marshal(f.Model)
	if err != nil {
		return nil, fmt.Errorf("the model: %w", err)
	}
	settings, err := json.Marshal(f.Settings)
	if err != nil {
		return nil, fmt.Errorf("the settings: %w", err)
	}
	file := &safetensors.File{Metadata: map[string]string{
		"format": modelFormat, "model": string(model), "settings": string(settings), "device": f.Device,
		"images": strconv.Itoa(f.Images), "iterations": strconv.Itoa(f.Iterations),
	}}
	for k, v := range f.Notes {
		file.Metadata[notePrefix+k] = v
	}
	for _, n := range f.networks(l) {
		file.Metadata[stepsOf(n.layout.Name)] = strconv.FormatUint(uint64(n.steps), 10)
		if err := n.write(file); err != nil {
			return nil, err
		}
	}
	if err := finite("metrics", f.metrics[:]); err != nil {
		return nil, err
	}
	metrics, err := json.Marshal(f.metrics)
	if err != nil {
		return nil, fmt.Errorf("the metrics: %w", err)
	}
	file.Metadata["metrics"] = string(metrics)
	if f.Distance != nil {
		if d := *f.Distance; math.IsNaN(d) || math.IsInf(d, 0) {
			return nil, fmt.Errorf("the distance is %v", d)
		}
		file.Metadata["distance"] = strconv.FormatFloat(*f.Distance, 'g', -1, 64)
	}
	return file, seal(file)
}

// seal notes the file's checksum in it.
func seal(file *safetensors.File) error {
	sum, err := file.Checksum(sumKey)
	if err != nil {
		return err
	}
	file.Metadata[sumKey] = sum
	return nil
}

// checkSeal reports a file that is not as it was sealed.
func checkSeal(file *safetensors.File) error {
	want, sealed := file.Metadata[sumKey]
	if !sealed && file.Metadata["format"] == modelFormatNoSum {
		return nil
	}
	got, err := file.Checksum(sumKey)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("altered since it was written: its SHA-256 is %s, its metadata say %q", got, want)
	}
	return nil
}

// write adds a network's tensors to a file.
func (n networkState) write(file *safetensors.File) error {
	for _, part := range n.parts() {
		if *part.values == nil {
			continue
		}
		for _, p := range n.layout.Parameters() {
			values := (*part.values)[p.Offset:][:p.Len()]
			if err := finite(part.prefix+p.Name, values); err != nil {
				return err
			}
			t, err := safetensors.New(part.prefix+p.Name, p.Shape, values)
			if err != nil {
				return err
			}
			file.Tensors = append(file.Tensors, t)
		}
	}
	return nil
}

// finite reports the first value that is not, as a *notFiniteError.
func finite(name string, values []float32) error {
	for i, v := range values {
		if !isFinite(v) {
			return &notFiniteError{name, i, v}
		}
	}
	return nil
}

type notFiniteError struct {
	tensor  string
	element int
	value   float32
}

func (e *notFiniteError) Error() string {
	return fmt.Sprintf("tensor %q: element %d is %v", e.tensor, e.element, e.value)
}

func isFinite(v float32) bool { return v-v == 0 }

// Load reads a model file. Its errors name the file and what in it is wrong.
func Load(path string) (*ModelFile, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	f, err := decodeModel(file)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return f, nil
}

func decodeModel(file *safetensors.File) (*ModelFile, error) {
	if got := file.Metadata["format"]; got != modelFormat && got != modelFormatNoSum {
		return nil, fmt.Errorf("not a gangpu model: its format is %q, want %q", got, modelFormat)
	}
	if err := checkSeal(file); err != nil {
		return nil, err
	}
	f := &ModelFile{Device: file.Metadata["device"], Notes: notesOf(file)}
	if err := strictly([]byte(file.Metadata["model"]), &f.Model); err != nil {
		return nil, fmt.Errorf("metadata model: %w", err)
	}
	if err := strictly([]byte(file.Metadata["settings"]), &f.Settings); err != nil {
		return nil, fmt.Errorf("metadata settings: %w", err)
	}
	if err := f.Settings.Validate(); err != nil {
		return nil, fmt.Errorf("metadata settings: %w", err)
	}
	if metrics, ok := file.Metadata["metrics"]; ok {
		if err := strictly([]byte(metrics), &f.metrics); err != nil {
			return nil, fmt.Errorf("metadata metrics: %w", err)
		}
	}
	if text, ok := file.Metadata["distance"]; ok {
		d, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("metadata distance: %q is no number", text)
		}
		f.Distance = &d
	}
	l, err := f.Model.layouts()
	if err != nil {
		return nil, fmt.Errorf("metadata model: %w", err)
	}
	for key, v := range map[string]*int{"images": &f.Images, "iterations": &f.Iterations} {
		if *v, err = strconv.Atoi(file.Metadata[key]); err != nil || *v < 0 {
			return nil, fmt.Errorf("metadata %s: %q is no count", key, file.Metadata[key])
		}
	}
	known := 0
	for _, n := range f.networks(l) {
		key := stepsOf(n.layout.Name)
		steps, err := strconv.ParseUint(file.Metadata[key], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("metadata %s: %q is no count", key, file.Metadata[key])
		}
		n.steps = uint32(steps)
		read, err := n.read(file)
		if err != nil {
			return nil, err
		}
		known += read
	}
	if known != len(file.Tensors) {
		return nil, fmt.Errorf("%d tensors that are not the model's, such as %q", len(file.Tensors)-known, f.stranger(l, file))
	}
	return f, nil
}

func notesOf(file *safetensors.File) map[string]string {
	notes := map[string]string{}
	for k, v := range file.Metadata {
		if name, ok := strings.CutPrefix(k, notePrefix); ok {
			notes[name] = v
		}
	}
	return notes
}

// read fills in a network's arrays and returns how many tensors it took.
func (n networkState) read(file *safetensors.File) (int, error) {
	read := 0
	for _, part := range n.parts() {
		if part.prefix != "" && !slices.ContainsFunc(file.Tensors, func(t safetensors.Tensor) bool {
			return strings.HasPrefix(t.Name, part.prefix+n.layout.Name+"/")
		}) {
			continue
		}
		*part.values = make([]float32, n.layout.Len)
		for _, p := range n.layout.Parameters() {
			t, err := file.Tensor(part.prefix + p.Name)
			if err != nil {
				return 0, err
			}
			if !slices.Equal(t.Shape, p.Shape) {
				return 0, fmt.Errorf("tensor %q has shape %v, the model wants %v", t.Name, t.Shape, p.Shape)
			}
			values, err := safetensors.Values[float32](t)
			if err != nil {
				return 0, err
			}
			if err := finite(t.Name, values); err != nil {
				return 0, err
			}
			copy((*part.values)[p.Offset:], values)
			read++
		}
	}
	return read, nil
}

// stranger names a tensor that the model does not have.
func (f *ModelFile) stranger(l layouts, file *safetensors.File) string {
	known := map[string]bool{}
	for _, n := range f.networks(l) {
		for _, part := range n.parts() {
			for _, p := range n.layout.Parameters() {
				known[part.prefix+p.Name] = true
			}
		}
	}
	i := slices.IndexFunc(file.Tensors, func(t safetensors.Tensor) bool { return !known[t.Name] })
	return file.Tensors[i].Name
}
