package ptxgen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gangpu/kernels"
)

// Threads is the number of threads of a block.
const Threads = 256

// What a kernel may come to.
const (
	MaxLive     = 128
	MaxOperands = 256
)

// Kernel is an entry point.
type Kernel struct {
	Name   string // of the entry point: the kind of operation and a hash of the text
	Params []kernels.Param
	text   string
	angles bool // it reads the bits of 2/pi
}

// Launch is a kernel and how to start it: its arguments are the addresses of operands, then Scalars.
type Launch struct {
	Kernel  *Kernel
	Grid    kernels.Grid
	Scalars []uint32
}

// finish makes a kernel of a builder's instructions.
func (b *builder) finish(kind string, params []kernels.Param, shared int, angles bool) *Kernel {
	var s strings.Builder
	s.WriteString("(\n")
	for i, p := range params {
		comma := ","
		if i == len(params)-1 {
			comma = ""
		}
		fmt.Fprintf(&s, "\t.param .%s %s%s\n", p.Type, p.Name, comma)
	}
	fmt.Fprintf(&s, ")\n.maxntid %d, 1, 1\n{\n%s", Threads, b.declarations())
	if shared > 0 {
		fmt.Fprintf(&s, "\t.shared .align 4 .b8 meet[%d];\n", shared)
	}
	s.WriteString(b.text.String())
	s.WriteString("}\n")
	sum := sha256.Sum256([]byte(s.String()))
	name := kind + "_" + hex.EncodeToString(sum[:8])
	return &Kernel{Name: name, Params: params, text: ".visible .entry " + name + s.String(), angles: angles}
}

// Module is the PTX of kernels, whose names must differ. It runs on compute capability 7.0 and newer.
func Module(list []*Kernel) []byte {
	var s strings.Builder
	s.WriteString(".version 6.3\n.target sm_70\n.address_size 64\n")
	if slices.ContainsFunc(list, func(k *Kernel) bool { return k.angles }) {
		s.WriteString(angleTable)
	}
	for _, k := range list {
		s.WriteByte('\n')
		s.WriteString(k.text)
	}
	return []byte(s.String())
}

// parameters loads the addresses of so many operands and results, as registers of global addresses, and numbers.
func (b *builder) parameters(in, out int, numbers ...string) (params []kernels.Param, x, y, n []string, err error) {
	if in+out > MaxOperands {
		return nil, nil, nil, nil, fmt.Errorf("%d operands and results, at most %d", in+out, MaxOperands)
	}
	for i := range in + out {
		name := fmt.Sprintf("x%d", i)
		if i >= in {
			name = fmt.Sprintf("y%d", i-in)
		}
		params = append(params, kernels.Param{Name: name, Type: kernels.Pointer})
	}
	for _, name := range numbers {
		params = append(params, kernels.Param{Name: name, Type: kernels.U32})
		n = append(n, b.op("ld.param.u32", "["+name+"]"))
	}
	pointer := func(i int) string {
		return b.op64("cvta.to.global.u64", b.op64("ld.param.u64", "["+params[i].Name+"]"))
	}
	for i := range in {
		x = append(x, pointer(i))
	}
	for k := range out {
		y = append(y, pointer(in+k))
	}
	return params, x, y, n, nil
}
