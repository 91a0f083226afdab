package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/kernels/ptxgen"
)

// writePTX writes a module for each composition, with its gradient, for aligned arrays and for others.
func writePTX(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, c := range compositions {
		outputs, err := c.withGradient()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		p, err := compile(outputs...)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		var list []*ptxgen.Kernel
		add := func(l *ptxgen.Launch, err error) error {
			if err == nil && !slices.ContainsFunc(list, func(k *ptxgen.Kernel) bool { return k.Name == l.Kernel.Name }) {
				list = append(list, l.Kernel)
			}
			return err
		}
		for _, s := range p.Steps {
			for _, aligned := range []bool{true, false} {
				if err := written(s.Op, aligned, add); err != nil {
					return fmt.Errorf("%s: %s: %w", c.name, s.Op.Name(), err)
				}
			}
		}
		if len(list) == 0 {
			continue
		}
		name := strings.NewReplacer(" ", "_").Replace(c.name) + ".sm_70.ptx"
		if err := os.WriteFile(filepath.Join(folder, name), ptxgen.Module(list), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// written writes the kernels of a map or a reduction.
func written(op program.Op, aligned bool, add func(*ptxgen.Launch, error) error) error {
	flags := slices.Repeat([]bool{aligned}, len(op.Operands()))
	switch op := op.(type) {
	case program.Map:
		return add(ptxgen.Map(op, flags))
	case program.MapSum:
		r, err := ptxgen.PlanMapSum(op)
		if err != nil {
			return err
		}
		return add(r.Launch(flags))
	case program.Reduce:
		r, err := ptxgen.PlanReduce(op)
		if err != nil {
			return err
		}
		if err := add(r.Launch(flags)); err != nil || r.Splits == 1 {
			return err
		}
		m, err := r.Merge()
		if err != nil {
			return err
		}
		return add(m.Launch(flags))
	}
	return nil
}
