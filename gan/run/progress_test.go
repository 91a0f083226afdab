package run

import (
	"math"
	"strings"
	"testing"
	"time"
)

// The line of a long run leaves room for the bar, and says all where there is room for it.
func TestProgressFitsTerminal(t *testing.T) {
	o := Options{Iterations: 23400}.withDefaults()
	columns := []Column{{Name: "d_loss"}, {Name: "g_loss"}, {Name: "accuracy_real", Axis: "accuracy", Share: true}, {Name: "accuracy_fake", Axis: "accuracy", Share: true}}
	p := newProgress(&o, columns, 234, 0)
	p.mean = 333 * time.Millisecond
	m := Row{Epoch: 98, Iteration: 232, Values: []float32{0.6931, 12.5, 1, 1}}
	for columns := range 200 {
		text := p.describe(m, 23400, columns)
		if len(text) > max(0, columns-barColumns-1) {
			t.Errorf("%d columns: %q", columns, text)
		}
		all := []string{"99/100", "233/234", "d=0.693", "g=12.500", "100%", "0.33", "2h09m"}
		if columns > 125 {
			all = append(all, "epoch 99/100", "accuracy real 100% fake 100%", "0.333 s/iteration", "2h09m left")
		}
		for _, want := range all {
			if columns >= 80 && !strings.Contains(text, want) {
				t.Errorf("%d columns: no %q in %q", columns, want, text)
			}
		}
	}
	for left, want := range map[int]string{0: "0s", 180: "1m0s", 10811: "1h00m", math.MaxInt: "ages"} {
		if got := p.timeLeft(left); got != want {
			t.Errorf("%d iterations take %s, want %s", left, got, want)
		}
	}
}
