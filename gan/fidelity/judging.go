package fidelity

import (
	"fmt"
	"strings"

	"gangpu/gan/run"
	"gangpu/gan/train"
)

// Judge measures what a game shows of its held-out rows.
type Judge struct {
	trainer *train.Trainer
	runner  *train.Runner
	shown   []train.Shown
	of      []compared
	rows    int
	// Baselines says how near one comes without the networks. It is empty if nothing says so.
	Baselines string
}

// compared is a picture that is compared with its truth, by their numbers in what is shown.
type compared struct {
	name        string
	made, truth int
	baselines   []baseline
}

// baseline is what is there without the networks.
type baseline struct {
	name string
	Measures
}

// batch is how many rows are shown at a time.
const batch = 16

// NewJudge prepares to measure a trainer's networks, by its held-out rows. training are examples of what it is trained
// on: their mean is a baseline. It is nil if nothing that the game shows has a truth.
func NewJudge(t *train.Trainer, training train.Data) (*Judge, error) {
	j := &Judge{trainer: t, shown: t.Showing(), rows: t.HeldOut.Rows()}
	at := map[string]int{}
	for i, s := range j.shown {
		at[s.Name] = i
	}
	var of []compared
	for i, s := range j.shown {
		// Pictures of two kinds that are no pairs have no truth, but that of a way there and back.
		if s.Truth != "" && (s.Baseline == "" || t.HeldOut.Paired(s.Truth, s.Baseline)) {
			of = append(of, compared{name: s.Name, made: i, truth: at[s.Truth]})
		}
	}
	if len(of) == 0 || j.rows == 0 {
		return nil, nil
	}
	var err error
	if j.runner, err = t.Runner(train.ShowUse, batch); err != nil {
		return nil, err
	}
	j.of = of
	return j, j.measureBaselines(at, training)
}

// measureBaselines finds how near copies and the mean picture come.
func (j *Judge) measureBaselines(at map[string]int, training train.Data) error {
	means := map[string][]float32{}
	names := make([][]string, len(j.of))
	for i, c := range j.of {
		s := j.shown[c.made]
		if s.Baseline == "" {
			continue
		}
		names[i] = append(names[i], s.Baseline)
		if mean := training.Mean(s.Truth); mean != nil {
			means[s.Truth] = mean
			names[i] = append(names[i], "the mean of "+s.Truth)
		}
	}
	sums := make([][]Measures, len(j.of))
	err := j.each(func(images [][]float32, shape []int, n int) {
		for i, c := range j.of {
			for k := range names[i] {
				from := means[j.shown[c.made].Truth]
				if k == 0 {
					from = images[at[names[i][0]]]
				} else {
					from = repeat(from, n)
				}
				if len(sums[i]) == k {
					sums[i] = append(sums[i], Measures{})
				}
				sums[i][k].add(Mean(from, images[c.truth], shape[0], shape[1], shape[2]), n)
			}
		}
	})
	var words []string
	for i := range j.of {
		for k, name := range names[i] {
			m := sums[i][k].over(j.rows)
			j.of[i].baselines = append(j.of[i].baselines, baseline{name, m})
			words = append(words, fmt.Sprintf("%s as %s has %v", name, j.shown[j.of[i].made].Truth, m))
		}
	}
	if words != nil {
		j.Baselines = fmt.Sprintf("%d held-out rows: %s", j.rows, strings.Join(words, "; "))
	}
	return err
}

func repeat(x []float32, n int) []float32 {
	var all []float32
	for range n {
		all = append(all, x...)
	}
	return all
}

func (m Measures) String() string {
	return fmt.Sprintf("L1 %.4f, PSNR %.2f dB, SSIM %.3f", m.L1, m.PSNR, m.SSIM)
}

// add adds the means of n images.
func (m *Measures) add(of Measures, n int) {
	m.L1, m.PSNR, m.SSIM = m.L1+float64(n)*of.L1, m.PSNR+float64(n)*of.PSNR, m.SSIM+float64(n)*of.SSIM
}

func (m Measures) over(n int) Measures {
	return Measures{m.L1 / float64(n), m.PSNR / float64(n), m.SSIM / float64(n)}
}

// each makes all pictures of all held-out rows, some rows at a time. What is drawn is always the same.
func (j *Judge) each(take func(images [][]float32, shape []int, n int)) error {
	for first := 0; first < j.rows; first += batch {
		n := min(batch, j.rows-first)
		rows := make([]int, n)
		for i := range rows {
			rows[i] = first + i
		}
		inputs, err := j.trainer.HeldOut.Examples(rows)
		if err != nil {
			return err
		}
		if err := j.runner.AddNoise(inputs, j.trainer.Settings().Seed+uint64(first), n); err != nil {
			return err
		}
		images, err := j.runner.Run(inputs, n)
		if err != nil {
			return fmt.Errorf("measuring held-out pictures: %w", err)
		}
		take(images, j.runner.Shapes()[0], n)
	}
	return nil
}

// Measure measures what the networks make now: each picture that has a truth, in the order in which it is shown.
func (j *Judge) Measure() ([]Measures, error) {
	all := make([]Measures, len(j.of))
	err := j.each(func(images [][]float32, shape []int, n int) {
		for i, c := range j.of {
			all[i].add(Mean(images[c.made], images[c.truth], shape[0], shape[1], shape[2]), n)
		}
	})
	for i := range all {
		all[i] = all[i].over(j.rows)
	}
	return all, err
}

// Judging is how a run is judged: each picture that has a truth by L1, PSNR and SSIM, the first one's L1 before all others.
// A run is told plainly when it is not nearer to the truth than what is there without it.
func (j *Judge) Judging(every int) run.Judging {
	out := run.Judging{Every: every}
	shape := j.runner.Shapes()[0]
	similar := min(shape[0], shape[1]) >= window // smaller images have no SSIM
	for _, c := range j.of {
		name, of := "", ""
		if len(j.of) > 1 {
			name, of = "_"+strings.ReplaceAll(c.name, " ", "_"), " of "+c.name
		}
		out.Measures = append(out.Measures, run.Measure{Name: "l1" + name, Label: "L1" + of}, run.Measure{Name: "psnr" + name, Label: "PSNR" + of, Higher: true})
		if similar {
			out.Measures = append(out.Measures, run.Measure{Name: "ssim" + name, Label: "SSIM" + of, Higher: true})
		}
	}
	for _, b := range j.of[0].baselines {
		out.Guides = append(out.Guides, run.Guide{Axis: out.Measures[0].Title(), Value: b.L1, Label: b.name})
	}
	var last []Measures
	out.Score = func() (scores []float64, err error) {
		if last, err = j.Measure(); err != nil {
			return nil, err
		}
		for _, m := range last {
			scores = append(scores, m.L1, m.PSNR)
			if similar {
				scores = append(scores, m.SSIM)
			}
		}
		return scores, nil
	}
	out.Line = func([]float64) string { return j.line(last) }
	return out
}

// line tells of measures.
func (j *Judge) line(of []Measures) string {
	var words []string
	for i, m := range of {
		text := fmt.Sprintf("%s %v", j.of[i].name, m)
		for _, b := range j.of[i].baselines {
			if !(m.L1 < b.L1) {
				text += fmt.Sprintf(", NOT nearer to %s than %s (%.4f)", j.shown[j.of[i].truth].Name, b.name, b.L1)
			}
		}
		words = append(words, text)
	}
	return strings.Join(words, "; ")
}

// Close frees what the judge holds on the device.
func (j *Judge) Close() error { return j.runner.Close() }
