package ptxemu

import (
	"fmt"
	"math/bits"
	"strings"
)

// CUresult numbers.
const (
	codeInvalidValue       = 1
	codeOutOfMemory        = 2
	codeNotInitialized     = 3
	codeInvalidDevice      = 101
	codeInvalidContext     = 201
	codeNoBinary           = 209
	codeInvalidPTX         = 218
	codeUnsupportedPTX     = 222
	codeInvalidHandle      = 400
	codeNotFound           = 500
	codeIllegalAddress     = 700
	codeOutOfResources     = 701
	codeMisaligned         = 716
	codeLaunchFailed       = 719
	codeCaptureUnsupported = 900
	codeCaptureInvalidated = 901
)

// Error is a failed call of the Driver.
type Error struct {
	code    int
	message string
}

func newError(code int, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	return fmt.Sprintf("emulated CUDA driver: %s (%d)", e.message, e.code)
}

// Code is the CUresult.
func (e *Error) Code() int { return e.code }

// Fault is what a check of a running kernel found.
type Fault struct {
	Kernel        string
	Module        string
	Line, Col     int
	Instruction   string
	Block, Thread [3]uint32
	Message       string
	code          int
}

func (f *Fault) Error() string {
	return fmt.Sprintf("kernel %s, %s:%d:%d: %s: block (%d,%d,%d), thread (%d,%d,%d): %s", f.Kernel, f.Module, f.Line, f.Col,
		f.Instruction, f.Block[0], f.Block[1], f.Block[2], f.Thread[0], f.Thread[1], f.Thread[2], f.Message)
}

// Code is the CUresult: 700 for an illegal address, 716 for a misaligned one, 719 for all else.
func (f *Fault) Code() int { return f.code }

// fail stops the warp and so the launch.
func (w *warp) fail(in *inst, lane int, format string, args ...any) {
	w.failCode(codeLaunchFailed, in, lane, format, args...)
}

func (w *warp) failCode(code int, in *inst, lane int, format string, args ...any) {
	f := &Fault{Kernel: w.k.Name, Module: w.k.module.Name, Line: in.st.pos.line, Col: in.st.pos.col, Instruction: strings.Join(strings.Fields(in.st.text), " "),
		Block: w.blk.idx, Message: fmt.Sprintf(format, args...), code: code}
	for i := range 3 {
		f.Thread[i] = uint32(w.tid[i][lane])
	}
	if w.err == nil {
		w.err = f
	}
	w.interrupt()
}

// laneList names lanes: "lanes 0-15,31".
func laneList(mask uint32) string {
	var b strings.Builder
	b.WriteString("lane")
	if bits.OnesCount32(mask) != 1 {
		b.WriteString("s")
	}
	sep := " "
	for mask != 0 {
		lo := bits.TrailingZeros32(mask)
		n := bits.TrailingZeros32(^(mask >> lo))
		fmt.Fprintf(&b, "%s%d", sep, lo)
		if n > 1 {
			fmt.Fprintf(&b, "-%d", lo+n-1)
		}
		sep = ","
		if lo+n >= warpSize {
			break
		}
		mask &^= 1<<(lo+n) - 1
	}
	return b.String()
}
