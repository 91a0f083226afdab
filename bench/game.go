package bench

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"text/tabwriter"
	"time"

	"gangpu/engine/program"
	"gangpu/gan/train"
)

// GameOptions say which game to measure.
type GameOptions struct {
	System       train.System
	Preset       string // empty for the first
	Batch        int    // 0 for the preset's
	Shards       int
	Input        train.Input
	Measurements int // of an iteration, at least 1
	Warmup       int // iterations before the first measurement
}

// GameResult is how long an iteration of a game takes.
type GameResult struct {
	Game    string       `json:"game"`
	Preset  string       `json:"preset"`
	Date    time.Time    `json:"date"`
	Machine Machine      `json:"machine"`
	Input   train.Input  `json:"input"`
	Batch   int          `json:"batch"`
	Shards  int          `json:"shards"`
	FLOPs   float64      `json:"flops"` // of an iteration, counted
	Bytes   float64      `json:"bytes"`
	Devices []GameDevice `json:"devices"`
}

// GameDevice is what was measured on one device. The ratio is its median over the first device's.
type GameDevice struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Precision   string  `json:"precision"`
	Iteration   Times   `json:"iteration"`
	Ratio       float64 `json:"ratio,omitempty"`
	Modules     int     `json:"modules,omitempty"` // of GPU code that the trainer loads
	LoadTime    float64 `json:"load_time,omitempty"`
}

// RunGame trains a game on each device, on images of noise, and measures. The measurements are interleaved, device by
// device, so that whatever slows the machine down slows all.
func RunGame(devices []program.Device, o GameOptions) (r *GameResult, err error) {
	if len(devices) == 0 || o.Measurements < 1 || o.Warmup < 0 {
		return nil, fmt.Errorf("%d measurements on %d devices after %d iterations", o.Measurements, len(devices), o.Warmup)
	}
	p, err := o.System.Preset(o.Preset)
	if err != nil {
		return nil, err
	}
	g, err := o.System.New(p.Settings, o.Input)
	if err != nil {
		return nil, err
	}
	s := train.Settings{Batch: p.Batch, Shards: max(o.Shards, 1), Seed: 1}
	if o.Batch > 0 {
		s.Batch = o.Batch
	}
	data, err := noise(o.Input, 4*s.Batch)
	if err != nil {
		return nil, err
	}
	data = data.In(g.Low, g.High)
	plan, err := train.NewPlan(g, s, data)
	if err != nil {
		return nil, err
	}
	r = &GameResult{Game: o.System.Name, Preset: p.Name, Date: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Input: o.Input,
		Batch: s.Batch, Shards: s.Shards}
	r.FLOPs, r.Bytes = plan.Work()
	var trainers []*train.Trainer
	defer func() {
		for _, t := range trainers {
			err = errors.Join(err, t.Close())
		}
	}()
	for _, dev := range devices {
		t, err := train.New(dev, g, s, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dev.Info().Name, err)
		}
		trainers = append(trainers, t)
	}
	step := func(t *train.Trainer) error {
		if err := t.Step(); err != nil {
			return err
		}
		_, err := t.Metrics()
		return err
	}
	for _, t := range trainers {
		for range o.Warmup {
			if err := step(t); err != nil {
				return nil, err
			}
		}
	}
	samples := make([][]float64, len(trainers))
	for range o.Measurements {
		for i, t := range trainers {
			begin := time.Now()
			if err := step(t); err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], time.Since(begin).Seconds())
		}
	}
	for i, dev := range devices {
		info := dev.Info()
		d := GameDevice{Name: info.Name, Description: info.Description, Precision: info.Precision, Iteration: *timesOf(samples[i]),
			Modules: info.Modules, LoadTime: info.LoadTime.Seconds()}
		if i > 0 {
			d.Ratio = d.Iteration.Median / r.Devices[0].Iteration.Median
		}
		r.Devices = append(r.Devices, d)
	}
	return r, nil
}

// noise is so many images whose pixels do not matter to the time, with classes if the input has some.
func noise(in train.Input, rows int) (train.Data, error) {
	image := train.Field{Name: "image", Shape: []int{in.Height, in.Width, in.Channels}, Bytes: make([]byte, rows*in.Height*in.Width*in.Channels)}
	rand.NewChaCha8([32]byte{}).Read(image.Bytes) // it returns no error
	fields := []train.Field{image}
	if in.Classes > 0 {
		labels := make([]int32, rows)
		for i := range labels {
			labels[i] = int32(i % in.Classes)
		}
		class, err := train.OneHot("class", labels, in.Classes)
		if err != nil {
			return train.Data{}, err
		}
		fields = append(fields, class)
	}
	return train.Data{Tables: []train.Table{{Rows: rows, Fields: fields}}}, nil
}

// WriteTable prints the result for people.
func (r *GameResult) WriteTable(out io.Writer) error {
	fmt.Fprintf(out, "%s, preset %s: %d x %d pixels of %d channels, batch %d", r.Game, r.Preset, r.Input.Width, r.Input.Height, r.Input.Channels, r.Batch)
	if r.Shards > 1 {
		fmt.Fprintf(out, " in %d shards", r.Shards)
	}
	fmt.Fprintf(out, "\nan iteration: %.2f GFLOP, %.1f MB\n\n", r.FLOPs/1e9, r.Bytes/1e6)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tPRECISION\tITERATION\tP10\tP90\tGFLOP/S\tRATIO")
	for _, d := range r.Devices {
		ratio := ""
		if d.Ratio > 0 {
			ratio = fmt.Sprintf("%.4f", d.Ratio)
		}
		fmt.Fprintf(w, "%s: %s\t%s\t%.4f s\t%.4f\t%.4f\t%.0f\t%s\n", d.Name, d.Description, d.Precision, d.Iteration.Median, d.Iteration.P10,
			d.Iteration.P90, r.FLOPs/d.Iteration.Median/1e9, ratio)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range r.Devices {
		if d.Modules > 0 {
			fmt.Fprintf(out, "%s: %d modules, loaded in %.2f s\n", d.Name, d.Modules, d.LoadTime)
		}
	}
	return nil
}
