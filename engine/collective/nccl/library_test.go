//go:build gpu && linux && cgo && (amd64 || arm64)

package nccl_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/collective/nccl"
	"gangpu/engine/cuda"
	"gangpu/kernels/ptxemu"
)

// NVIDIA's library is loaded, tells its version and makes ids. Where there is no GPU, ranks are told that it cannot join
// them: their gradients go through the host then.
func TestLibraryOfNVIDIA(t *testing.T) {
	nccl.Use(filepath.Join(library(t), nccl.Library))
	version, err := nccl.Version()
	if err != nil || !strings.HasPrefix(version, "2.") {
		t.Fatalf("version %q, %v", version, err)
	}
	t.Logf("NCCL %s", version)
	a, err := nccl.UniqueID()
	if err != nil {
		t.Fatal(err)
	}
	b, err := nccl.UniqueID()
	if err != nil || bytes.Equal(a, b) {
		t.Errorf("two ids are the same: %x, %v", a, err)
	}
	reasons := make([]string, 2)
	var wg sync.WaitGroup
	for i, g := range collective.Local(2) {
		wg.Go(func() {
			dev, err := cuda.Open(ptxemu.New(ptxemu.Options{Memory: 1 << 20}), 0, cuda.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer dev.Close()
			if reasons[i], err = nccl.Link(g, dev, time.Minute); err != nil || dev.Linked() {
				t.Errorf("rank %d: linked %t, %v", i, dev.Linked(), err)
			}
		})
	}
	wg.Wait()
	if reasons[0] != reasons[1] || !strings.HasPrefix(reasons[0], "rank 0: ncclCommInitRank: ") {
		t.Errorf("ranks are told %q", reasons)
	}
	t.Log(reasons[0])
}
