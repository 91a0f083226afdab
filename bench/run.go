package bench

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"gangpu/engine/program"
	"gangpu/gan"
)

// Options say what to measure.
type Options struct {
	Preset       gan.Preset // the model and settings; the zero value is the tutorial's
	Batch        int        // images of a step; 0 for the preset's
	Measurements int        // of each kind, at least 1
	Warmup       int        // iterations before the first measurement
	Layers       bool       // measure the time per layer too
}

// Validate reports the first option that cannot be measured.
func (o Options) Validate() error {
	if o.Measurements < 1 {
		return fmt.Errorf("%d measurements, want at least 1", o.Measurements)
	}
	if o.Warmup < 0 {
		return fmt.Errorf("%d iterations of warm-up, want none or more", o.Warmup)
	}
	return o.settings().Validate()
}

// preset is what is measured.
func (o Options) preset() gan.Preset {
	if o.Preset.Model == nil {
		return gan.Presets()[0]
	}
	return o.Preset
}

// settings are the preset's but for the batch.
func (o Options) settings() gan.Settings {
	s := o.preset().Settings
	if o.Batch != 0 {
		s.Batch = o.Batch
	}
	return s
}

// Run trains a preset's model on each device side by side and measures. The measurements are
// interleaved, device by device, so that whatever slows the machine down slows all.
func Run(devices []program.Device, o Options) (r *Result, err error) {
	if len(devices) == 0 {
		return nil, errors.New("no device to measure")
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := o.settings()
	r = &Result{Name: gangpu, Date: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Preset: o.preset().Name,
		Batch: s.Batch, K: s.K, Measurements: o.Measurements, Warmup: o.Warmup}
	images := noiseImages(s)
	var runs []*run
	defer func() {
		for _, u := range runs {
			err = errors.Join(err, u.trainer.Close())
		}
	}()
	for _, dev := range devices {
		u, err := newRun(dev, o.preset(), s, images)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dev.Info().Name, err)
		}
		runs = append(runs, u)
	}
	differences, err := compareDevices(runs, s)
	if err != nil {
		return nil, err
	}
	for _, u := range runs {
		if err := u.warmUp(o.Warmup); err != nil {
			return nil, fmt.Errorf("%s: %w", u.name(), err)
		}
	}
	for range o.Measurements {
		for _, u := range runs {
			if err := u.measure(); err != nil {
				return nil, fmt.Errorf("%s: %w", u.name(), err)
			}
		}
	}
	for i, u := range runs {
		d, err := u.result(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.name(), err)
		}
		if i > 0 {
			d.Difference = differences[i]
			d.Ratio = d.Iteration.Median / r.Devices[0].Iteration.Median
		}
		r.Devices = append(r.Devices, *d)
	}
	// The floor is measured on arrays larger than any of training, hence last.
	r.PeakMemory = peakMemory()
	for i, u := range runs {
		if r.Devices[i].Floor, err = u.floor(r.Devices[i].Work); err != nil {
			return nil, fmt.Errorf("%s: measuring its rates: %w", u.name(), err)
		}
	}
	return r, nil
}

// noiseImages are as many images as MNIST has, or nearly: whole batches, and k of them, so that
// the alternation is even across epochs. Their pixels do not matter to the time.
func noiseImages(s gan.Settings) gan.Images {
	cycle := s.Batch * s.K
	images := gan.Images{Count: max(60_000/cycle, 1) * cycle, Rows: s.Height, Cols: s.Width}
	images.Pixels = make([]byte, images.Count*images.Rows*images.Cols)
	rand.NewChaCha8([32]byte{}).Read(images.Pixels) // it returns no error
	return images
}

// run is the benchmark on one device.
type run struct {
	dev     program.Device
	trainer *gan.Trainer
	d, g    gan.TrainingStep
	k       int
	batch   int
	cycles  int // of k iterations in a measurement

	iteration, dStep, gStep []float64 // seconds
}

func newRun(dev program.Device, p gan.Preset, s gan.Settings, images gan.Images) (*run, error) {
	m, err := p.Model(s)
	if err != nil {
		return nil, err
	}
	trainer, err := gan.NewTrainer(dev, s, m, images)
	if err != nil {
		return nil, err
	}
	u := &run{dev: dev, trainer: trainer, k: s.K, batch: s.Batch}
	if u.d, u.g, err = trainer.TrainingSteps(); err != nil {
		return nil, errors.Join(err, trainer.Close())
	}
	return u, nil
}

func (u *run) name() string { return u.dev.Info().Name }

// shortest is the least that a measurement lasts: short iterations are repeated, so that neither
// the clock nor the wait at the end counts.
const shortest = 10 * time.Millisecond

// warmUp makes at least n iterations, by whole cycles, and chooses the length of a measurement.
func (u *run) warmUp(n int) error {
	u.cycles = 1
	for done := 0; done < n || done == 0; done += u.k {
		taken, err := u.timed(u.k, u.trainer.Step)
		if err != nil {
			return err
		}
		u.cycles = int(math.Ceil(shortest.Seconds() / (taken * float64(u.k))))
	}
	return nil
}

// timed runs f n times, waits for the device, and returns the mean time in seconds.
func (u *run) timed(n int, f func() error) (float64, error) {
	start := time.Now()
	for range n {
		if err := f(); err != nil {
			return 0, err
		}
	}
	if err := u.dev.Sync(); err != nil {
		return 0, err
	}
	return time.Since(start).Seconds() / float64(n), nil
}

func (u *run) measure() error {
	for _, m := range []struct {
		samples *[]float64
		n       int
		f       func() error
	}{
		{&u.iteration, u.cycles * u.k, u.trainer.Step},
		{&u.gStep, u.cycles, u.g.Executable.Run},
		{&u.dStep, u.cycles, u.d.Executable.Run},
	} {
		taken, err := u.timed(m.n, m.f)
		if err != nil {
			return err
		}
		*m.samples = append(*m.samples, taken)
	}
	return nil
}

func (u *run) result(o Options) (*Device, error) {
	info := u.dev.Info()
	d := &Device{Name: info.Name, Description: info.Description, Precision: info.Precision,
		Iteration: *timesOf(u.iteration), GStep: timesOf(u.gStep), DStep: timesOf(u.dStep), DeviceMemory: u.trainer.DeviceBytes(),
		Modules: info.Modules, LoadTime: info.LoadTime.Seconds()}
	d.ImagesPerSecond = float64(u.batch) / d.Iteration.Median
	d.Work = &Work{}
	for _, part := range u.parts() {
		flops, bytes := count(part.Program)
		d.Work.FLOPs += part.share * flops
		d.Work.Bytes += part.share * bytes
	}
	d.Work.FLOPRate = d.Work.FLOPs / d.Iteration.Median
	d.Work.ByteRate = d.Work.Bytes / d.Iteration.Median
	var err error
	if o.Layers {
		d.Layers, err = u.layers(o.Measurements)
	}
	return d, err
}

// part is a training step and how often an average iteration makes it.
type part struct {
	gan.TrainingStep
	share float64
}

func (u *run) parts() [2]part { return [2]part{{u.g, 1}, {u.d, 1 / float64(u.k)}} }

// Threads is the number of threads that a CPU device of so many has: 0 stands for all cores.
func Threads(n int) int {
	if n == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}
