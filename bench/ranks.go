package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/program"
	"gangpu/gan/train"
)

// RanksResult is what an iteration takes on several ranks, measured on rank 0.
type RanksResult struct {
	Ranks           int     `json:"ranks"`
	Hosts           int     `json:"hosts"`
	Threads         int     `json:"threads"` // of a rank, on the CPU
	Library         string  `json:"library,omitempty"`
	Device          string  `json:"device"`
	Game            string  `json:"game"`
	Preset          string  `json:"preset"`
	Batch           int     `json:"batch"`
	Shards          int     `json:"shards"`
	Iteration       Times   `json:"iteration"`
	ImagesPerSecond float64 `json:"images_per_second"`
	Exchanging      float64 `json:"exchanging"` // share of the time, waiting for other ranks included
	Sent            int64   `json:"sent"`       // bytes that rank 0 sends in an iteration, but from GPU to GPU
}

// timedGroup measures exchanges. Rank 0 makes one at a time.
type timedGroup struct {
	collective.Group
	spent time.Duration
	sent  int64
}

func (g *timedGroup) Exchange(limit time.Duration, send, recv [][]byte) error {
	begin := time.Now()
	err := g.Group.Exchange(limit, send, recv)
	g.spent += time.Since(begin)
	for i, b := range send {
		if i != g.Rank() {
			g.sent += int64(len(b))
		}
	}
	return err
}

// RunRank measures a game on one of the ranks of a group, nil for one alone. The result is rank 0's; others have none.
func RunRank(dev program.Device, o Options, r train.Ranks) (result *RanksResult, err error) {
	s, err := o.subject()
	if err != nil {
		return nil, err
	}
	data, err := s.data()
	if err != nil {
		return nil, err
	}
	timed := &timedGroup{Group: r.Group}
	if r.Group != nil {
		r.Group = timed
	}
	u, err := newRun(r, dev, s, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.trainer.Close()) }()
	if r.Group != nil && r.Group.Rank() > 0 {
		return nil, u.trainer.Follow(context.Background())
	}
	if err := u.warmUp(o.Warmup); err != nil {
		return nil, err
	}
	before, sent, made, begin := timed.spent, timed.sent, u.trainer.Iterations(), time.Now()
	for range o.Measurements {
		taken, err := u.timed(u.cycles*u.cycle, u.trainer.Step)
		if err != nil {
			return nil, err
		}
		u.iteration = append(u.iteration, taken)
	}
	result = &RanksResult{Ranks: 1, Hosts: 1, Device: dev.Info().Description, Game: s.system.Name, Preset: s.preset.Name, Batch: s.settings.Batch,
		Shards: s.settings.Shards, Iteration: *timesOf(u.iteration), Exchanging: float64(timed.spent-before) / float64(time.Since(begin))}
	result.Sent = (timed.sent - sent) / int64(u.trainer.Iterations()-made)
	result.ImagesPerSecond = float64(s.settings.Batch) / result.Iteration.Median
	if g := r.Group; g != nil {
		var hosts []string
		for rank := range g.Size() {
			hosts = append(hosts, g.Host(rank))
		}
		slices.Sort(hosts)
		result.Ranks, result.Hosts, result.Library = g.Size(), len(slices.Compact(hosts)), g.Library()
	}
	return result, nil
}

// WriteRanks prints a table of results on several numbers of ranks. Efficiency is the images in a second of one thread of one
// rank, or of one GPU, beside those of the first row.
func WriteRanks(w io.Writer, all []RanksResult) error {
	first := all[0]
	fmt.Fprintf(w, "%s %s, batch %d in %d shards, %s\n\n", first.Game, first.Preset, first.Batch, first.Shards, first.Device)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "ranks\thosts\tthreads each\titeration\timages/s\tspeed-up\tefficiency\texchanging\tsent\t")
	each := func(r RanksResult) float64 { return r.ImagesPerSecond / float64(r.Ranks*max(r.Threads, 1)) }
	for _, r := range all {
		fmt.Fprintf(table, "%d\t%d\t%d\t%.4g s\t%.4g\t%.2f\t%.2f\t%.0f%%\t%.3g MB\t\n", r.Ranks, r.Hosts, r.Threads, r.Iteration.Median, r.ImagesPerSecond,
			r.ImagesPerSecond/first.ImagesPerSecond, each(r)/each(first), 100*r.Exchanging, float64(r.Sent)/1e6)
	}
	return table.Flush()
}

// RanksMakeTheSame trains a game of o for some iterations on the ranks of a group, and on rank 0 alone. That an array is
// another is an error on rank 0.
func RanksMakeTheSame(dev program.Device, o Options, r train.Ranks, iterations int) (err error) {
	s, err := o.subject()
	if err != nil {
		return err
	}
	data, err := s.data()
	if err != nil {
		return err
	}
	model := func(r train.Ranks) (m *train.Model, err error) {
		t, err := train.NewRank(r, dev, s.game, s.settings, data)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, t.Close()) }()
		if r.Group != nil && r.Group.Rank() > 0 {
			return nil, t.Follow(context.Background())
		}
		for range iterations {
			if err := t.Step(); err != nil {
				return nil, err
			}
		}
		return t.Snapshot()
	}
	together, err := model(r)
	if err != nil || together == nil {
		return err
	}
	alone, err := model(train.Ranks{})
	if err != nil {
		return err
	}
	for _, a := range alone.Arrays {
		if b, ok := together.Array(a.Name); !ok || !slices.Equal(a.Values, b.Values) {
			return fmt.Errorf("%s is other after %d iterations of %s than on one rank", a.Name, iterations, s.system.Name)
		}
	}
	return nil
}
