package cpu

import "syscall"

// preferHugePages asks the system to back b by huge pages where they are aligned, as soon as they are touched. It may
// refuse: nothing but speed depends on it.
func preferHugePages(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
