package bench

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// gameRow is a game that gangpu and peers measured, each several times, on one device.
type gameRow struct {
	title    string
	device   string
	programs map[string][]rank // by the program's name
}

// WriteGames prints a Markdown table of games that were measured by gangpu and by peers, on the devices that gangpu has:
// the time of each program is the median of its results. That two programs' networks differ in the number of parameters
// is an error.
func (c Collection) WriteGames(w io.Writer) error {
	rows, err := c.gameRows()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("| game | gangpu | floor | fastest peer | gangpu / peer | other peers | peak memory | the peer's |\n|---|--:|--:|---|--:|---|--:|--:|\n")
	for _, r := range rows {
		own := r.programs[gangpu]
		seconds := medianOf(own, rank.seconds)
		floor := medianOf(own, func(m rank) float64 {
			if m.Floor == nil || m.Work == nil {
				return 0
			}
			return m.Work.FLOPs/m.Floor.FLOPRate + m.Work.Bytes/m.Floor.ByteRate
		})
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(r.programs)), func(name string) bool { return name == gangpu })
		slices.SortStableFunc(names, func(a, b string) int {
			return cmp.Compare(medianOf(r.programs[a], rank.seconds), medianOf(r.programs[b], rank.seconds))
		})
		best := r.programs[names[0]]
		var others []string
		for _, name := range names[1:] {
			others = append(others, fmt.Sprintf("%s %.3g s", name, medianOf(r.programs[name], rank.seconds)))
		}
		peer := medianOf(best, rank.seconds)
		fmt.Fprintf(&b, "| %s | %.3g s | %.3g s | %s %.3g s | %.2f | %s | %s | %s |\n", r.title, seconds, floor, names[0], peer, seconds/peer,
			strings.Join(others, "; "), mebibytes(medianOf(own, rank.memory)), mebibytes(medianOf(best, rank.memory)))
	}
	c.writeOrigin(&b)
	_, err = w.Write(b.Bytes())
	return err
}

func (r rank) seconds() float64 { return r.Iteration.Median }
func (r rank) memory() float64  { return float64(r.PeakMemory) }

func medianOf(ranks []rank, value func(rank) float64) float64 {
	var all []float64
	for _, r := range ranks {
		all = append(all, value(r))
	}
	return timesOf(all).Median
}

// gameRows groups the results by what was measured, in the order in which gangpu's come, and leaves out what has no peer.
func (c Collection) gameRows() ([]*gameRow, error) {
	var rows []*gameRow
	parameters := map[string]map[string]int{}
	for _, own := range []bool{true, false} {
		for _, r := range c {
			if (r.Name == gangpu) != own {
				continue
			}
			for i := range r.Devices {
				title, device := r.title(), r.Devices[i].Name+r.Devices[i].Precision
				at := slices.IndexFunc(rows, func(g *gameRow) bool { return g.title == title && g.device == device })
				if at < 0 {
					if !own {
						continue
					}
					rows, at = append(rows, &gameRow{title, device, map[string][]rank{}}), len(rows)
					parameters[title] = r.Parameters
				}
				if !maps.Equal(r.Parameters, parameters[title]) {
					return nil, fmt.Errorf("%s: the networks of %s have %v parameters, gangpu's %v", title, r.Name, r.Parameters, parameters[title])
				}
				of := rows[at].programs
				of[r.Name] = append(of[r.Name], rank{Result: r, Device: &r.Devices[i]})
			}
		}
	}
	return slices.DeleteFunc(rows, func(r *gameRow) bool { return len(r.programs) == 1 }), nil
}

// title says what was measured: "wgan, phase critic, 64 pixels, batch 32".
func (r *Result) title() string {
	game, _, in := r.game()
	if r.Phase != "" {
		game += ", phase " + r.Phase
	}
	return fmt.Sprintf("%s, %d pixels, batch %d", game, in.Height, r.Batch)
}
