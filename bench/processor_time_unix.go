//go:build unix

package bench

import "syscall"

// processorTime is the seconds that this process has had of processors, in all of its threads.
func processorTime() (seconds float64, known bool) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, false
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6, true
}
