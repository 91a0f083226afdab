package train

import (
	"fmt"
	"strings"

	"gangpu/engine/collective"
	"gangpu/engine/program"
)

// DriftError is ranks whose networks are not those of rank 0 any more: their processors or cards round differently, or
// have a fault.
type DriftError struct {
	Ranks        []string
	Since, Until int // iterations, between which it happened
}

func (e *DriftError) Error() string {
	if e.Until == 0 {
		return fmt.Sprintf("other networks than on rank 0 to begin with: on %s", strings.Join(e.Ranks, " and "))
	}
	return fmt.Sprintf("other networks than on rank 0 after iteration %d, on %s; after %d they were the same: these ranks do not round alike",
		e.Until, strings.Join(e.Ranks, " and "), e.Since)
}

// compare finds that the ranks hold other networks, optimizers or counts than rank 0: all ranks get the same
// *collective.SharedError with a *DriftError.
func (t *Trainer) compare() error {
	j := t.ranks
	j.digest.Reset()
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			if len(j.values) < a.len {
				j.values = make([]float32, a.len)
			}
			if err := read(t.arrays, a.storage, 0, j.values[:a.len]); err != nil {
				return err
			}
			j.digest.Write(program.AsBytes(j.values[:a.len]))
		}
	}
	for _, c := range t.counters() {
		var count [1]uint32
		if err := read(t.arrays, c, 0, count[:]); err != nil {
			return err
		}
		j.digest.Write(program.AsBytes(count[:]))
	}
	all, err := collective.Gather(j.Group, j.Limit, j.digest.Sum(nil))
	if err != nil {
		return fmt.Errorf("comparing networks after iteration %d: %w", t.iteration, err)
	}
	e := &DriftError{Since: max(j.compared, 0), Until: t.iteration}
	for rank, of := range all {
		if string(of) != string(all[0]) {
			e.Ranks = append(e.Ranks, collective.RankName(rank, j.Group.Host(rank)))
		}
	}
	if len(e.Ranks) > 0 {
		if j.compared < 0 {
			e.Until = 0
		}
		return &collective.SharedError{Rank: -1, Err: e}
	}
	j.compared = t.iteration
	return nil
}
