package bench

import (
	"errors"
	"fmt"
	"time"

	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/gan/train"
	"gangpu/kernels/ptxemu"
)

// Roofline is what the kernels of all phases' updates execute and move, counted launch by launch as the emulator runs
// the PTX, beside what the operations need; and the time that a card would take for it. Its JSON has all times in
// seconds and all sizes in bytes.
type Roofline struct {
	Versions  map[string]string `json:"versions,omitempty"`
	Date      time.Time         `json:"date"`
	Game      string            `json:"game,omitempty"`
	Preset    string            `json:"preset,omitempty"`
	Input     train.Input       `json:"input,omitzero"`
	Batch     int               `json:"batch"`
	Precision string            `json:"precision"`
	Card      Card              `json:"card"`
	Device    string            `json:"device,omitempty"` // on which the times were measured
	Steps     []StepCost        `json:"steps"`            // of the phases
}

// StepCost is an update of a phase.
type StepCost struct {
	Name       string          `json:"name"`  // "phase d"
	Share      float64         `json:"share"` // updates of an average iteration
	Operations []OperationCost `json:"operations"`
}

// OperationCost is a step of a phase's program, and the launches that do it.
type OperationCost struct {
	Name     string       `json:"name"`  // "generator/conv2d/filter_grad"
	FLOPs    float64      `json:"flops"` // see program.FLOPs
	Bytes    float64      `json:"bytes"` // see program.Bytes: the floor
	Seconds  float64      `json:"predicted"`
	Measured float64      `json:"measured,omitempty"`
	Kernels  []KernelCost `json:"kernels"`
}

// KernelCost is one launch. Bytes of global memory are counted four times: as threads ask for them; in the 32-byte
// sectors that an instruction of a warp touches; each sector once a block, which is what a first-level cache that
// keeps everything asks of the second; each once a launch, read and written ones both, which is what the caches together
// must ask of memory.
type KernelCost struct {
	Kernel           string  `json:"kernel"`
	Blocks           int     `json:"blocks"`
	FP32FLOPs        float64 `json:"fp32_flops"`
	MatrixFLOPs      float64 `json:"mma_flops"`
	Instructions     float64 `json:"warp_instructions"` // of PTX
	SharedBytes      float64 `json:"shared_bytes"`
	SharedWavefronts float64 `json:"shared_wavefronts"`
	AskedBytes       float64 `json:"asked_bytes"`
	SectorBytes      float64 `json:"sector_bytes"`
	BlockBytes       float64 `json:"block_bytes"`
	UniqueBytes      float64 `json:"unique_bytes"`
	Seconds          float64 `json:"predicted"`
	Bound            string  `json:"bound"` // "memory", "L2", "L1", "fp32", "mma", "issue", "launch"
}

const sectorBytes = 32

// CountRoofline runs an update of each phase on the emulator, at full size and without its checks, and predicts the time
// of each launch on the card. A batch is computed in one shard. precision is "fp32", "tf32", or "" for tf32 where the
// card has it.
func CountRoofline(o Options, precision string, card Card) (r *Roofline, err error) {
	driver, dev, err := openCounting(precision, card)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	u, s, err := openRoofline(dev, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.trainer.Close()) }()
	r = &Roofline{Date: time.Now().UTC().Truncate(time.Second), Game: s.system.Name, Preset: s.preset.Name, Input: s.input, Batch: s.settings.Batch,
		Precision: dev.Info().Precision, Card: card}
	for _, p := range u.phases {
		cost := StepCost{Name: "phase " + p.Name, Share: p.Share}
		if cost.Operations, err = driver.count(p.Programs[0].Program, p.Programs[0].Executable, card); err != nil {
			return nil, err
		}
		r.Steps = append(r.Steps, cost)
	}
	return r, nil
}

// openCounting opens the emulator as a device that counts for the card.
func openCounting(precision string, card Card) (*countingDriver, program.Device, error) {
	if precision == "tf32" && card.TF32 == 0 {
		return nil, nil, fmt.Errorf("%s has no tf32", card.Name)
	}
	driver := &countingDriver{}
	driver.Driver = ptxemu.New(ptxemu.Options{Capability: card.Capability, Traffic: true, NoProducts: true, Launched: driver.launched})
	dev, err := cuda.Open(driver, 0, cuda.Options{Name: "emulated", Precision: precision})
	return driver, dev, err
}

// count runs a program once, and tells what its operations cost.
func (d *countingDriver) count(p *program.Program, e program.Executable, card Card) (costs []OperationCost, err error) {
	d.steps = nil
	if err := e.Profile(make([]time.Duration, len(p.Steps))); err != nil {
		return nil, err
	}
	for j, s := range p.Steps {
		op := OperationCost{Name: s.Name, FLOPs: program.FLOPs(s.Op), Bytes: program.Bytes(s.Op), Kernels: d.steps[j]}
		for k := range op.Kernels {
			kernel := &op.Kernels[k]
			kernel.Seconds, kernel.Bound = card.predict(kernel)
			op.Seconds += kernel.Seconds
		}
		costs = append(costs, op)
	}
	return costs, nil
}

// openRoofline makes a trainer whose phases are a program each.
func openRoofline(dev program.Device, o Options) (*run, subject, error) {
	o.Shards = 1
	s, err := o.subject()
	if err != nil {
		return nil, s, err
	}
	data, err := s.data()
	if err != nil {
		return nil, s, err
	}
	u, err := newRun(train.Ranks{}, dev, s, data)
	return u, s, err
}

// countingDriver is the emulator, and collects what the launches of each step of a profile have executed.
type countingDriver struct {
	*ptxemu.Driver
	steps [][]KernelCost
}

// EventRecord is called before each step of a profile, and after the last.
func (d *countingDriver) EventRecord(event, stream uint64) error {
	d.steps = append(d.steps, nil)
	return d.Driver.EventRecord(event, stream)
}

func (d *countingDriver) launched(grid [3]uint32, c ptxemu.Counters) {
	if len(d.steps) == 0 {
		return // it initialises
	}
	last := &d.steps[len(d.steps)-1]
	*last = append(*last, KernelCost{
		Kernel:           c.Kernel,
		Blocks:           int(grid[0] * grid[1] * grid[2]),
		FP32FLOPs:        float64(c.FP32),
		MatrixFLOPs:      float64(c.MatrixFLOP),
		Instructions:     float64(c.WarpInstructions),
		SharedBytes:      float64(c.SharedBytes),
		SharedWavefronts: float64(c.SharedWavefronts),
		AskedBytes:       float64(c.GlobalLoaded + c.GlobalStored),
		SectorBytes:      sectorBytes * float64(c.GlobalSectors),
		BlockBytes:       sectorBytes * float64(c.BlockSectors),
		UniqueBytes:      sectorBytes * float64(c.LaunchSectors),
	})
}

// Measure profiles the same phases on a GPU, as often as the options say, and notes the median time of each operation.
// The options are those of CountRoofline.
func (r *Roofline) Measure(dev program.Device, o Options) (err error) {
	if p := dev.Info().Precision; p != r.Precision {
		return fmt.Errorf("%s computes in %s, the roofline is of %s", dev.Info().Name, p, r.Precision)
	}
	u, s, err := openRoofline(dev, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.trainer.Close()) }()
	if s.system.Name != r.Game || s.preset.Name != r.Preset || !s.input.Equal(r.Input) || s.settings.Batch != r.Batch {
		return errors.New("the roofline is of another game, preset, size or batch")
	}
	if _, err := u.timed(u.cycle, u.trainer.Step); err != nil {
		return err
	}
	r.Device = dev.Info().Description
	for i, p := range u.phases {
		seconds, err := profile(p.Programs[0], o.Measurements)
		if err != nil {
			return err
		}
		for j := range r.Steps[i].Operations {
			r.Steps[i].Operations[j].Measured = seconds[j]
		}
	}
	return nil
}

// sum adds up a step. Its Kernels is one that stands for all, with their sums.
func (s *StepCost) sum() OperationCost {
	total := OperationCost{Name: s.Name, Kernels: make([]KernelCost, 1)}
	for i := range s.Operations {
		o := &s.Operations[i]
		total.FLOPs += o.FLOPs
		total.Bytes += o.Bytes
		total.Seconds += o.Seconds
		total.Measured += o.Measured
		total.Kernels[0].add(o.all())
	}
	return total
}

// all is what an operation's launches do together.
func (o *OperationCost) all() KernelCost {
	var all KernelCost
	for _, k := range o.Kernels {
		all.add(k)
	}
	return all
}

func (k *KernelCost) add(o KernelCost) {
	k.Blocks += o.Blocks
	k.FP32FLOPs += o.FP32FLOPs
	k.MatrixFLOPs += o.MatrixFLOPs
	k.Instructions += o.Instructions
	k.SharedBytes += o.SharedBytes
	k.SharedWavefronts += o.SharedWavefronts
	k.AskedBytes += o.AskedBytes
	k.SectorBytes += o.SectorBytes
	k.BlockBytes += o.BlockBytes
	k.UniqueBytes += o.UniqueBytes
	k.Seconds += o.Seconds
}
