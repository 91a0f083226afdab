//go:build linux

// Command gorgonia trains the convnet of Gorgonia's examples on MNIST, by Gorgonia's own machine and by an engine.VM on
// the CPU, and reports times, memory and what was learned. Each measurement is a process of its own; the machines take
// turns, so that what else the computer does falls on all of them.
//
//	go run ./bench/gorgonia -rounds 3 -iterations 10
//	go run ./bench/gorgonia -iterations 600 -rounds 1 -machines vm-step -labels
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/cpu"
	"gangpu/engine/program"
	"gangpu/engine/stockmodels"
	"gangpu/mnist"
)

type options struct {
	machine, machines  string
	model              string
	size               stockmodels.Size
	iterations, rounds int
	data               string
	seed               uint64
}

// measurement is what a process found.
type measurement struct {
	Machine    string
	Build      float64   // seconds until the first iteration
	Seconds    []float64 // of each iteration but the first
	User       float64   // seconds of user time of an iteration, on average over those
	PeakMemory int64     // bytes
	Costs      []float64
	Accuracy   float64 // on the first 10,000 test images; 0 if it was not asked for
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.machines, "machines", "tape,vm,vm-step",
		"which take turns: tape (gorgonia.NewTapeMachine), vm (engine.NewVM), vm-step (its Step)")
	flag.StringVar(&o.machine, "machine", "", "measure this machine in this process, and print JSON")
	flag.StringVar(&o.model, "model", "convnet", "the model: "+strings.Join(stockmodels.Names[:2], ", "))
	flag.IntVar(&o.size.Batch, "batch", 100, "images in a batch")
	flag.IntVar(&o.size.Divisor, "divisor", 1, "divide channels and units by this")
	flag.BoolVar(&o.size.Dropout, "dropout", false, "with dropouts")
	flag.BoolVar(&o.size.Labels, "labels", false, "with a cost that labels have a part in, and the accuracy at the end")
	flag.IntVar(&o.iterations, "iterations", 10, "iterations of a measurement")
	flag.IntVar(&o.rounds, "rounds", 3, "measurements of each machine")
	flag.StringVar(&o.data, "data", "", "folder with MNIST; by default where gangpu keeps it")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the parameters")
	flag.Parse()
	o.size.Pixels = 28
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o options) error {
	if o.machine != "" {
		m, err := measure(o)
		if err != nil {
			return fmt.Errorf("%s: %w", o.machine, err)
		}
		return json.NewEncoder(os.Stdout).Encode(m)
	}
	all := map[string][]measurement{}
	machines := strings.Split(o.machines, ",")
	for range o.rounds {
		for _, machine := range machines {
			own := exec.Command(os.Args[0], append(slices.Clone(os.Args[1:]), "-machine", machine)...)
			own.Stderr = os.Stderr
			out, err := own.Output()
			if err != nil {
				return fmt.Errorf("%s: %w", machine, err)
			}
			var m measurement
			if err := json.Unmarshal(out, &m); err != nil {
				return fmt.Errorf("%s: %w", machine, err)
			}
			all[machine] = append(all[machine], m)
		}
	}
	fmt.Println("| machine | build | iteration, median | p10 to p90 | user time | peak memory | cost, first to last | accuracy |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|")
	for _, machine := range machines {
		var seconds, user, build []float64
		var peak int64
		for _, m := range all[machine] {
			seconds, user, build = append(seconds, m.Seconds...), append(user, m.User), append(build, m.Build)
			peak = max(peak, m.PeakMemory)
		}
		last := all[machine][len(all[machine])-1]
		accuracy := ""
		if last.Accuracy > 0 {
			accuracy = fmt.Sprintf("%.1f%%", 100*last.Accuracy)
		}
		fmt.Printf("| %s | %.2f s | %.3f s | %.3f to %.3f s | %.3f s | %d MiB | %.4f to %.4f | %s |\n", machine,
			at(build, 0.5), at(seconds, 0.5), at(seconds, 0.1), at(seconds, 0.9), at(user, 0.5), peak>>20,
			last.Costs[0], last.Costs[len(last.Costs)-1], accuracy)
	}
	return nil
}

// at is a quantile.
func at(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func measure(o options) (m measurement, err error) {
	data, err := mnist.Open(context.Background(), mnist.Options{Dir: o.data})
	if err != nil {
		return m, err
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	start := time.Now()
	model, err := stockmodels.New(o.model, o.size)
	if err != nil {
		return m, err
	}
	initialise(model, o.seed)
	vm, err := machine(model, dev, o)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, vm.Close()) }()
	step := stepOf(vm, model, o)
	m = measurement{Machine: o.machine, Build: time.Since(start).Seconds()}
	before := userTime()
	for i := range o.iterations {
		if err := bind(model, &data.Train, i*o.size.Batch); err != nil {
			return m, err
		}
		if i == 1 {
			before = userTime()
		}
		start := time.Now()
		if err := step(); err != nil {
			return m, err
		}
		if i > 0 {
			m.Seconds = append(m.Seconds, time.Since(start).Seconds())
		}
		m.Costs = append(m.Costs, float64(model.Read.Data().(float32)))
	}
	m.User, m.PeakMemory = (userTime()-before)/float64(max(len(m.Seconds), 1)), peakMemory()
	if own, ok := vm.(*engine.VM); ok {
		if err := own.Download(); err != nil {
			return m, err
		}
	}
	if o.size.Labels {
		m.Accuracy, err = accuracy(model, dev, &data.Test)
	}
	return m, err
}

func machine(model *stockmodels.Model, dev program.Device, o options) (gorgonia.VM, error) {
	if o.machine == "tape" {
		return gorgonia.NewTapeMachine(model.Graph, gorgonia.BindDualValues(model.Trained...)), nil
	}
	return engine.NewVM(model.Graph, dev, engine.WithSeed(o.seed))
}

// stepOf is an iteration of the machine that is measured.
func stepOf(vm gorgonia.VM, model *stockmodels.Model, o options) func() error {
	solver := model.Solver()
	if o.machine == "vm-step" {
		return func() error { return vm.(*engine.VM).Step(solver, model.Trained...) }
	}
	return func() error {
		defer vm.Reset()
		if err := vm.RunAll(); err != nil {
			return err
		}
		return solver.Step(gorgonia.NodesToValueGrads(model.Trained))
	}
}

// initialise draws the same parameters for each machine, as gorgonia.GlorotN does: by the sum of both fans.
func initialise(model *stockmodels.Model, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, n := range model.Trained {
		s := n.Shape()
		field := 1
		for _, size := range s[2:] {
			field *= size
		}
		stddev := 1.0
		for data, i := n.Value().Data().([]float32), 0; i < len(data); i++ {
			if i == 0 {
				stddev = math.Sqrt2 / math.Sqrt(float64((s[0]+s[1])*field))
			}
			data[i] = float32(stddev * rng.NormFloat64())
		}
	}
}

// bind puts a batch into the model's inputs, with the pixels and labels that the examples make: from 0.1 to 1, and 0.9
// for the class, 0.1 for the others.
func bind(model *stockmodels.Model, set *mnist.Set, first int) error {
	n := model.X.Shape()[0]
	each := set.Rows * set.Cols
	x, y := make([]float32, n*each), make([]float32, n*10)
	for i := range n {
		at := (first + i) % set.Count
		for j, pixel := range set.Images[at*each:][:each] {
			x[i*each+j] = min(0.1+0.9*float32(pixel)/255, 0.999)
		}
		for j := range 10 {
			y[i*10+j] = 0.1
		}
		y[i*10+int(set.Labels[at])] = 0.9
	}
	return errors.Join(gorgonia.Let(model.X, tensor.New(tensor.WithShape(model.X.Shape()...), tensor.WithBacking(x))),
		gorgonia.Let(model.Y, tensor.New(tensor.WithShape(n, 10), tensor.WithBacking(y))))
}

// accuracy is that of the model as the host has it.
func accuracy(model *stockmodels.Model, dev program.Device, set *mnist.Set) (share float64, err error) {
	vm, err := engine.NewVM(model.Graph, dev, engine.WithOutputs(model.P), engine.WithEvalMode())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, vm.Close()) }()
	n, right := model.X.Shape()[0], 0
	batches := set.Count / n
	for b := range batches {
		if err := bind(model, set, b*n); err != nil {
			return 0, err
		}
		if err := vm.RunAll(); err != nil {
			return 0, err
		}
		p := model.P.Value().Data().([]float32)
		for i := range n {
			row := p[i*10:][:10]
			if slices.Index(row, slices.Max(row)) == int(set.Labels[b*n+i]) {
				right++
			}
		}
	}
	return float64(right) / float64(batches*n), nil
}

func userTime() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return float64(r.Utime.Sec) + float64(r.Utime.Usec)/1e6
}

// peakMemory is the most that this process had resident; Linux counts it in KiB.
func peakMemory() int64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return r.Maxrss << 10
}
