package fidelity

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan/run"
	"gangpu/gan/train"
)

// Subject is what is measured: what a game shows of held-out rows.
type Subject struct {
	Showing []train.Shown
	Runner  *train.Runner // makes it: of the use [train.ShowUse], for Batch rows at a time; the judge closes it
	HeldOut train.Data
	// Training are examples of what the game is trained on. Their mean is a baseline, and the distance of as many of them is
	// the floor.
	Training train.Data
	Seed     uint64 // of what is drawn
	// Classifier, on Device, measures pictures that are made of others by its features, and says which kind it takes them for
	// if it knows the kind of their truth by name; nil for none.
	Classifier *train.Model
	Device     program.Device
}

// Judge measures what a game shows of its held-out rows.
type Judge struct {
	Subject
	of   []compared
	rows int
	// Baselines says how near one comes without the networks. It is empty if nothing says so.
	Baselines string
}

// compared is a picture that is compared with its truth, by their numbers in what is shown.
type compared struct {
	name        string
	made, truth int
	known       bool // whether the truth of each row is
	baselines   []baseline
	kind        *kind // nil without a classifier
}

// baseline is what is there without the networks.
type baseline struct {
	name string
	Measures
}

// Batch is how many rows are shown at a time.
const Batch = 16

// NewJudge prepares to measure. It is nil if nothing that is shown can be measured.
func NewJudge(s Subject) (_ *Judge, err error) {
	j := &Judge{Subject: s, rows: s.HeldOut.Rows()}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.Close())
		}
	}()
	at := map[string]int{}
	for i, s := range s.Showing {
		at[s.Name] = i
	}
	for i, s := range s.Showing {
		if s.Truth == "" {
			continue
		}
		// Pictures of two kinds that are no pairs have no truth, but that of a way there and back.
		c := compared{name: s.Name, made: i, truth: at[s.Truth], known: s.Baseline == "" || j.HeldOut.Paired(s.Truth, s.Baseline)}
		if s.Baseline != "" && j.Classifier != nil {
			if c.kind, err = newKind(j.Subject, s.Truth); err != nil {
				return nil, err
			}
		}
		if c.known || c.kind != nil {
			j.of = append(j.of, c)
		}
	}
	if len(j.of) == 0 || j.rows == 0 {
		return nil, j.Close()
	}
	return j, j.measureBaselines(at)
}

// measureBaselines finds how near copies and the mean picture come.
func (j *Judge) measureBaselines(at map[string]int) error {
	copies := make([]made, len(j.of))
	means := make([]*Measures, len(j.of))
	err := j.each(func(images [][]float32, shape []int, n int) {
		for i, c := range j.of {
			s := j.Showing[c.made]
			if s.Baseline == "" {
				continue
			}
			from, truth := images[at[s.Baseline]], images[c.truth]
			copies[i].add(s, c, from, truth, shape, n)
			// What is made of the truth itself knows more than a mean.
			if _, given := j.HeldOut.Field(s.Baseline); !given {
				continue
			}
			if mean := j.Training.Mean(s.Truth); mean != nil && c.known {
				if means[i] == nil {
					means[i] = &Measures{}
				}
				means[i].add(measure(s, repeat(mean, n), truth, shape), n)
			}
		}
	})
	if err != nil {
		return err
	}
	var words []string
	for i := range j.of {
		c := &j.of[i]
		s := j.Showing[c.made]
		if s.Baseline == "" {
			continue
		}
		copied, err := copies[i].result(*c, j.rows)
		if err != nil {
			return err
		}
		if c.known {
			c.baselines = append(c.baselines, baseline{s.Baseline, copied.Measures})
		}
		if means[i] != nil {
			c.baselines = append(c.baselines, baseline{"the mean of " + s.Truth, means[i].over(j.rows)})
		}
		for _, b := range c.baselines {
			words = append(words, fmt.Sprintf("%s as %s has %v", b.name, s.Truth, b.Measures))
		}
		if c.kind != nil {
			c.kind.copied = copied.Kind
			words = append(words, fmt.Sprintf("%s as %s has %v", s.Baseline, s.Truth, copied.Kind), fmt.Sprintf("real pictures of %s have %v", s.Truth, c.kind.floor))
		}
	}
	if words != nil {
		j.Baselines = fmt.Sprintf("%d held-out rows: %s", j.rows, strings.Join(words, "; "))
	}
	return nil
}

func repeat(x []float32, n int) []float32 {
	var all []float32
	for range n {
		all = append(all, x...)
	}
	return all
}

func (m Measures) String() string {
	similar := func(v float64) string {
		if math.IsNaN(v) { // of images smaller than the window
			return ""
		}
		return fmt.Sprintf(", SSIM %.3f", v)
	}
	text := fmt.Sprintf("L1 %.4f, PSNR %.2f dB%s", m.L1, m.PSNR, similar(m.SSIM))
	if m.LumaPSNR != 0 {
		text += fmt.Sprintf(", of luma PSNR %.2f dB%s", m.LumaPSNR, similar(m.LumaSSIM))
	}
	return text
}

// measure is the mean of the measures of pictures against their truth, as what is shown is to be measured.
func measure(s train.Shown, made, truth []float32, shape []int) Measures {
	height, width, channels := shape[0], shape[1], shape[2]
	if s.Border > 0 {
		made, truth = Cut(made, height, width, channels, s.Border), Cut(truth, height, width, channels, s.Border)
		height, width = height-2*s.Border, width-2*s.Border
	}
	m := Mean(made, truth, height, width, channels)
	switch {
	case s.Luma && channels == 3:
		y := Mean(Luma(made), Luma(truth), height, width, 1)
		m.LumaPSNR, m.LumaSSIM = y.PSNR, y.SSIM
	case s.Luma:
		m.LumaPSNR, m.LumaSSIM = m.PSNR, m.SSIM
	}
	return m
}

// add adds the means of n images.
func (m *Measures) add(of Measures, n int) {
	m.L1, m.PSNR, m.SSIM = m.L1+float64(n)*of.L1, m.PSNR+float64(n)*of.PSNR, m.SSIM+float64(n)*of.SSIM
	m.LumaPSNR, m.LumaSSIM = m.LumaPSNR+float64(n)*of.LumaPSNR, m.LumaSSIM+float64(n)*of.LumaSSIM
}

func (m Measures) over(n int) Measures {
	each := 1 / float64(n)
	return Measures{m.L1 * each, m.PSNR * each, m.SSIM * each, m.LumaPSNR * each, m.LumaSSIM * each}
}

// each makes all pictures of all held-out rows, some rows at a time. What is drawn is always the same.
func (j *Judge) each(take func(images [][]float32, shape []int, n int)) error {
	for first := 0; first < j.rows; first += Batch {
		n := min(Batch, j.rows-first)
		rows := make([]int, n)
		for i := range rows {
			rows[i] = first + i
		}
		inputs, err := j.HeldOut.Examples(rows)
		if err != nil {
			return err
		}
		if err := j.Runner.AddNoise(inputs, j.Seed+uint64(first), n); err != nil {
			return err
		}
		images, err := j.Runner.Run(inputs, n)
		if err != nil {
			return fmt.Errorf("measuring held-out pictures: %w", err)
		}
		take(images, j.Runner.Shapes()[0], n)
	}
	return nil
}

// made is what was made of all rows so far.
type made struct {
	Measures
	pixels []float32 // for a classifier
}

func (m *made) add(s train.Shown, c compared, images, truth []float32, shape []int, n int) {
	if c.known {
		m.Measures.add(measure(s, images, truth, shape), n)
	}
	if c.kind != nil {
		m.pixels = append(m.pixels, images...)
	}
}

func (m *made) result(c compared, rows int) (Result, error) {
	r := Result{Name: c.name, Known: c.known, Measures: m.over(rows)}
	if c.kind == nil {
		return r, nil
	}
	k, err := c.kind.measure(m.pixels)
	r.Kind = k
	return r, err
}

// Result is what is measured of a picture of all rows.
type Result struct {
	Name     string
	Known    bool // whether the truth of each row is, of which the measures are
	Measures      // against it
	Kind     *Kind
}

// Without are the measures of what is there without the networks: what each picture is made of and the mean picture as it,
// and, by a classifier, real pictures. Their names are those of the pictures, "the mean of" one, and "real pictures".
func (j *Judge) Without() map[string][]Result {
	all := map[string][]Result{}
	for _, c := range j.of {
		from := j.Showing[c.made].Baseline
		var of []Result
		for _, b := range c.baselines {
			of = append(of, Result{Name: b.name, Known: true, Measures: b.Measures})
		}
		if k := c.kind; k != nil {
			if len(of) == 0 || of[0].Name != from {
				of = append([]Result{{Name: from}}, of...)
			}
			of[0].Kind = k.copied
			of = append(of, Result{Name: "real pictures", Kind: k.floor})
		}
		if of != nil {
			all[c.name] = of
		}
	}
	return all
}

// Measure measures what the networks make now: each picture that has a truth, in the order in which it is shown.
func (j *Judge) Measure() ([]Result, error) {
	all := make([]made, len(j.of))
	err := j.each(func(images [][]float32, shape []int, n int) {
		for i, c := range j.of {
			all[i].add(j.Showing[c.made], c, images[c.made], images[c.truth], shape, n)
		}
	})
	if err != nil {
		return nil, err
	}
	var results []Result
	for i, c := range j.of {
		r, err := all[i].result(c, j.rows)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// Judging is how a run is judged: each picture that has a truth by L1, PSNR and SSIM, of luma before that if the game asks for
// it, and by a classifier if there is one. The first number comes before all others. A run is told plainly when it is not nearer to the truth than what is there
// without it.
func (j *Judge) Judging(every int) run.Judging {
	out := run.Judging{Every: every}
	shape := j.Runner.Shapes()[0]
	similar := true // smaller images than the window have no SSIM
	for _, c := range j.of {
		similar = similar && min(shape[0], shape[1])-2*j.Showing[c.made].Border >= window
	}
	for i, c := range j.of {
		name, of := "", ""
		if len(j.of) > 1 {
			name, of = "_"+strings.ReplaceAll(c.name, " ", "_"), " of "+c.name
		}
		add := func(measure, label string, higher bool) {
			out.Measures = append(out.Measures, run.Measure{Name: measure + name, Label: label + of, Higher: higher})
		}
		if c.known && j.luma(i) {
			add("psnr_luma", "PSNR of luma", true)
			if similar {
				add("ssim_luma", "SSIM of luma", true)
			}
		}
		if c.known {
			add("l1", "L1", false)
			add("psnr", "PSNR", true)
			if similar {
				add("ssim", "SSIM", true)
			}
		}
		if c.kind != nil {
			add("classifier_frechet_distance", "classifier Fréchet distance", false)
			if c.kind.class >= 0 {
				add("taken_for", "taken for "+j.Showing[c.truth].Name, true)
			}
		}
	}
	switch first := j.of[0]; {
	case first.known:
		for _, b := range first.baselines {
			value := b.L1
			if j.luma(0) {
				value = b.LumaPSNR
			}
			out.Guides = append(out.Guides, run.Guide{Axis: out.Measures[0].Title(), Value: value, Label: b.name})
		}
	case first.kind != nil:
		out.Guides = append(out.Guides, run.Guide{Axis: out.Measures[0].Title(), Value: first.kind.floor.Distance, Label: "real pictures"})
	}
	var last []Result
	out.Score = func() (scores []float64, err error) {
		if last, err = j.Measure(); err != nil {
			return nil, err
		}
		for i, r := range last {
			if r.Known && j.luma(i) {
				scores = append(scores, r.LumaPSNR)
				if similar {
					scores = append(scores, r.LumaSSIM)
				}
			}
			if r.Known {
				scores = append(scores, r.L1, r.PSNR)
				if similar {
					scores = append(scores, r.SSIM)
				}
			}
			if k := r.Kind; k != nil {
				scores = append(scores, k.Distance)
				if k.Taken != nil {
					scores = append(scores, *k.Taken)
				}
			}
		}
		return scores, nil
	}
	out.Line = func([]float64) string { return j.Line(last) }
	out.Shortfall = func() string { return strings.Join(j.Shortfalls(last), "; ") }
	return out
}

// luma reports whether a picture is measured by its brightness.
func (j *Judge) luma(i int) bool { return j.Showing[j.of[i].made].Luma }

// Line tells of results, and of what they fall short of.
func (j *Judge) Line(of []Result) string {
	var words []string
	for i, r := range of {
		parts := []string{}
		if r.Known {
			parts = append(parts, r.Measures.String())
		}
		if r.Kind != nil {
			parts = append(parts, r.Kind.String())
		}
		words = append(words, strings.Join(append([]string{r.Name + " " + strings.Join(parts, ", ")}, j.short(i, r)...), ", "))
	}
	return strings.Join(words, "; ")
}

// Shortfalls are the baselines that what was made is not better than, in words.
func (j *Judge) Shortfalls(of []Result) []string {
	var all []string
	for i, r := range of {
		for _, s := range j.short(i, r) {
			all = append(all, r.Name+" is "+s)
		}
	}
	return all
}

func (j *Judge) short(i int, r Result) []string {
	c := j.of[i]
	truth := j.Showing[c.truth].Name
	var all []string
	for _, b := range c.baselines {
		switch {
		case j.luma(i) && !(r.LumaPSNR > b.LumaPSNR):
			all = append(all, fmt.Sprintf("NOT nearer to %s than %s (PSNR of luma %.2f dB)", truth, b.name, b.LumaPSNR))
		case !j.luma(i) && !(r.L1 < b.L1):
			all = append(all, fmt.Sprintf("NOT nearer to %s than %s (L1 %.4f)", truth, b.name, b.L1))
		}
	}
	if k := c.kind; k != nil && !(r.Kind.Distance < k.copied.Distance) {
		all = append(all, fmt.Sprintf("NOT more like %s than %s (classifier Fréchet distance %.2f)", truth, j.Showing[c.made].Baseline, k.copied.Distance))
	}
	return all
}

// Close frees what the judge holds on the device.
func (j *Judge) Close() error {
	err := j.Runner.Close()
	for _, c := range j.of {
		if c.kind != nil {
			err = errors.Join(err, c.kind.judge.Close())
		}
	}
	return err
}
