package runfolder

import (
	"os"
	"testing"
)

// A run that goes on keeps what was found up to its state, the last iteration of an epoch included.
func TestKeepFindings(t *testing.T) {
	r := Folder(t.TempDir())
	if err := r.KeepFindings(5, 10); err != nil {
		t.Fatalf("without findings: %v", err)
	}
	line := func(epoch, iteration int) string {
		return Row{Epoch: epoch, Iteration: iteration}.Finding("it collapses") + "\n"
	}
	early, last, late := line(0, 2), line(1, 9), line(2, 0) // counted from 0
	for _, test := range []struct {
		iterations int
		want       string
	}{{30, early + last + late}, {20, early + last}, {19, early}, {2, ""}} {
		if err := os.WriteFile(r.Findings(), []byte(early+last+late), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := r.KeepFindings(test.iterations, 10); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(r.Findings()); err != nil || string(got) != test.want {
			t.Errorf("after %d iterations: kept %q (%v), want %q", test.iterations, got, err, test.want)
		}
	}
}
