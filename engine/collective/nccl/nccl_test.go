package nccl

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gangpu/engine/collective"
)

// Ranks use NCCL together or not at all, and all know why not.
func TestJoin(t *testing.T) {
	type rank struct{ version, reason, begin string }
	good := rank{"2.30.7", "", ""}
	for name, c := range map[string]struct {
		ranks []rank
		id    error
		why   string
	}{
		"all":             {ranks: []rank{good, good, good}},
		"one has none":    {ranks: []rank{good, {"", "no NCCL (libnccl.so.2 is not there)", ""}}, why: "rank 1: no NCCL (libnccl.so.2 is not there)"},
		"other versions":  {ranks: []rank{good, good, {"2.27.3", "", ""}}, why: "rank 2: it has version 2.27.3, rank 0 2.30.7"},
		"no id":           {ranks: []rank{good, good}, id: errors.New("no interface"), why: "rank 0: no interface"},
		"one cannot join": {ranks: []rank{good, {"2.30.7", "", "unhandled cuda error"}}, why: "rank 1: unhandled cuda error"},
	} {
		var wg sync.WaitGroup
		for i, g := range collective.Local(len(c.ranks)) {
			wg.Go(func() {
				r := c.ranks[i]
				id := func() ([]byte, error) {
					if i != 0 {
						t.Errorf("%s: rank %d makes the id", name, i)
					}
					return []byte("id"), c.id
				}
				why, err := join(g, time.Minute, r.version, r.reason, id, func(id []byte) error {
					if string(id) != "id" {
						t.Errorf("%s: rank %d joins %q", name, i, id)
					}
					if r.begin != "" {
						return errors.New(r.begin)
					}
					return nil
				})
				if err != nil || why != c.why {
					t.Errorf("%s: rank %d: %q, %v", name, i, why, err)
				}
			})
		}
		wg.Wait()
	}
}

// Where there is no NCCL, the reason is told.
func TestNoLibrary(t *testing.T) {
	Use("/no/libnccl.so.2")
	if _, err := Version(); err == nil || !strings.Contains(err.Error(), "/no/libnccl.so.2") && !strings.Contains(err.Error(), "CPU alone") {
		t.Error(err)
	}
}
