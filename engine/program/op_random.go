package program

import (
	"errors"
	"fmt"
)

// Draw names a sequence of random numbers. Every number is a pure function of
// (Seed, Stream, step, index), so a run can be continued, or moved to another device, without
// carrying a generator's state: Philox4x32-10 (Salmon et al., 2011, "Parallel random numbers: as
// easy as 1, 2, 3"), with
//
//	key     = (low 32 bits of Seed, high 32 bits of Seed)
//	counter = (block, Stream, step, 0)
//
// where element i of the sequence takes word i%4 of block i/4, and step is read from a [1] uint32
// array on the device when the operation runs.
//
// Element i of an operation is element First+i of the sequence: a draw of a batch is the same
// numbers, to the bit, as the draws of its parts, each with its own First. The sequence has 2^34
// elements.
type Draw struct {
	Seed   uint64
	Stream uint32
	First  int
}

// sequenceLen is the number of elements of a sequence: four for each of 2^32 blocks.
const sequenceLen = 1 << 34

// validate reports that n elements are none, or that they are not all in the sequence.
func (d Draw) validate(n int) error {
	if err := positive("length", n); err != nil {
		return err
	}
	if d.First < 0 || d.First > sequenceLen-n {
		return fmt.Errorf("elements [%d, %d+%d) of a sequence of random numbers, which has 2^34", d.First, d.First, n)
	}
	return nil
}

// Uniform draws numbers in [Low, High): Low + (High-Low)*u with u = (word>>8) * 2^-24.
// Arguments: step [1] uint32, y [N] written.
type Uniform struct {
	N int
	Draw
	Low, High float32
}

func (Uniform) Name() string          { return "uniform" }
func (Uniform) Elementwise() bool     { return true }
func (o Uniform) Validate() error     { return o.validate(o.N) }
func (o Uniform) Operands() []Operand { return drawn(o.N) }

// Normal draws normal numbers by Box and Muller (1958). Words 2j and 2j+1 of a block give
// elements z[2j] and z[2j+1] of the block's four, whatever First is:
//
//	r = sqrt(-2*ln((word[2j]+1) * 2^-32)),  a = 2*pi * word[2j+1] * 2^-32
//	z[2j] = Mean + Stddev*r*cos(a),  z[2j+1] = Mean + Stddev*r*sin(a)
//
// Devices agree to 1e-5 of Stddev. Arguments: step [1] uint32, y [N] written.
type Normal struct {
	N int
	Draw
	Mean, Stddev float32
}

func (Normal) Name() string          { return "normal" }
func (Normal) Elementwise() bool     { return true }
func (o Normal) Validate() error     { return o.validate(o.N) }
func (o Normal) Operands() []Operand { return drawn(o.N) }

// DropoutMask draws the mask of a Dropout: 0 with probability Rate, else 1/(1-Rate), so that the
// expected activation stays. An element is kept if Uniform's u, drawn alike, is at least Rate.
// Arguments: step [1] uint32, mask [N] written.
type DropoutMask struct {
	N int
	Draw
	Rate float32
}

func (DropoutMask) Name() string      { return "dropout_mask" }
func (DropoutMask) Elementwise() bool { return true }

func (o DropoutMask) Validate() error {
	if !(o.Rate >= 0 && o.Rate < 1) {
		return fmt.Errorf("dropout rate is %v, want 0 <= rate < 1", o.Rate)
	}
	return o.validate(o.N)
}

func (o DropoutMask) Operands() []Operand {
	return []Operand{u32("step", 1, Read), f32("mask", o.N, Write)}
}

// Indices draws integers in [0, Limit), with replacement: the high 32 bits of word*Limit, so that
// every device draws the same. Arguments: step [1] uint32, indices [N] uint32 written.
type Indices struct {
	N int
	Draw
	Limit uint32
}

func (Indices) Name() string      { return "indices" }
func (Indices) Elementwise() bool { return true }

func (o Indices) Validate() error {
	return errors.Join(o.validate(o.N), positive("limit", int(o.Limit)))
}

func (o Indices) Operands() []Operand {
	return []Operand{u32("step", 1, Read), u32("indices", o.N, Write)}
}

func drawn(n int) []Operand {
	return []Operand{u32("step", 1, Read), f32("y", n, Write)}
}
