package cuda

import "errors"

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
