package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"gangpu/gan/picture"
	"gangpu/gan/run"
)

// walker is a trainer that is no GAN: it walks down the parabola (x - 3)^2 with momentum. Its numbers have odd names,
// and its pictures are coloured.
type walker struct {
	state
	values   [4]float32
	breaks   int // the iteration after which x is not a number; 0 for none
	unsaving bool
}

// state is what a walker's file holds.
type state struct {
	Made       int
	X, Speed   float64
	Scored     *float64
	unwritable bool
}

const walkerEpoch = 10

func (w *walker) Columns() []run.Column {
	return []run.Column{{Name: "fit/residual"}, {Name: "a loss of its own"}, {Name: "step_size", Axis: "rate"}, {Name: "inside", Share: true}}
}

func (w *walker) Iterations() int         { return w.Made }
func (w *walker) IterationsPerEpoch() int { return walkerEpoch }

func (w *walker) Step() error {
	w.Speed = 0.9*w.Speed - 0.02*(w.X-3)
	w.X += w.Speed
	w.Made++
	if w.Made == w.breaks {
		w.X = math.NaN()
	}
	return nil
}

// lost is the walker's own error of a number that is not finite.
type lost struct{ made int }

func (l lost) Error() string { return fmt.Sprintf("the walker is lost in step %d", l.made) }
func (l lost) Diverged()     {}

func (w *walker) Metrics() ([]float32, error) {
	inside := float32(0)
	if w.X > 2 && w.X < 4 {
		inside = 1
	}
	w.values = [4]float32{float32((w.X - 3) * (w.X - 3)), float32(w.X), 0.02, inside}
	if math.IsNaN(w.X) {
		return w.values[:], lost{w.Made}
	}
	return w.values[:], nil
}

func (w *walker) Samples(n int) (run.Samples, error) {
	p := picture.Pixels{Count: n, Height: 2, Width: 3, Channels: 3, Values: make([]uint8, n*2*3*3)}
	for i := range p.Values {
		p.Values[i] = uint8(w.X * float64(i))
	}
	return run.Samples{Pixels: p, Numbers: []run.Number{{Name: "samples/redness", Value: 0.5}}}, nil
}

func (w *walker) Snapshot() (run.Snapshot, error) {
	s := w.state
	s.unwritable = w.unsaving
	return s, nil
}

func (w *walker) FindOrigin(from run.Snapshot) (string, error) {
	return fmt.Sprintf("step %d, from step %d on", w.breaks, from.Iterations()), nil
}

func (s state) Iterations() int { return s.Made }
func (s state) Score() *float64 { return s.Scored }

func (s state) Save(path string, score *float64) error {
	if s.unwritable {
		return fmt.Errorf("%s: no room", path)
	}
	s.Scored = score
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o666)
}

func load(path string) (run.Snapshot, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return s, nil
}

// goOn is the walker that goes on with a run, and the run.
func goOn(path string) (*walker, *run.Run, error) {
	r, err := run.Resume(path, load)
	if err != nil {
		return nil, nil, err
	}
	saved, _ := r.Saved()
	return &walker{state: saved.(state)}, r, nil
}

// stopper is a watcher that ends a context after an iteration.
type stopper struct {
	at     int
	cancel context.CancelCauseFunc
}

func (s stopper) Iteration(row run.Row) error {
	if row.Epoch*walkerEpoch+row.Iteration+1 == s.at {
		s.cancel(fmt.Errorf("enough"))
	}
	return nil
}

func (stopper) Epoch(int, run.Samples) error { return nil }
func (stopper) End() error                   { return nil }

// A run of a trainer is interrupted, and goes on.
func Example() {
	dir, err := os.MkdirTemp("", "run-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	folder := dir + "/walk"

	r, err := run.Create(folder, load)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	err = r.Train(ctx, &walker{}, run.Options{Iterations: 30, Watchers: []run.Watcher{stopper{12, cancel}}})
	fmt.Println(err)
	r.Close()

	w, r, err := goOn(folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	fmt.Println("going on after", w.Iterations())
	err = r.Train(context.Background(), w, run.Options{Iterations: 30})
	metrics, _ := os.ReadFile(folder + "/metrics.csv")
	lines := bytes.Split(metrics, []byte("\n"))
	fmt.Printf("%s\n%d lines, error %v\n", lines[0], len(lines)-1, err)

	// Output:
	// interrupted after 12 of 30 iterations
	// going on after 12
	// epoch,iteration,fit/residual,a loss of its own,step_size,inside,seconds
	// 31 lines, error <nil>
}
