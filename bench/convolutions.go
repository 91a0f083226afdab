package bench

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/cpu"
	"gangpu/engine/program"
)

// A ConvShape is a convolution of square images by a square filter: of its geometry, In is the image that it reads. A
// transposed one goes from Out to In.
type ConvShape struct {
	Batch      int    `json:"batch"`
	In         int    `json:"in"`  // channels
	Out        int    `json:"out"` // channels
	Size       int    `json:"size"`
	Filter     int    `json:"filter"`
	Stride     int    `json:"stride"`
	Padding    int    `json:"padding"` // on each side
	Transposed bool   `json:"transposed"`
	Pass       string `json:"pass"` // one of ConvPasses
}

// ConvPasses are what a training step computes of a convolution.
var ConvPasses = [3]string{"forward", "input grad", "filter grad"}

// ConvBatches are the batches of the grid.
var ConvBatches = []int{1, 8, 64}

// convGrid has a layer of each kind that networks have.
var convGrid = []ConvShape{
	{In: 256, Out: 256, Size: 16, Filter: 1, Stride: 1},
	{In: 512, Out: 512, Size: 8, Filter: 1, Stride: 1},
	{In: 64, Out: 64, Size: 32, Filter: 3, Stride: 1, Padding: 1},
	{In: 128, Out: 128, Size: 16, Filter: 3, Stride: 1, Padding: 1},
	{In: 256, Out: 256, Size: 16, Filter: 3, Stride: 1, Padding: 1},
	{In: 512, Out: 512, Size: 8, Filter: 3, Stride: 1, Padding: 1},
	{In: 64, Out: 128, Size: 32, Filter: 3, Stride: 2, Padding: 1},
	{In: 3, Out: 64, Size: 64, Filter: 4, Stride: 2, Padding: 1},
	{In: 64, Out: 128, Size: 32, Filter: 4, Stride: 2, Padding: 1},
	{In: 256, Out: 512, Size: 8, Filter: 4, Stride: 2, Padding: 1},
	{In: 32, Out: 64, Size: 28, Filter: 5, Stride: 1, Padding: 2},
	{In: 3, Out: 64, Size: 64, Filter: 7, Stride: 1, Padding: 3},
	{In: 64, Out: 3, Size: 64, Filter: 7, Stride: 1, Padding: 3},
	{In: 256, Out: 512, Size: 8, Filter: 4, Stride: 2, Padding: 1, Transposed: true},
	{In: 64, Out: 128, Size: 32, Filter: 4, Stride: 2, Padding: 1, Transposed: true},
	{In: 3, Out: 64, Size: 64, Filter: 4, Stride: 2, Padding: 1, Transposed: true},
}

func (s ConvShape) geometry() program.Geometry {
	return program.Geometry{Batch: s.Batch, InH: s.Size, InW: s.Size, InC: s.In, OutC: s.Out, FilterH: s.Filter, FilterW: s.Filter,
		StrideH: s.Stride, StrideW: s.Stride, Padding: program.Explicit(s.Padding, s.Padding, s.Padding, s.Padding)}
}

// String names the shape as a layer: filter, stride, channels from and to, size of the images that it reads, batch.
func (s ConvShape) String() string {
	from, to, size, name := s.In, s.Out, s.Size, ""
	if s.Transposed {
		from, to, size, name = to, from, s.geometry().OutH(), "transposed "
	}
	return fmt.Sprintf("%s%dx%d/%d %d-%d @%d b%d", name, s.Filter, s.Filter, s.Stride, from, to, size, s.Batch)
}

// A ConvTime is a row of the grid.
type ConvTime struct {
	ConvShape
	Algorithm string  `json:"algorithm"` // see [cpu.Algorithm]; "product" of one that is a product of matrices
	Seconds   float64 `json:"seconds"`   // the shortest of some measurements
	FLOPs     float64 `json:"flops"`
	Error     float64 `json:"error"` // relative to float64, over a sample of the result's elements
	// PyTorch has the seconds of a run by layout, if it was measured.
	PyTorch map[string]float64 `json:"pytorch,omitempty"`
}

// peer is PyTorch's best layout and its seconds, infinite if it was not measured.
func (t ConvTime) peer() (layout string, seconds float64) {
	seconds = math.Inf(1)
	for l, s := range t.PyTorch {
		if s < seconds {
			layout, seconds = l, s
		}
	}
	return layout, seconds
}

// Ratio is how much longer PyTorch takes in its best layout: over 1 where it is slower, 0 if it was not measured.
func (t ConvTime) Ratio() float64 {
	layout, seconds := t.peer()
	if layout == "" {
		return 0
	}
	return seconds / t.Seconds
}

// meanRatio is the geometric mean of the ratios of rows.
func meanRatio(rows []ConvTime) float64 {
	var logs float64
	for _, t := range rows {
		logs += math.Log(t.Ratio())
	}
	return math.Exp(logs / float64(len(rows)))
}

// ConvResult is the grid as measured. Seconds are of the processor on one thread, where the system tells them: other
// programs disturb them less. On more threads they are of the clock.
type ConvResult struct {
	Processor string     `json:"processor"`
	Threads   int        `json:"threads"`
	Peak      float64    `json:"peak_flops_per_second"` // of multiply-adds in registers, in the same run
	PyTorch   string     `json:"pytorch,omitempty"`     // its version
	Rows      []ConvTime `json:"rows"`
}

// Measurements of a row take turns between the programs.
const (
	convRounds  = 7
	convSeconds = 0.02 // that a measurement lasts at least
)

// ConvOptions say what of the grid is measured.
type ConvOptions struct {
	Batches []int
	Shapes  string // that their names contain
	Threads int    // 0 for one a core
	Python  string // an interpreter that has PyTorch, to measure in turn with; "" for none
}

// MeasureConvolutions measures the grid. Each row that is done is also given to report.
func MeasureConvolutions(o ConvOptions, report func(*ConvResult, ConvTime)) (_ *ConvResult, err error) {
	dev, err := cpu.Open(cpu.Options{Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	r := &ConvResult{Processor: dev.Info().Description, Threads: Threads(o.Threads), Peak: dev.Peak()}
	var peer *convPeer
	if o.Python != "" {
		if peer, err = startConvPeer(o.Python, r.Threads); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, peer.close()) }()
		r.PyTorch = peer.version
	}
	for _, batch := range o.Batches {
		for _, shape := range convGrid {
			shape.Batch = batch
			if !strings.Contains(shape.String(), o.Shapes) {
				continue
			}
			for _, shape.Pass = range ConvPasses {
				row, err := measureConvolution(dev, r.Threads, peer, shape)
				if err != nil {
					return nil, fmt.Errorf("%s of %v: %w", shape.Pass, shape, err)
				}
				r.Rows = append(r.Rows, row)
				report(r, row)
			}
		}
	}
	if len(r.Rows) == 0 {
		return nil, fmt.Errorf("no shape of the grid has %q in its name", o.Shapes)
	}
	r.Peak = max(r.Peak, dev.Peak())
	return r, nil
}

func measureConvolution(dev *cpu.Device, threads int, peer *convPeer, shape ConvShape) (row ConvTime, err error) {
	c, err := newConvRun(dev, shape)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	row = ConvTime{ConvShape: shape, Algorithm: c.algorithm(), FLOPs: 2 * float64(shape.geometry().MACs()), Seconds: math.Inf(1)}
	if peer != nil {
		if err := peer.prepare(shape); err != nil {
			return row, err
		}
		row.PyTorch = map[string]float64{}
	}
	taken, err := c.seconds(2, threads)
	if err != nil {
		return row, err
	}
	n := max(1, int(convSeconds/taken))
	for range convRounds {
		if taken, err = c.seconds(n, threads); err != nil {
			return row, err
		}
		row.Seconds = min(row.Seconds, taken)
		if peer == nil {
			continue
		}
		times, err := peer.measure()
		if err != nil {
			return row, err
		}
		for layout, s := range times {
			if best, ok := row.PyTorch[layout]; !ok || s < best {
				row.PyTorch[layout] = s
			}
		}
	}
	row.Error, err = c.error()
	return row, err
}

// A convRun is a pass of a convolution as the engine compiles it, with random operands.
type convRun struct {
	shape      ConvShape
	op         program.Op
	program    *program.Program
	executable program.Executable
	memory     program.Bindings
	values     map[string][]float32
}

func newConvRun(dev program.Device, shape ConvShape) (_ *convRun, err error) {
	p, err := shape.compile()
	if err != nil {
		return nil, err
	}
	c := &convRun{shape: shape, op: p.Steps[0].Op, program: p, memory: program.Bindings{}, values: map[string][]float32{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range p.Storages {
		if s.Scratch {
			continue
		}
		m, err := dev.Alloc(s.Name, s.DType, s.Len)
		if err != nil {
			return nil, err
		}
		c.memory[s.Name] = m
		v := make([]float32, s.Len)
		if s.Name != convResult {
			for i := range v {
				v[i] = float32(rng.NormFloat64())
			}
			if err := program.WriteSlice(m, 0, v); err != nil {
				return nil, err
			}
		}
		c.values[s.Name] = v
	}
	c.executable, err = dev.Load(p, c.memory)
	return c, err
}

// The storages of a convRun: the image that the convolution reads and its filter, the gradient of what it writes, and
// what the pass computes.
const (
	convImage, convFilter, convGradient, convResult = "image", "filter", "gradient", "result"
)

// compile makes a program of the pass. A transposed convolution is the other way round: its input is the convolution's
// gradient, and the gradient of its output the convolution's image.
func (s ConvShape) compile() (*program.Program, error) {
	g := s.geometry()
	graph := gorgonia.NewGraph()
	node := func(name string, shape ...int) *gorgonia.Node {
		return gorgonia.NewTensor(graph, tensor.Float32, len(shape), gorgonia.WithName(name), gorgonia.WithShape(shape...))
	}
	image, filter := node(convImage, g.Batch, g.InH, g.InW, g.InC), node(convFilter, g.FilterH, g.FilterW, g.InC, g.OutC)
	gradient := node(convGradient, g.Batch, g.OutH(), g.OutW(), g.OutC)
	x, dy, layer := image, gradient, engine.Conv2D
	if s.Transposed {
		x, dy, layer = gradient, image, engine.Conv2DTranspose
	}
	y, err := layer(x, filter, nil, [2]int{s.Stride, s.Stride}, g.Padding)
	switch {
	case err != nil:
	case s.Pass == ConvPasses[1]:
		y, err = engine.VJP(y, dy, x)
	case s.Pass == ConvPasses[2]:
		y, err = engine.VJP(y, dy, filter)
	}
	if err != nil {
		return nil, err
	}
	places := []engine.Place{{Node: y, At: program.Arg{Storage: convResult}}}
	var inputs []engine.Place
	for _, n := range []*gorgonia.Node{image, filter, gradient} {
		inputs = append(inputs, engine.Place{Node: n, At: program.Arg{Storage: n.Name()}})
	}
	p, err := engine.Compile("convolution", places, inputs...)
	if err == nil && len(p.Steps) != 1 {
		err = fmt.Errorf("it is %d steps:\n%v", len(p.Steps), p)
	}
	return p, err
}

func (c *convRun) algorithm() string {
	if a := cpu.Algorithm(c.op); a != "" {
		return a
	}
	return "product"
}

// seconds is the mean time of n runs: of the processor if there is one thread.
func (c *convRun) seconds(n, threads int) (float64, error) {
	start := time.Now()
	used, known := processorTime()
	for range n {
		if err := c.executable.Run(); err != nil {
			return 0, err
		}
	}
	if now, _ := processorTime(); known && threads == 1 {
		return (now - used) / float64(n), nil
	}
	return time.Since(start).Seconds() / float64(n), nil
}

func (c *convRun) close() (err error) {
	if c.executable != nil {
		err = c.executable.Close()
	}
	for _, m := range c.memory {
		err = errors.Join(err, m.Free())
	}
	return err
}
