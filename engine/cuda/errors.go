package cuda

import (
	"errors"
	"fmt"
)

// ProgramError is an error of one of a program's kernels. Which one is not known, as launches do not wait for their
// end; it is with Options.Synchronous.
type ProgramError struct {
	Program string
	Kernels int // of the program
	Err     error
}

func (e *ProgramError) Error() string {
	return fmt.Sprintf("program %s (%d kernels): %v", e.Program, e.Kernels, e.Err)
}

func (e *ProgramError) Unwrap() error { return e.Err }

// Results of the CUDA driver API (CUresult) that are told apart.
const (
	resultOutOfMemory       = 2
	resultNoBinaryForGPU    = 209
	resultECCUncorrectable  = 214
	resultInvalidPTX        = 218
	resultUnsupportedPTX    = 222
	resultIllegalAddress    = 700
	resultLaunchTimeout     = 702
	resultHardwareStack     = 714
	resultIllegalInstr      = 715
	resultMisalignedAddress = 716
	resultLaunchFailed      = 719
)

// result is the CUresult in an error, or 0.
func result(err error) int {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return 0
}
