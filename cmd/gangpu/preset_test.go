package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A preset says what the flags do not; a flag, and what a loss needs, come before it.
func TestPreset(t *testing.T) {
	for _, c := range []struct {
		args       []string
		with, less string
	}{
		{nil, `"latent":100`, `"ema":0.9`},
		{[]string{"--preset", "tutorial"}, `"alternation":"every-k"`, `"ema":0.9`},
		{[]string{"--preset", "best"}, `"ema":0.999`, `"k":2`},
		{[]string{"--preset", "best", "--ema", "0.9"}, `"ema":0.9}`, `"k":2`},
		{[]string{"--preset", "best", "--loss", "wasserstein"}, `"clip":0.01`, `"k":1,`},
	} {
		out := filepath.Join(t.TempDir(), "run")
		succeed(t, trainArgs(out, append(c.args, "--iterations", "1")...)...)
		settings := string(readModel(t, out, "model.safetensors").GameSettings)
		if !strings.Contains(settings, c.with) || strings.Contains(settings, c.less) {
			t.Errorf("%q: want %s and not %s in %s", c.args, c.with, c.less, settings)
		}
	}
	fail(t, exitUsage, `tutorial has no preset "worst": want tutorial or best`, "train", "--preset", "worst")
	fail(t, exitUsage, "--preset cannot change", "train", "--device", "cpu", "--resume", trained(t), "--preset", "best")
	if out := succeed(t, "summary", "--preset", "best"); !strings.Contains(out, " 217\n") {
		t.Errorf("no last filter of 3x3x24 and a bias in\n%s", out)
	}
}
