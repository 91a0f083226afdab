package bench

import (
	"strings"
	"testing"

	"gangpu/gan/train"
)

// Each program's time is the median of its results, and the fastest peer is what gangpu is compared with.
func TestGamesTable(t *testing.T) {
	of := func(name string, median float64, parameters int) *Result {
		r := sample(median)
		r.Name, r.Game, r.Phase, r.Input = name, "wgan", "critic", &train.Input{Height: 64, Width: 64, Channels: 3}
		r.Parameters = map[string]int{"critic": parameters}
		return r
	}
	c := Collection{of("slow", 0.5, 7), of("gangpu", 0.1, 7), of("gangpu", 0.3, 7), of("gangpu", 0.2, 7), of("fast", 0.4, 7), sample(9)}
	got := text(t, func(b *strings.Builder) error { return c.WriteGames(b) })
	contains(t, got, "| wgan, phase critic, 64 pixels, batch 256 | 0.2 s | 0.165 s | fast 0.4 s | 0.50 | slow 0.5 s | 200 MiB | 200 MiB |\n")
	if strings.Contains(got, "9 s") {
		t.Errorf("a game without a peer is listed:\n%s", got)
	}
	c[0].Parameters["critic"] = 8
	if err := c.WriteGames(&strings.Builder{}); err == nil || !strings.Contains(err.Error(), "slow") {
		t.Errorf("other networks are compared: %v", err)
	}
}
