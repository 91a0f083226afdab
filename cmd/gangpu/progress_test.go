package main

import (
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"gangpu/gan"
)

// The line of a long run leaves room for the bar, and says all where there is room for it.
func TestProgressFitsTerminal(t *testing.T) {
	p := newProgress(io.Discard, io.Discard, 100, 234, 0, 23400)
	p.mean = 333 * time.Millisecond
	m := gan.Metrics{Epoch: 98, Iteration: 232, DLoss: 0.6931, GLoss: 12.5, AccuracyReal: 1, AccuracyFake: 1}
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

func TestShellQuote(t *testing.T) {
	for s, want := range map[string]string{"runs/001": "runs/001", "my run": "'my run'", "": "''", "it's": `'it'\''s'`, "$x": "'$x'", "a\nb": "'a\nb'"} {
		if got := shellQuote(s); got != want {
			t.Errorf("%q is quoted as %s, want %s", s, got, want)
		}
	}
}
