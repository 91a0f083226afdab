package gan

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// Storages that programs of this package share, by name. Those of a network are its parameters,
// flat as its Layout has them, and its Adam state; see parametersOf and its neighbours.
const (
	storageDataset = "dataset" // [images * pixels] uint8
	storageIndices = "indices" // [half] uint32: the real images of a D step
	storageNoise   = "noise"   // [batch, latent]
	storageImages  = "images"  // [batch, pixels]: of a D step, the real half first
	storageMixing  = "mixing"  // [half]: how far from fake to real the penalty's images are
	storageBetween = "between" // [half, pixels]: the penalty's images
	storageLogits  = "logits"  // [batch]
	storageLabels  = "labels"  // [batch]: of a D step, the real half's, then the fakes'
	storageTarget  = "target"  // [batch]: what a G step would have D say
	storageMetrics = "metrics" // [metricsLen]
)

// Elements of storageMetrics.
const (
	metricDLoss = iota
	metricGLoss
	metricAccuracyReal
	metricAccuracyFake
	metricsLen
)

func parametersOf(network string) string   { return network + "/parameters" }
func gradientOf(network string) string     { return network + "/gradient" }
func firstMomentOf(network string) string  { return network + "/m" }
func secondMomentOf(network string) string { return network + "/v" }
func averageOf(network string) string      { return network + "/average" }
func stepsOf(network string) string        { return network + "/steps" } // [1] uint32: updates made
func rateOf(network string) string         { return network + "/rate" }  // [2]: Adam's, see program.LearningRate

// maskOf names the mask of a Dropout layer; penaltyMaskOf that for the gradient penalty's images.
func maskOf(network, layer string) string        { return network + "/" + layer + "/mask" }
func penaltyMaskOf(network, layer string) string { return maskOf(network, layer) + "/penalty" }

// arrays are the arrays behind the storages of programs that run on one device.
type arrays struct {
	dev      program.Device
	bindings program.Bindings
	owned    []interface{ Close() error }
}

func newArrays(dev program.Device) *arrays {
	return &arrays{dev: dev, bindings: program.Bindings{}}
}

// alloc makes what the programs' external storages need and is not there yet. A name has one
// array for all of them, as long as the longest.
func (a *arrays) alloc(programs ...*program.Program) error {
	all, err := program.Join("storages", programs...)
	if err != nil {
		return err
	}
	for _, s := range all.Storages {
		if s.Scratch {
			continue
		}
		if err := a.allocOne(s.Name, s.DType, s.Len); err != nil {
			return err
		}
	}
	return nil
}

func (a *arrays) allocOne(name string, t program.DType, n int) error {
	if a.bindings[name] != nil {
		return nil
	}
	m, err := a.dev.Alloc(name, t, n)
	if err != nil {
		return fmt.Errorf("allocating %s: %w", name, err)
	}
	a.bindings[name] = m
	a.owned = append(a.owned, freed{m})
	return nil
}

// freed closes an array by freeing it.
type freed struct{ program.Memory }

func (f freed) Close() error { return f.Free() }

// load prepares p to run on the arrays.
func (a *arrays) load(p *program.Program) (program.Executable, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := a.alloc(p); err != nil {
		return nil, err
	}
	e, err := a.dev.Load(p, a.bindings)
	if err != nil {
		return nil, fmt.Errorf("loading program %s: %w", p.Name, err)
	}
	a.owned = append(a.owned, e)
	return e, nil
}

// once runs a program that is not needed again.
func (a *arrays) once(p *program.Program) error {
	e, err := a.load(p)
	if err != nil {
		return err
	}
	a.owned = a.owned[:len(a.owned)-1]
	err = e.Run()
	if err == nil {
		err = a.dev.Sync()
	}
	if err = errors.Join(err, e.Close()); err != nil {
		return fmt.Errorf("running program %s: %w", p.Name, err)
	}
	return nil
}

// write copies src to the elements of an array from offset on, read the other way.
func write[T program.Element](a *arrays, storage string, offset int, src []T) error {
	if err := program.WriteSlice(a.bindings[storage], offset, src); err != nil {
		return fmt.Errorf("writing %s: %w", storage, err)
	}
	return nil
}

func read[T program.Element](a *arrays, storage string, offset int, dst []T) error {
	if err := program.ReadSlice(dst, a.bindings[storage], offset); err != nil {
		return fmt.Errorf("reading %s: %w", storage, err)
	}
	return nil
}

// close frees all, the newest first.
func (a *arrays) close() error {
	var err error
	for i := len(a.owned) - 1; i >= 0; i-- {
		err = errors.Join(err, a.owned[i].Close())
	}
	a.owned = nil
	return err
}
