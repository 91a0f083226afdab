package bench_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/bench"
)

// Baselines that models share are told once; what was not measured is left out.
func TestEvaluated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.json")
	const baselines = `"baselines":{"larger":[{"name":"bicubic","psnr_luma":30.138,"l1":0.0278}]}`
	content := `{"model":"runs/one/model.safetensors","iterations":5,"dataset":"satellite","shown":[{"name":"larger","psnr_luma":31.326,"l1":0.0247}],` + baselines + `}
{"model":"runs/two/model.safetensors","iterations":7,"dataset":"satellite","shown":[{"name":"larger","psnr_luma":31.359,"classifier_frechet_distance":0.1873}],` + baselines + `}
{"model":"runs/tones/model.safetensors","iterations":9,"dataset":"emoji-tones","error":0.25,"error_of_real_images":0.1375,"l1":0.05,"l1_of_a_copy":0.0593}`
	write := func(content string) ([]bench.Evaluated, error) {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return bench.ReadEvaluated(path)
	}
	all, err := write(content)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := bench.WriteEvaluated(&b, all); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		"| `satellite`: bicubic | | 30.14 |  | 0.0278 |  |  |  |  |\n",
		"| one | 5 | 31.33 |  | 0.0247 |  |  |  |  |\n",
		"| two | 7 | 31.36 |  |  |  |  | 0.187 |  |\n",
		"| `emoji-tones`: real images, copies | | 13.8% | 0.0593 |\n| tones | 9 | 25.0% | 0.0500 |\n",
	} {
		if strings.Count(b.String(), row) != 1 {
			t.Errorf("no row %q, or several, in\n%s", row, b.String())
		}
	}
	for _, content := range []string{`{"model":"runs/noise/model.safetensors","classifier_score":2}`, `{"model":`} {
		if _, err := write(content); err == nil {
			t.Errorf("%s is taken", content)
		}
	}
}
