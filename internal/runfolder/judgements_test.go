package runfolder

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestReadJudgements(t *testing.T) {
	r := Folder(t.TempDir())
	measure := &Measure{Name: "classifier_frechet_distance"}
	if got, err := r.ReadJudgements(measure); err != nil || got != nil {
		t.Errorf("a run that was not judged has %v (%v)", got, err)
	}
	const header = "epoch,iterations,classifier_frechet_distance,classifier_score\n"
	for text, want := range map[string][]Judgement{
		"": nil, header: nil,
		header + "1,234,1402.5,1.1\n3,702,88,4.5\n": {{1, 1402.5}, {3, 88}},
		header + "1,234,1402.5,1.1\n2,468,NaN":      {{1, 1402.5}},
	} {
		if err := os.WriteFile(r.Judge(), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := r.ReadJudgements(measure); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is read as %v (%v), want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{"a,b\n": "columns", header + "1,234,x,1\n": "line 2", header + "1,2\n": "line 2"} {
		if err := os.WriteFile(r.Judge(), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadJudgements(measure); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), r.Judge()) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
