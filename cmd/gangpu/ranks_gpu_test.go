//go:build gpu && linux && cgo && (amd64 || arm64)

package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/collective/nccl"
	"gangpu/engine/collective/nccl/softnccl"
	"gangpu/engine/cuda"
	"gangpu/kernels/ptxemu"
)

// GPUs of ranks are linked where there is a NCCL; where there is none, gradients go through the host, and each rank tells why
// once: what ranks but the first one tell is not printed.
func TestRanksLinkGPUs(t *testing.T) {
	try := func(check func(rank int, r *ranks, dev *cuda.Device, told string)) {
		t.Helper()
		var wg sync.WaitGroup
		for i, g := range collective.Local(2) {
			wg.Go(func() {
				dev, err := cuda.Open(softnccl.NewDevice(ptxemu.New(ptxemu.Options{Memory: 1 << 20})), 0, cuda.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer dev.Close()
				var told bytes.Buffer
				r := &ranks{Group: g, limit: time.Minute}
				if err := r.linkGPU(&told, dev); err != nil {
					t.Error(err)
				}
				check(i, r, dev, told.String())
			})
		}
		wg.Wait()
	}
	nccl.Use("/no/libnccl.so.2")
	try(func(rank int, r *ranks, dev *cuda.Device, told string) {
		if dev.Linked() || r.links != "" || strings.Count(told, "\n") != 1 ||
			!strings.HasPrefix(told, "gangpu: gradients go through the host, as NCCL cannot be used: rank 0: no NCCL (/no/libnccl.so.2") {
			t.Errorf("rank %d: linked %t, %q, told %q", rank, dev.Linked(), r.links, told)
		}
	})
	if err := softnccl.Install(); err != nil {
		t.Fatal(err)
	}
	nccl.Use("") // is read again: what serves in software takes its place
	try(func(rank int, r *ranks, dev *cuda.Device, told string) {
		if !dev.Linked() || r.links != ", GPUs by NCCL 2.0.0" || told != "" {
			t.Errorf("rank %d: linked %t, %q, told %q", rank, dev.Linked(), r.links, told)
		}
	})
}
