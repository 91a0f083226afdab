package runpage

import (
	"slices"
	"sync"
	"time"

	"gangpu/internal/runfolder"
)

// Recorder follows a run for those who look at it. The run's methods wait for nobody, and
// Iteration allocates nothing.
type Recorder struct {
	folder runfolder.Folder
	about  about
	ended  chan struct{}

	mu  sync.Mutex // held for moments: what a page gets is made from a copy
	now moment
}

// moment is how a run stands.
type moment struct {
	state      runfolder.State
	reason     string
	iterations int
	latest     []float32     // values of the last iteration
	known      bool          // whether latest is
	taken      time.Duration // by all iterations
	pace       time.Duration // of an iteration, recent ones weighing most
	sums       []float64     // of the epoch's values
	inEpoch    int           // iterations in sums
	epochs     []means       // of the whole epochs
	curves     curves
}

// means are those of an epoch's iterations, a column each.
type means []number

// New is a recorder of a run that is to be trained, as its folder has it before the first
// iteration.
func New(folder runfolder.Folder, info *runfolder.Info) *Recorder {
	n := len(info.Columns)
	about := about{Folder: string(folder), Info: *info, Axes: axesOf(info)}
	for _, c := range info.Columns {
		about.Labels = append(about.Labels, c.Label())
	}
	if info.Measure != nil {
		about.Judged = info.Measure.Title()
	}
	// These are the run's to change.
	about.Sessions, about.Metrics = slices.Clone(info.Sessions), nil
	return &Recorder{folder: folder, about: about, ended: make(chan struct{}), now: moment{state: runfolder.Running,
		latest: make([]float32, n), sums: make([]float64, n), curves: newCurves(n)}}
}

// axesOf are the charts of a run's page.
func axesOf(info *runfolder.Info) []axisPart {
	var parts []axisPart
	for _, a := range runfolder.Axes(info.Columns) {
		part := axisPart{Name: a.Name, Share: a.Share}
		for _, i := range a.Columns {
			part.Series = append(part.Series, seriesPart{i, info.Columns[i].Short()})
		}
		for _, g := range info.Guides {
			if g.Axis == a.Name {
				part.Guides = append(part.Guides, g)
			}
		}
		parts = append(parts, part)
	}
	return parts
}

// Resume takes in the iterations that were made before, from the run's first on. The numbers of those without a
// row are unknown.
func (r *Recorder) Resume(rows []runfolder.Row, iterations int) {
	for _, row := range rows {
		r.skipTo(row.Epoch*r.about.IterationsPerEpoch + row.Iteration)
		r.Iteration(row.Values, row.Taken)
		r.endEpoch()
	}
	r.skipTo(iterations)
	r.now.pace = 0
}

// skipTo goes on to after that many iterations without numbers.
func (r *Recorder) skipTo(iterations int) {
	for r.now.iterations < iterations {
		r.now.curves.skip()
		r.now.iterations++
		r.endEpoch()
	}
}

// endEpoch ends an epoch of an earlier session if the iterations so far do.
func (r *Recorder) endEpoch() {
	if r.now.iterations%r.about.IterationsPerEpoch == 0 {
		r.Epoch()
	}
}

// Open is a recorder of a run as it is found, with all that it has made.
func Open(folder string) (*Recorder, error) {
	run, err := runfolder.Open(folder)
	if err != nil {
		return nil, err
	}
	rows, err := run.Rows()
	if err != nil {
		return nil, err
	}
	r := New(run.Folder, &run.Info)
	r.Resume(rows, run.Iterations)
	if run.State != runfolder.Running {
		r.End(run.State, run.Reason)
	}
	return r, nil
}

// Iteration takes in the values of the next iteration, and how long it took.
func (r *Recorder) Iteration(values []float32, taken time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := &r.now
	n.curves.add(n.iterations, values)
	n.iterations++
	n.known = true
	copy(n.latest, values)
	n.taken += taken
	if n.pace == 0 {
		n.pace = taken
	}
	n.pace += (taken - n.pace) / 16
	n.inEpoch++
	for i, v := range values {
		n.sums[i] += float64(v)
	}
}

// Epoch ends an epoch, whose grid is in its file.
func (r *Recorder) Epoch() {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := make(means, len(r.now.sums))
	for i, sum := range r.now.sums {
		m[i] = number(sum / float64(r.now.inEpoch))
	}
	r.now.epochs = append(r.now.epochs, m)
	clear(r.now.sums)
	r.now.inEpoch = 0
}

// End comes once, when the run has ended. The reason, for people, may be empty.
func (r *Recorder) End(state runfolder.State, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.state, r.now.reason = state, reason
	close(r.ended)
}

// copy is how the run stands. Epochs are only ever appended, so that they can be shared.
func (r *Recorder) copy() *moment {
	c := new(moment)
	r.mu.Lock()
	defer r.mu.Unlock()
	*c = r.now
	c.latest, c.curves = slices.Clone(r.now.latest), r.now.curves.clone()
	return c
}
