package selftest

import (
	"fmt"

	"gangpu/engine/program"
)

// newRate writes another learning rate between two updates: each must be made at the rate of its time.
func newRate(dev program.Device) error {
	p := &program.Program{Name: "a new rate"}
	adam := program.Adam{N: 3, Beta1: 0.5, Beta2: 0.9, Epsilon: 1e-4}
	var args []program.Arg
	for _, o := range adam.Operands() {
		args = append(args, program.Arg{Storage: o.Name})
	}
	if err := p.Append("adam", adam, args...); err != nil {
		return err
	}
	content := arrays{[]float32{1, -2, 3}, []uint32{0}, make([]float32, 2), make([]float32, 3), make([]float32, 3), make([]float32, 3)}
	s, err := load(dev, p, content)
	if err != nil {
		return err
	}
	truth := content.float64()
	for _, rate := range []float64{0.01, 0.5} {
		parts := program.LearningRate(rate)
		truth[2] = []float64{float64(parts[0]), float64(parts[1])}
		if err := program.WriteSlice(s.memories["rate"], 0, parts[:]); err != nil {
			return err
		}
		got, err := s.run()
		if err != nil {
			return err
		}
		if err := interpret[float64](p, truth); err != nil {
			return fmt.Errorf("a mistake of the suite: %w", err)
		}
		if err := compareStorages(p, got, truth, programTolerance(dev)); err != nil {
			return fmt.Errorf("an update at the rate %v: %w", rate, err)
		}
	}
	return s.close()
}
