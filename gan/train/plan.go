package train

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// Plan is a game that is written down for a batch, without a device: what training it takes.
type Plan struct {
	t *Trainer
}

// NewPlan writes a game down.
func NewPlan(g Game, s Settings, d Data) (*Plan, error) {
	t, err := written(g, s, d)
	if err != nil {
		return nil, err
	}
	return &Plan{t}, nil
}

// Parameters are those of a network, nil if the game has none of that name.
func (p *Plan) Parameters(network string) *nn.Parameters { return p.t.parameters[network] }

// Bytes is the size of all arrays on the device. What a device needs beyond them, to split sums and to align, is not
// counted.
func (p *Plan) Bytes() (uint64, error) {
	t := p.t
	total := uint64(0)
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			total += 4 * uint64(a.len)
		}
	}
	var programs []*program.Program
	for _, q := range t.phases {
		programs = append(programs, q.programs()...)
	}
	shared, err := program.Join("arrays", programs...)
	if err != nil {
		return 0, err
	}
	own := map[string]bool{}
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			own[a.storage] = true
		}
	}
	for _, s := range shared.Storages {
		if !s.Scratch && !own[s.Name] {
			total += uint64(s.Len) * uint64(s.DType.Size())
		}
	}
	for _, q := range t.phases { // each keeps its own
		for _, s := range q.body.Storages {
			if s.Scratch {
				total += uint64(s.Len) * uint64(s.DType.Size())
			}
		}
		if t.settings.Shards > 1 {
			total += 4 * uint64(q.results.len) * uint64(levels(t.settings.Shards))
		}
	}
	return total, nil
}

func levels(shards int) int {
	n := 0
	for ; shards > 1; shards /= 2 {
		n++
	}
	return n
}

// Work counts the arithmetic of convolutions and products, and the bytes that all operations move, in an iteration that
// all phases run in; see [program.FLOPs] and [program.Bytes].
func (p *Plan) Work() (flops, bytes float64) {
	for _, q := range p.t.phases {
		runs := float64(max(q.Times, 1))
		for _, of := range []struct {
			program *program.Program
			times   float64
		}{{q.draws[0], runs * float64(p.t.settings.Shards)}, {q.body, runs * float64(p.t.settings.Shards)}, {q.update, runs}} {
			for _, s := range of.program.Steps {
				flops += of.times * program.FLOPs(s.Op)
				bytes += of.times * program.Bytes(s.Op)
			}
		}
	}
	return flops, bytes
}

// LargestBatch is the largest multiple of a batch that needs no more bytes than a limit, up to 1024 times it; 0 if the
// batch itself does not fit.
func LargestBatch(g Game, s Settings, d Data, limit uint64) int {
	multiples := sort.Search(1024, func(i int) bool {
		larger := s
		larger.Batch = s.Batch * (i + 1)
		p, err := NewPlan(g, larger, d)
		if err != nil {
			return true
		}
		bytes, err := p.Bytes()
		return err != nil || bytes > limit
	})
	return multiples * s.Batch
}

// WriteSummary writes the layers of all networks: the shape that each makes of an example, and its parameters, as
// Keras's summary does.
func (p *Plan) WriteSummary(out io.Writer) error {
	for i, n := range p.t.game.Networks {
		q := p.t.parameters[n.Name]
		if i > 0 {
			fmt.Fprintln(out)
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "%s\tOUTPUT\tPARAMETERS\tSTATE\n", strings.ToUpper(n.Name))
		listed := 0
		for _, l := range q.Layers {
			trained, state := 0, 0
			for _, a := range q.List {
				if strings.HasPrefix(a.Name, l.Name+"/") && !strings.Contains(a.Name[len(l.Name)+1:], "/") {
					if a.State {
						state += a.Len()
					} else {
						trained += a.Len()
					}
				}
			}
			listed += trained
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\n", strings.TrimPrefix(l.Name, n.Name+"/"), times(l.Shape), trained, state)
		}
		if rest := q.Count() - listed; rest > 0 {
			fmt.Fprintf(w, "of its own\t\t%d\t\n", rest)
		}
		fmt.Fprintf(w, "all\t\t%d\t\n", q.Count())
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// times is a shape as people write it: "4 x 4 x 512".
func times(shape []int) string {
	var all []string
	for _, d := range shape {
		all = append(all, fmt.Sprint(d))
	}
	return strings.Join(all, " x ")
}
