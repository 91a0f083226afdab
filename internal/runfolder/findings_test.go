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
	early, last, late := "epoch 1, iteration 3: a\n", "epoch 2, iteration 10: b\n", "epoch 3, iteration 1: c\n"
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
