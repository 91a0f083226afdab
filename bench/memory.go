package bench

import (
	"strconv"
	"strings"
)

// peakMemory is the most memory that this process had resident so far, in bytes, or 0 if the
// system does not tell. Linux's getrusage tells too, but includes what the parent process had.
func peakMemory() uint64 {
	kib, err := strconv.ParseUint(strings.TrimSuffix(field("/proc/self/status", "VmHWM"), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
