package bench

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"gangpu/engine/program"
	"gangpu/gan/train"
)

// Run trains a game on each device side by side and measures. The measurements are interleaved, device by device, so
// that whatever slows the machine down slows all.
func Run(devices []program.Device, o Options) (r *Result, err error) {
	if len(devices) == 0 {
		return nil, errors.New("no device to measure")
	}
	s, err := o.subject()
	if err != nil {
		return nil, err
	}
	data, err := s.data()
	if err != nil {
		return nil, err
	}
	var runs []*run
	defer func() {
		for _, u := range runs {
			err = errors.Join(err, u.trainer.Close())
		}
	}()
	for _, dev := range devices {
		u, err := newRun(train.Ranks{}, dev, s, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dev.Info().Name, err)
		}
		runs = append(runs, u)
	}
	r = &Result{Name: gangpu, Date: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Game: s.system.Name, Preset: s.preset.Name,
		Set: o.Set, Phase: o.Phase, Parameters: runs[0].parameters(), Input: &s.input, Batch: s.settings.Batch, Shards: s.settings.Shards, K: runs[0].cycle, Measurements: o.Measurements, Warmup: o.Warmup}
	differences, err := compareDevices(runs)
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

// run is the benchmark on one device.
type run struct {
	dev     program.Device
	trainer *train.Trainer
	phases  []train.PhasePrograms
	cycle   int // iterations after which the phases take the same turns
	cycles  int // in a measurement

	iteration []float64   // seconds
	alone     [][]float64 // of an update of each phase
}

func newRun(r train.Ranks, dev program.Device, s subject, data train.Data) (*run, error) {
	trainer, err := train.NewRank(r, dev, s.game, s.settings, data)
	if err != nil {
		return nil, err
	}
	u := &run{dev: dev, trainer: trainer, cycle: trainer.Cycle()}
	if u.phases, err = trainer.PhasePrograms(); err != nil {
		return nil, errors.Join(err, trainer.Close())
	}
	u.alone = make([][]float64, len(u.phases))
	return u, nil
}

func (u *run) name() string { return u.dev.Info().Name }

// parameters are how many numbers each network learns.
func (u *run) parameters() map[string]int {
	counts := map[string]int{}
	for _, n := range u.trainer.Game().Networks {
		counts[n.Name] = u.trainer.Parameters(n.Name).Count()
	}
	return counts
}

// shortest is the least that a measurement lasts: short iterations are repeated, so that neither
// the clock nor the wait at the end counts.
const shortest = 10 * time.Millisecond

// warmUp makes at least n iterations, by whole cycles, and chooses the length of a measurement.
func (u *run) warmUp(n int) error {
	u.cycles = 1
	for done := 0; done < n || done == 0; done += u.cycle {
		taken, err := u.timed(u.cycle, u.trainer.Step)
		if err != nil {
			return err
		}
		u.cycles = int(math.Ceil(shortest.Seconds() / (taken * float64(u.cycle))))
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

// measure times whole cycles of iterations, and then as many updates of each phase alone.
func (u *run) measure() error {
	taken, err := u.timed(u.cycles*u.cycle, u.trainer.Step)
	if err != nil {
		return err
	}
	u.iteration = append(u.iteration, taken)
	for i, p := range u.phases {
		if taken, err = u.timed(u.cycles, func() error { return u.trainer.Update(p.Name) }); err != nil {
			return err
		}
		u.alone[i] = append(u.alone[i], taken)
	}
	return nil
}

func (u *run) result(o Options) (*Device, error) {
	info := u.dev.Info()
	d := &Device{Name: info.Name, Description: info.Description, Precision: info.Precision,
		Iteration: *timesOf(u.iteration), DeviceMemory: u.trainer.DeviceBytes(), Modules: info.Modules, LoadTime: info.LoadTime.Seconds()}
	d.ImagesPerSecond = float64(u.trainer.Settings().Batch) / d.Iteration.Median
	d.Work = &Work{}
	for i, p := range u.phases {
		d.Phases = append(d.Phases, PhaseTimes{Name: p.Name, Share: p.Share, Times: *timesOf(u.alone[i])})
		for _, q := range p.Programs {
			flops, bytes := count(q.Program)
			d.Work.FLOPs += p.Share * float64(q.Runs) * flops
			d.Work.Bytes += p.Share * float64(q.Runs) * bytes
		}
	}
	d.Work.FLOPRate = d.Work.FLOPs / d.Iteration.Median
	d.Work.ByteRate = d.Work.Bytes / d.Iteration.Median
	var err error
	if o.Layers {
		d.Layers, err = u.layers(o.Measurements)
	}
	return d, err
}

// count sums up the steps of a program.
func count(p *program.Program) (flops, bytes float64) {
	for _, s := range p.Steps {
		flops += program.FLOPs(s.Op)
		bytes += program.Bytes(s.Op)
	}
	return flops, bytes
}

// Threads is the number of threads that a CPU device of so many has: 0 stands for all cores.
func Threads(n int) int {
	if n == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}
