// Package kernels holds the CUDA kernels: their sources (*.cu), the PTX compiled from them, and what a launcher needs to
// know of the entry points, which the PTX says.
//
// # Launch contract
//
// Arguments go in the order of the source's parameters, which is that of [Kernel.Params], one 8-byte slot each. Pointers to floats and words
// must be aligned to 4 bytes, pointers to bytes not at all; kernels use 16-byte accesses where a
// pointer and the shape permit, and slower ones elsewhere. Arrays have fewer than 2^31 elements, but for a dataset's bytes.
// Blocks are one-dimensional, of [Kernel.Threads] threads; grids are made by the functions of this
// package, named after the family of kernels that they serve. Optional pointers (bias, mask, gate)
// are 0 where there is none.
//
// A kernel that splits its sum over blocks writes its parts to a workspace, part s at element s*n of
// n results, and split_sum adds them in a fixed order: same shape, same bits. With one split it may
// write its result directly. split_sums adds the parts of several such sums that have no epilogue; it
// reads where they are from an array of [Sum].
package kernels

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed ptx/*.ptx
var ptx embed.FS

// Type is the type of a kernel's parameter, as PTX names it.
type Type string

const (
	Pointer Type = "u64" // device address
	U32     Type = "u32"
	U64     Type = "u64"
	F32     Type = "f32"
	F64     Type = "f64"
)

// Param is a parameter of a kernel.
type Param struct {
	Name string
	Type Type
}

// Kernel is an entry point.
type Kernel struct {
	Name    string
	Module  string  // the source's name, without .cu
	Params  []Param // named by PTX, which numbers them
	Threads uint32  // in a block
}

// MinCapability is the compute capability that every module's baseline runs on, 7.0, as major*10+minor.
const MinCapability = 70

// tensorCapability is the compute capability of the tf32 variants.
const tensorCapability = 80

// PTX returns the text of a module for a device of the given compute capability (major*10+minor).
// With tf32, products are rounded to tf32 on tensor cores where the device and the module have them.
func PTX(module string, capability int, tf32 bool) ([]byte, error) {
	if capability < MinCapability {
		return nil, fmt.Errorf("module %s: compute capability %d.%d, want at least %d.%d",
			module, capability/10, capability%10, MinCapability/10, MinCapability%10)
	}
	if tf32 && capability >= tensorCapability {
		if text, err := ptx.ReadFile(file(module, tensorCapability)); err == nil {
			return text, nil
		}
	}
	text, err := ptx.ReadFile(file(module, MinCapability))
	if err != nil {
		return nil, fmt.Errorf("no module %s", module)
	}
	return text, nil
}

func file(module string, capability int) string {
	return fmt.Sprintf("ptx/%s.sm_%d.ptx", module, capability)
}

// Lookup returns the kernel called name.
func Lookup(name string) (*Kernel, error) {
	all, err := catalog()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("no kernel %s", name)
}

// All lists the kernels, by module.
func All() ([]Kernel, error) {
	all, err := catalog()
	return slices.Clone(all), err
}

// catalog reads the entry points of every module's baseline.
var catalog = sync.OnceValues(func() (all []Kernel, err error) {
	files, err := ptx.ReadDir("ptx")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		module, variant, _ := strings.Cut(f.Name(), ".")
		if variant != fmt.Sprintf("sm_%d.ptx", MinCapability) {
			continue
		}
		text, err := ptx.ReadFile("ptx/" + f.Name())
		if err != nil {
			return nil, err
		}
		kernels, err := entries(module, string(text))
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", module, err)
		}
		all = append(all, kernels...)
	}
	return all, nil
})

// entries reads the entry points of a module, of which each begins as
//
//	.visible .entry NAME(
//		.param .u64 NAME_param_0,
//		.param .f32 NAME_param_1
//	)
//	.maxntid 256, 1, 1
func entries(module, text string) (all []Kernel, err error) {
	const begins = ".visible .entry "
	for _, entry := range strings.Split(text, begins)[1:] {
		name, rest, _ := strings.Cut(entry, "(")
		params, rest, _ := strings.Cut(rest, ")")
		k := Kernel{Name: name, Module: module}
		for _, p := range strings.Split(params, ",") {
			fields := strings.Fields(p)
			if len(fields) != 3 || fields[0] != ".param" {
				return nil, fmt.Errorf("kernel %s: cannot read parameter %q", name, p)
			}
			k.Params = append(k.Params, Param{Name: fields[2], Type: Type(fields[1][1:])})
		}
		if _, err := fmt.Sscanf(strings.TrimSpace(rest), ".maxntid %d,", &k.Threads); err != nil {
			return nil, fmt.Errorf("kernel %s: it does not say how many threads a block has: %w", name, err)
		}
		all = append(all, k)
	}
	return all, nil
}
