package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
)

// gangpu is the name of its own results.
const gangpu = "gangpu"

// Result is what a benchmark found, gangpu's own or one of bench/peers, which leave out what they
// do not know. Its JSON has all times in seconds and all sizes in bytes.
type Result struct {
	Name     string            `json:"name"`               // of the program: "gangpu", "pytorch, eager"
	Versions map[string]string `json:"versions,omitempty"` // of the program and what it stands on
	Date     time.Time         `json:"date"`
	Machine  Machine           `json:"machine"`
	// Game, preset and images are of gangpu. Results that lack them are of the tutorial's, as all once were.
	Game   string `json:"game,omitempty"`
	Preset string `json:"preset,omitempty"`
	// Set are settings in the place of the preset's, and Phase is the only one that was measured.
	Set          map[string]any `json:"set,omitempty"`
	Phase        string         `json:"phase,omitempty"`
	Input        *train.Input   `json:"input,omitempty"`
	Batch        int            `json:"batch"` // images of a step
	Shards       int            `json:"shards,omitempty"`
	K            int            `json:"k"`     // iterations after which the phases take the same turns
	Measurements int            `json:"steps"` // how many of each kind
	Warmup       int            `json:"warmup"`
	Threads      int            `json:"threads,omitempty"` // of the CPU
	Devices      []Device       `json:"devices"`
	// PeakMemory is the most memory that the process had resident while it trained, on all
	// devices together; 0 where the system does not tell.
	PeakMemory uint64 `json:"peak_memory,omitempty"`
	// Parameters are how many numbers each network learns, by which two programs' networks are compared.
	Parameters map[string]int `json:"parameters,omitempty"`
	Notes      []string       `json:"notes,omitempty"` // why a device is missing
}

// Device is what was measured on one device.
type Device struct {
	Name        string `json:"name"`        // "cpu", "cuda:0"
	Description string `json:"description"` // the processor or card
	Precision   string `json:"precision"`

	Iteration       Times        `json:"iteration"`
	Phases          []PhaseTimes `json:"phases,omitempty"`
	ImagesPerSecond float64      `json:"images_per_second"` // batch / median iteration
	// DeviceMemory is what the trainer holds on the device.
	DeviceMemory int `json:"device_memory,omitempty"`
	// Modules is the number of modules of GPU code that the trainer loads, and LoadTime what assembling them took.
	Modules  int     `json:"modules,omitempty"`
	LoadTime float64 `json:"load_time,omitempty"`

	Work   *Work   `json:"work,omitempty"`
	Floor  *Floor  `json:"floor,omitempty"`
	Layers []Layer `json:"layers,omitempty"`

	// Difference is how far this device's numbers are from the first one's, and Ratio its median
	// iteration over the first one's. The first device has neither.
	Difference *Difference `json:"difference,omitempty"`
	Ratio      float64     `json:"ratio,omitempty"`
}

// PhaseTimes are those of an update of a phase alone.
type PhaseTimes struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"` // updates of an average iteration
	Times
}

// UnmarshalJSON reads results of before phases were listed too: they have steps of G and D.
func (d *Device) UnmarshalJSON(data []byte) error {
	type plain Device
	early := struct {
		*plain
		GStep *Times `json:"g_step"`
		DStep *Times `json:"d_step"`
	}{plain: (*plain)(d)}
	if err := json.Unmarshal(data, &early); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		of   *Times
	}{{"d", early.DStep}, {"g", early.GStep}} {
		if step.of != nil {
			d.Phases = append(d.Phases, PhaseTimes{Name: step.name, Times: *step.of})
		}
	}
	return nil
}

// game is that of a result of gangpu: name, preset, and images.
func (r *Result) game() (name, preset string, in train.Input) {
	in = digits
	if r.Input != nil {
		in = *r.Input
	}
	return cmp.Or(r.Game, tutorial.System.Name), cmp.Or(r.Preset, tutorial.System.Presets[0].Name), in
}

// Times are the median and the first and last tenth of a duration, in seconds.
type Times struct {
	Median float64 `json:"median"`
	P10    float64 `json:"p10"`
	P90    float64 `json:"p90"`
}

// Work is an average iteration's arithmetic and traffic, counted from the programs (see program.FLOPs
// and program.Bytes), and the rates at which the median iteration did it.
type Work struct {
	FLOPs    float64 `json:"flops"`
	Bytes    float64 `json:"bytes"`
	FLOPRate float64 `json:"flops_per_second"`
	ByteRate float64 `json:"bytes_per_second"`
}

// Floor is the time that an iteration would take at the device's own best, as measured in the
// same run: the larger of its arithmetic at the rate of one large matrix product and its traffic
// at the rate of a copy between large arrays. An algorithm that needs less arithmetic than the
// direct one (a convolution by Fourier transforms) may go below it.
type Floor struct {
	FLOPRate float64 `json:"flops_per_second"`
	ByteRate float64 `json:"bytes_per_second"`
	Seconds  float64 `json:"seconds"`
}

// Layer is where an average iteration spends its time, step by step with a wait after each: on
// a GPU the sum is more than the iteration.
type Layer struct {
	Name       string  `json:"name"` // "generator/conv2d", "inputs"
	Forward    float64 `json:"forward"`
	InputGrad  float64 `json:"input_grad"`
	FilterGrad float64 `json:"filter_grad"`
	Rest       float64 `json:"rest"` // what is none of these: norms, bias gradients, gradients of activations and losses, optimizers
	Time       float64 `json:"time"` // of all these
	FLOPs      float64 `json:"flops"`
	Bytes      float64 `json:"bytes"`
}

// Difference compares two devices that made the same iterations from the same seed.
type Difference struct {
	To         string  `json:"to"` // the device compared with
	Iterations int     `json:"iterations"`
	Parameters float64 `json:"parameters"` // the largest ||a-b||/||b|| of a parameter array
	Parameter  string  `json:"parameter"`  // that array's name
	Losses     float64 `json:"losses"`     // the largest |a-b|/|b| of the losses that an iteration reports
}

// Write writes r as JSON.
func (r *Result) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// ReadFile reads gangpu's result from what [Result.Write] or [Collection.Write] wrote.
func ReadFile(path string) (*Result, error) {
	c, err := ReadCollection(path)
	if err != nil {
		return nil, err
	}
	for _, r := range c {
		if r.Name == gangpu {
			return r, nil
		}
	}
	return nil, fmt.Errorf("reading the results in %s: none is gangpu's", path)
}
