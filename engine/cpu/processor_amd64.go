//go:build !noasm

package cpu

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/cpu"
)

var (
	// hasAVX512 also says that the system saves the 512-bit registers.
	hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
)

// processor is the processor's own name, such as "AMD EPYC 9575F 64-Core Processor".
func processor() string {
	if max, _, _, _ := cpuid(0x80000000); max < 0x80000004 {
		return "amd64 processor"
	}
	var name []byte
	for leaf := uint32(0x80000002); leaf <= 0x80000004; leaf++ {
		a, b, c, d := cpuid(leaf)
		for _, word := range [...]uint32{a, b, c, d} {
			name = binary.LittleEndian.AppendUint32(name, word)
		}
	}
	return strings.Join(strings.Fields(strings.TrimRight(string(name), "\x00")), " ")
}

// cpuid is the instruction CPUID with subleaf 0.
//
//go:noescape
func cpuid(leaf uint32) (eax, ebx, ecx, edx uint32)

// pause tells the processor that it is in a loop that waits.
//
//go:noescape
func pause()
