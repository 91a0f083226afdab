package bench

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// WriteRooflineGames prints a Markdown table with a row for each phase of some games: what its kernels move beside the
// floor, and the time predicted for an update of it. Rooflines of one game differ by the card that they predict for.
func WriteRooflineGames(w io.Writer, all []*Roofline) error {
	var cards []string
	var games [][]*Roofline
	for _, r := range all {
		if !slices.Contains(cards, r.Card.Name) {
			cards = append(cards, r.Card.Name)
		}
		i := slices.IndexFunc(games, func(g []*Roofline) bool { return g[0].title() == r.title() && len(g[0].Steps) == len(r.Steps) })
		if i < 0 {
			games, i = append(games, nil), len(games)
		}
		games[i] = append(games[i], r)
	}
	var b bytes.Buffer
	b.WriteString("| game | phase | launches | GFLOP useful | MB floor | MB moved | moved / floor |")
	for _, c := range cards {
		fmt.Fprintf(&b, " %s, us |", c)
	}
	fmt.Fprintf(&b, "\n|---|---|--:|--:|--:|--:|--:|")
	for range cards {
		b.WriteString("--:|")
	}
	b.WriteByte('\n')
	for _, g := range games {
		for i := range g[0].Steps {
			s := &g[0].Steps[i]
			sum := s.sum()
			moved := sum.all().UniqueBytes
			fmt.Fprintf(&b, "| %s | %s | %d | %.2f | %.1f | %.1f | %.2f |", g[0].title(), s.Name, s.launches(), sum.FLOPs/1e9, sum.Bytes/1e6, moved/1e6, moved/sum.Bytes)
			for _, c := range cards {
				j := slices.IndexFunc(g, func(r *Roofline) bool { return r.Card.Name == c })
				if j < 0 {
					b.WriteString(" |")
					continue
				}
				fmt.Fprintf(&b, " %.0f |", g[j].Steps[i].sum().Seconds*1e6)
			}
			b.WriteByte('\n')
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// title is the game as a row of a table has it.
func (r *Roofline) title() string {
	return fmt.Sprintf("%s, %s, batch %d, %s", r.Game, images(r.Input), r.Batch, r.Precision)
}
