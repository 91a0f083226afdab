package run_test

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/gan/run"
)

func readFile(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// train makes iterations of a new run or, without a walker, of one that goes on, and returns its error.
func train(t *testing.T, folder string, w *walker, o run.Options) error {
	t.Helper()
	var r *run.Run
	var err error
	if w == nil {
		w, r, err = goOn(folder)
	} else {
		r, err = run.Create(folder, load)
	}
	if err != nil {
		t.Fatal(err)
	}
	err = r.Train(t.Context(), w, o)
	if closed := r.Close(); closed != nil {
		t.Error(closed)
	}
	return err
}

// judged are options of a run that is judged by how far the walker has come, which is better the farther.
func judged(w *walker, iterations int) run.Options {
	return run.Options{Iterations: iterations, About: run.About{Model: "walker", Settings: []byte(`{"mass":0.9}`), Notes: map[string]string{"why": "for a test"}},
		Judging: run.Judging{Every: 1, Measures: []run.Measure{{Name: "height", Higher: true}, {Name: "depth"}},
			Score: func() ([]float64, error) { return []float64{w.X, -w.X}, nil }}}
}

// withoutTimes are the lines of a file without their last field.
func withoutTimes(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, line[:strings.LastIndexByte(line, ',')])
	}
	return lines
}

// A run of a trainer that is no GAN has its names everywhere, and makes the same whether it is interrupted or not.
func TestRunOfAnyNumbers(t *testing.T) {
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	w := &walker{}
	if err := train(t, whole, w, judged(w, 40)); err != nil {
		t.Fatal(err)
	}

	var out, warnings strings.Builder
	for _, stop := range []int{13, 20, 0} { // within an epoch, at the end of one
		w, r := &walker{}, (*run.Run)(nil)
		var err error
		if stop == 13 {
			r, err = run.Create(parts, load)
		} else {
			w, r, err = goOn(parts)
		}
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		o := judged(w, 40)
		o.Out, o.Err, o.Watchers, o.LineEvery = &out, &warnings, []run.Watcher{stopper{stop, cancel}}, run.EachIteration
		err = r.Train(ctx, w, o)
		if interrupted := (*run.InterruptedError)(nil); stop > 0 && (!errors.As(err, &interrupted) || interrupted.Made != stop || interrupted.Asked != 40 || interrupted.Folder != parts) || stop == 0 && err != nil {
			t.Errorf("stopped after %d: %v", stop, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"model.safetensors", "checkpoints/iteration-000040.safetensors", "samples/epoch-001.png", "samples/epoch-004.png"} {
		if readFile(t, whole, name) != readFile(t, parts, name) {
			t.Errorf("in parts, %s is another", name)
		}
	}
	for _, name := range []string{"metrics.csv", "judge.csv"} {
		if a, b := withoutTimes(readFile(t, whole, name)), withoutTimes(readFile(t, parts, name)); !slices.Equal(a, b) {
			t.Errorf("in parts, %s is\n%s\nnot\n%s", name, strings.Join(b, "\n"), strings.Join(a, "\n"))
		}
	}
	if warnings.Len() > 0 {
		t.Errorf("warned of %q", warnings.String())
	}

	if header, _, _ := strings.Cut(readFile(t, parts, "metrics.csv"), "\n"); header != "epoch,iteration,fit/residual,a loss of its own,step_size,inside,seconds" {
		t.Errorf("metrics.csv begins with %q", header)
	}
	if header, _, _ := strings.Cut(readFile(t, parts, "judge.csv"), "\n"); header != "epoch,iterations,height,depth,seconds" {
		t.Errorf("judge.csv begins with %q", header)
	}
	picture, err := png.Decode(strings.NewReader(readFile(t, parts, "samples", "epoch-001.png")))
	if err != nil || picture.Bounds().Dx() != 5*(3*3+4)+4 {
		t.Errorf("samples of %v (%v)", picture.Bounds(), err)
	}
	if r, g, b, _ := picture.At(4+3, 4).RGBA(); r == g && g == b {
		t.Error("the samples are grey")
	}

	events := ""
	files, _ := filepath.Glob(filepath.Join(parts, "tensorboard", "*"))
	for _, f := range files {
		events += readFile(t, f)
	}
	for _, tag := range []string{"loss/fit_residual", "loss/a_of_its_own", "rate/step_size", "share/inside", "time/iteration", "samples/redness", "samples"} {
		if want := 4; strings.Count(events, tag) < want {
			t.Errorf("TensorBoard's files have %s %d times", tag, strings.Count(events, tag))
		}
	}

	report := readFile(t, parts, "report.html")
	for _, want := range []string{`"labels":["fit residual","a loss of its own","step size","inside"]`, `"judged":"height"`, `"settings":{"mass":0.9}`,
		`{"name":"rate","share":false,"series":[{"column":2,"name":"step size"}]}`, `"scores":[[1,`, `"state":"finished"`} {
		if !strings.Contains(report, want) {
			t.Errorf("the report has no %s", want)
		}
	}

	found, err := run.List(parts)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d runs (%v)", len(found), err)
	}
	if i := found[0]; i.State != "finished" || i.Iterations != 40 || len(i.Sessions) != 3 || i.Metrics.Values["step_size"] != 0.02 ||
		i.Metrics.Iteration != 9 || i.Measure.Name != "height" || i.Notes["why"] != "for a test" {
		t.Errorf("run.json says %+v", i.Info)
	}
	if best := found[0].Best; best == nil || best.Iterations != bestOf(t, parts) {
		t.Errorf("the best is %+v, that of judge.csv after %d iterations", best, bestOf(t, parts))
	}

	svg := filepath.Join(t.TempDir(), "curves.svg")
	if err := run.Plot(svg, whole, parts); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"loss: fit residual, and dashed a of its own", "rate", "share", "height", parts} {
		if !strings.Contains(readFile(t, svg), want) {
			t.Errorf("the curves have no %q", want)
		}
	}

	form := regexp.MustCompile(`(?m)^epoch 1/4, 1/10  fit residual=\d\.\d{3} a of its own=\d\.\d{3}  step size=0\.020  share inside \d+%  \S+ s/iteration, \S+ left$`)
	if !form.MatchString(out.String()) {
		t.Errorf("no line of an iteration in\n%s", out.String())
	}
	for _, want := range []string{"\njudged  height ", "\nepoch 4/4  mean fit residual=", "\nreport  " + parts} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// bestOf is the iterations of the greatest first score of judge.csv.
func bestOf(t *testing.T, folder string) int {
	t.Helper()
	best, at := -1.0, 0
	for _, line := range strings.Split(strings.TrimSpace(readFile(t, folder, "judge.csv")), "\n")[1:] {
		var epoch, iterations int
		var height float64
		if _, err := fmt.Sscanf(line, "%d,%d,%f", &epoch, &iterations, &height); err != nil {
			t.Fatal(err)
		}
		if height > best {
			best, at = height, iterations
		}
	}
	return at
}

// A run that diverges tells where it began, has the numbers that say so, and leaves the state saved last.
func TestDivergence(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	err := train(t, folder, &walker{breaks: 17}, run.Options{Iterations: 40, CheckpointEvery: 4})
	want := "the walker is lost in step 17; it began in step 17, from step 16 on; " + filepath.Join(folder, "model.safetensors") + " is as it was after 16 iterations"
	if err == nil || err.Error() != want || !errors.As(err, new(run.Divergence)) {
		t.Errorf("got %v, want %s", err, want)
	}
	if lines := withoutTimes(readFile(t, folder, "metrics.csv")); len(lines) != 18 || !strings.HasPrefix(lines[17], "1,6,NaN,NaN,") {
		t.Errorf("metrics %q", lines)
	}
	found, err := run.List(folder)
	if err != nil || found[0].State != "failed" || found[0].Reason != want || found[0].Metrics.Iteration != 5 {
		t.Errorf("run.json says %+v (%v)", found[0].Info, err)
	}
	if err := train(t, folder, nil, run.Options{Iterations: 20}); err != nil {
		t.Errorf("going on with a walker that is not lost: %v", err)
	}
}

// A run has a state from before its first iteration on, and one that goes on from an earlier checkpoint has that as its
// newest.
func TestStateFromTheFirst(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	if err := train(t, folder, &walker{breaks: 3}, run.Options{Iterations: 40}); err == nil || !strings.Contains(err.Error(), "as it was after 0 iterations") {
		t.Errorf("got %v", err)
	}
	if err := train(t, folder, nil, run.Options{Iterations: 30}); err != nil {
		t.Fatal(err)
	}
	w, r, err := goOn(filepath.Join(folder, "checkpoints", "iteration-000010.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	w.breaks = 13
	err = r.Train(t.Context(), w, run.Options{Iterations: 40})
	if err == nil || !strings.Contains(err.Error(), "as it was after 10 iterations") {
		t.Errorf("got %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// The last state has the score that it was judged by, whether it is the best or due to be kept or not. A run that goes on
// from it knows that, also where its checkpoints are lost, and keeps it until a better one comes.
func TestScoreOfTheLastState(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	o, score := judged(nil, 20), 9.0
	o.CheckpointEvery, o.Judging.Score = 1000, func() ([]float64, error) { score--; return []float64{score, 0}, nil }
	if err := train(t, folder, &walker{}, o); err != nil {
		t.Fatal(err)
	}
	f, err := load(filepath.Join(folder, "model.safetensors"))
	if err != nil || f.Iterations() != 20 || f.Score() == nil || *f.Score() != 7 {
		t.Fatalf("the last state is %+v (%v), of the score 7", f, err)
	}
	if err := os.RemoveAll(filepath.Join(folder, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	o.Iterations, o.Keep, o.CheckpointEvery = 60, 1, 10
	if err := train(t, folder, nil, o); err != nil {
		t.Fatal(err)
	}
	found, err := run.List(folder)
	if err != nil || len(found) != 1 || found[0].Best == nil || found[0].Best.Iterations != 20 || *found[0].Best.Score != 7 {
		t.Errorf("the runs are %+v (%v), want one whose best is 7 after 20 iterations", found, err)
	}
	if f, err := load(filepath.Join(folder, "checkpoints", "iteration-000020.safetensors")); err != nil || f.Iterations() != 20 {
		t.Errorf("the best state is %+v (%v)", f, err)
	}
}

// A state that cannot be written, or read, is told of with what there is instead.
func TestStatesThatAreLost(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	w := &walker{}
	full := stopFull{w}
	err := train(t, folder, w, run.Options{Iterations: 40, Watchers: []run.Watcher{full}})
	unsaved := (*run.UnsavedError)(nil)
	if !errors.As(err, &unsaved) || unsaved.Saved != 20 || unsaved.Made != 30 || unsaved.Folder != folder {
		t.Errorf("got %v", err)
	}
	model := filepath.Join(folder, "model.safetensors")
	if err := os.WriteFile(model, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = run.Resume(folder, load)
	damaged := (*run.DamagedError)(nil)
	if !errors.As(err, &damaged) || damaged.Newest != filepath.Join(folder, "checkpoints", "iteration-000020.safetensors") {
		t.Fatalf("got %v", err)
	}
	w, r, err := goOn(damaged.Newest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Resume(folder, load); !errors.As(err, new(*run.BusyError)) {
		t.Errorf("taken twice: %v", err)
	}
	if err := errors.Join(r.Train(t.Context(), w, run.Options{Iterations: 40}), r.Close()); err != nil {
		t.Error(err)
	}
	if lines := withoutTimes(readFile(t, folder, "metrics.csv")); len(lines) != 41 {
		t.Errorf("metrics of %d iterations", len(lines)-1)
	}
}

// stopFull fills the disk in the third epoch.
type stopFull struct{ *walker }

func (s stopFull) Iteration(row run.Row) error {
	s.unsaving = row.Epoch == 2
	return nil
}

func (stopFull) Epoch(int, run.Samples) error { return nil }
func (stopFull) End() error                   { return nil }

// A run that ends short of what it has to beat says so at the end, in its folder and on its page; one that was stopped, or
// beats it, does not.
func TestShortfall(t *testing.T) {
	for name, c := range map[string]struct {
		iterations, until int
		short             string
	}{"short": {20, 20, "NOT above a copy"}, "stopped": {20, 10, "NOT above a copy"}, "beats it": {20, 20, ""}} {
		t.Run(name, func(t *testing.T) {
			folder, w := filepath.Join(t.TempDir(), "run"), &walker{}
			ctx, cancel := context.WithCancelCause(t.Context())
			var stderr strings.Builder
			o := judged(w, c.iterations)
			o.Err, o.Watchers, o.Judging.Shortfall = &stderr, []run.Watcher{stopper{c.until, cancel}}, func() string { return c.short }
			if c.until == c.iterations {
				o.Watchers = nil
			}
			r, err := run.Create(folder, load)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Train(ctx, w, o); (err == nil) != (c.until == c.iterations) {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			const line = "epoch 2, iteration 10: when it was judged last, NOT above a copy"
			findings, _ := os.ReadFile(filepath.Join(folder, "findings.txt"))
			for where, text := range map[string]string{"stderr": stderr.String(), "findings.txt": string(findings), "the report": readFile(t, folder, "report.html")} {
				if strings.Contains(text, line) != (name == "short") {
					t.Errorf("%s has %q: %v", where, line, name != "short")
				}
			}
		})
	}
}

// found finds something where it is told to, as a diagnosis does.
type found struct{ at map[string]string } // by where

func (f *found) Iteration(row run.Row) string {
	return f.at[fmt.Sprintf("%d,%d", row.Epoch, row.Iteration)]
}
func (f *found) Epoch(number int, s run.Samples) string {
	return f.at[fmt.Sprintf("epoch %d of %d", number, s.Count)]
}

// What a diagnosis finds is printed and kept, with where; of what is made again it is dropped. A run that goes on shows it
// the iterations before.
func TestDiagnosis(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	var stderr strings.Builder
	d := &found{at: map[string]string{"0,4": "early", "epoch 1 of 25": "an epoch", "1,7": "late"}}
	if err := train(t, folder, &walker{}, run.Options{Iterations: 20, Diagnosis: d, Err: &stderr, CheckpointEvery: 15}); err != nil {
		t.Fatal(err)
	}
	const early, epoch, late = "epoch 1, iteration 5: early\n", "epoch 1, iteration 10: an epoch\n", "epoch 2, iteration 8: late\n"
	if got := readFile(t, folder, "findings.txt"); got != early+epoch+late {
		t.Errorf("kept %q", got)
	}
	if want := "warning: " + early + "warning: " + epoch + "warning: " + late; stderr.String() != want {
		t.Errorf("printed %q, want %q", stderr.String(), want)
	}
	w, r, err := goOn(filepath.Join(folder, "checkpoints", "iteration-000015.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	seen := &seer{}
	if err := errors.Join(r.Train(t.Context(), w, run.Options{Iterations: 18, Diagnosis: seen}), r.Close()); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, folder, "findings.txt"); got != early+epoch {
		t.Errorf("going on, it has %q", got)
	}
	if seen.rows != 18 {
		t.Errorf("going on, the diagnosis has seen %d iterations", seen.rows)
	}
}

// seer counts the iterations that it is shown.
type seer struct{ rows int }

func (s *seer) Iteration(run.Row) string    { s.rows++; return "" }
func (*seer) Epoch(int, run.Samples) string { return "" }

// A line comes at the interval that is asked for.
func TestLines(t *testing.T) {
	for every, want := range map[time.Duration]int{run.EachIteration: 20, 1000 * time.Hour: 1} {
		var out strings.Builder
		o := run.Options{Iterations: 20, Out: &out, LineEvery: every, Line: func(row run.Row) string { return fmt.Sprintf(">%d", row.Iteration) }}
		if err := train(t, filepath.Join(t.TempDir(), "run"), &walker{}, o); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count("\n"+out.String(), "\n>"); n != want || !strings.HasPrefix(out.String(), ">0\n") {
			t.Errorf("every %v: %d lines, want %d, in\n%s", every, n, want, out.String())
		}
	}
}

// What cannot go on is refused in words, before anything is changed.
func TestRefusals(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	w := &walker{}
	if err := train(t, folder, w, judged(w, 20)); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]run.Options{
		"20 iterations were made, 20 are to be": {Iterations: 20},
		`judge.csv begins with "epoch,iterations,height,depth,seconds\n", want "epoch,iterations,other,seconds\n"`: {Iterations: 30,
			Judging: run.Judging{Every: 1, Measures: []run.Measure{{Name: "other"}}, Score: func() ([]float64, error) { return []float64{1}, nil }}},
	} {
		if err := train(t, folder, nil, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	_, r, err := goOn(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Train(t.Context(), &walker{}, run.Options{Iterations: 30}); err == nil || !strings.Contains(err.Error(), "the trainer has made 0 iterations, the state to go on from 20") {
		t.Errorf("a trainer that has not gone on: %v", err)
	}
	if err := r.Train(t.Context(), other{&walker{state: state{Made: 20}}}, run.Options{Iterations: 30}); err == nil || !strings.Contains(err.Error(), "no metrics of this run") {
		t.Errorf("a trainer of other columns: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := run.Create(folder, load); !errors.As(err, new(*run.OccupiedError)) {
		t.Errorf("made anew: %v", err)
	}
}

// other is a walker with another column.
type other struct{ *walker }

func (other) Columns() []run.Column { return []run.Column{{Name: "x"}} }
