// Package kernels holds the CUDA kernels: their sources (*.cu), the PTX compiled from them, and the
// catalog of entry points with all that a launcher needs to know.
//
// # Launch contract
//
// Arguments go in the order of [Kernel.Params], one 8-byte slot each. Pointers to floats and words
// must be aligned to 4 bytes, pointers to bytes not at all; kernels use 16-byte accesses where a
// pointer and the shape permit, and slower ones elsewhere. Arrays have fewer than 2^31 elements.
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
	Module  string // the source's name, without .cu
	Params  []Param
	Threads uint32 // in a block
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
	for i := range catalog {
		if catalog[i].Name == name {
			return &catalog[i], nil
		}
	}
	return nil, fmt.Errorf("no kernel %s", name)
}

// All lists the kernels, by module.
func All() []Kernel { return slices.Clone(catalog) }
