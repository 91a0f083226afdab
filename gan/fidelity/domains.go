package fidelity

import (
	"errors"
	"fmt"
	"math"
	"path"
	"strings"
	"unicode"

	"gangpu/gan/run"
	"gangpu/gan/train"
)

// Domains are images of several domains, and what makes images of one domain of those of another.
type Domains struct {
	// Translate makes an image of an image and a class, one-hot: a game's [train.TranslateUse], with inputs "image" and "class".
	Translate *train.Runner
	// Classify gives logits of an image: a classifier's use. nil for none.
	Classify *train.Runner
	// Images, bytes [n, height, width, channels], and their domains.
	Images []byte
	Labels []int32
	Count  int // of domains
	// Names are those of the images' files. Images of one name in two domains are the same thing, if it has a letter: that of the
	// one is what that of the other is to become. nil if none are.
	Names []string
}

// DomainMeasures are those of [Domains], each the mean over all images and all domains but their own.
type DomainMeasures struct {
	Error     float64 // share of what was made that the classifier takes for another domain than it was to be
	RealError float64 // share of the images themselves that it is wrong about
	L1        float64 // distance from what the image is to become, 0 to 1
	Copy      float64 // that distance of the image as it is
	Pairs     int     // images with a known truth, of which L1 and Copy are
}

func (m DomainMeasures) String() string {
	var words []string
	if !math.IsNaN(m.Error) {
		words = append(words, fmt.Sprintf("error %.2f%% (%.2f%% of real images)", 100*m.Error, 100*m.RealError))
	}
	if m.Pairs > 0 {
		words = append(words, fmt.Sprintf("L1 to the images of the same names %.4f (%.4f of a copy)", m.L1, m.Copy))
	}
	return strings.Join(append(words, m.Shortfalls()...), ", ")
}

// Shortfalls are what the measures are no better than, in words. An error may be twice that of real images: what is made has
// the faults of the one and of the other.
func (m DomainMeasures) Shortfalls() (all []string) {
	if !math.IsNaN(m.Error) && m.Error > 2*m.RealError {
		all = append(all, fmt.Sprintf("NOT below twice the error of real images (%.2f%%)", 200*m.RealError))
	}
	if m.Pairs > 0 && !(m.L1 < m.Copy) {
		all = append(all, fmt.Sprintf("NOT nearer to the images of the same names than a copy (L1 %.4f)", m.Copy))
	}
	return all
}

// Measure translates every image to every other domain.
func (d Domains) Measure() (m DomainMeasures, err error) { return d.measure(true) }

// Baselines are what there is without a network: the classifier's error of real images, and the distance of a copy.
func (d Domains) Baselines() (m DomainMeasures, err error) { return d.measure(false) }

func (d Domains) measure(translated bool) (m DomainMeasures, err error) {
	n := len(d.Labels)
	if n == 0 || len(d.Images)%n != 0 || d.Names != nil && len(d.Names) != n {
		return m, fmt.Errorf("%d bytes of images, %d names, of %d rows", len(d.Images), len(d.Names), n)
	}
	size := len(d.Images) / n
	pixels := make([]float32, len(d.Images))
	for i, v := range d.Images {
		pixels[i] = float32(v) / 255
	}
	truths := d.truths()
	if m.RealError, err = d.wrong(pixels, func(i int) int32 { return d.Labels[i] }); err != nil {
		return m, err
	}
	made := 0
	for domain := range int32(d.Count) {
		var rows []int
		var from []float32
		for i, label := range d.Labels {
			if label != domain {
				rows = append(rows, i)
				from = append(from, pixels[i*size:(i+1)*size]...)
			}
		}
		if len(rows) == 0 {
			continue
		}
		y := from
		if translated {
			if y, err = d.become(from, len(rows), int(domain)); err != nil {
				return m, err
			}
			wrong, err := d.wrong(y, func(int) int32 { return domain })
			if err != nil {
				return m, err
			}
			m.Error += wrong * float64(len(rows))
			made += len(rows)
		}
		for j, i := range rows {
			name := d.name(i)
			truth, ok := truths[nameIn{domain, name}]
			if _, once := truths[nameIn{d.Labels[i], name}]; !ok || !once || name == "" {
				continue
			}
			wanted := pixels[truth*size : (truth+1)*size]
			m.L1 += distance(y[j*size:(j+1)*size], wanted)
			m.Copy += distance(pixels[i*size:(i+1)*size], wanted)
			m.Pairs++
		}
	}
	m.Error /= float64(max(made, 1))
	m.L1, m.Copy = m.L1/float64(max(m.Pairs, 1)), m.Copy/float64(max(m.Pairs, 1))
	return m, nil
}

// become makes images of a domain of n images.
func (d Domains) become(from []float32, n, domain int) ([]float32, error) {
	class := make([]float32, n*d.Count)
	for i := range n {
		class[i*d.Count+domain] = 1
	}
	y, err := d.Translate.Run(map[string][]float32{"image": from, "class": class}, n)
	if err != nil {
		return nil, fmt.Errorf("translating to domain %d: %w", domain, err)
	}
	if len(y[0]) != len(from) {
		return nil, errors.New("what images become has another size")
	}
	return y[0], nil
}

// nameIn is a name in a domain.
type nameIn struct {
	domain int32
	name   string
}

// name is that of image i, without its folders; empty if it says nothing: numbers are no names, as all folders count.
func (d Domains) name(i int) string {
	if d.Names == nil {
		return ""
	}
	name := path.Base(d.Names[i])
	if stem := strings.TrimSuffix(name, path.Ext(name)); !strings.ContainsFunc(stem, unicode.IsLetter) {
		return ""
	}
	return name
}

// truths are the images by their names. A name that a domain has twice, as tiles of one picture do, is none.
func (d Domains) truths() map[nameIn]int {
	at, twice := map[nameIn]int{}, map[nameIn]bool{}
	for i, label := range d.Labels {
		n := nameIn{label, d.name(i)}
		_, there := at[n]
		twice[n] = there || twice[n]
		at[n] = i
	}
	for n, yes := range twice {
		if yes {
			delete(at, n)
		}
	}
	return at
}

// Judging is how a run is judged by that: by the classifier first, if there is one.
func (d Domains) Judging(every int) (j run.Judging, baselines string, err error) {
	j.Every = every
	base, err := d.Baselines()
	if err != nil {
		return j, "", err
	}
	var words []string
	classified := d.Classify != nil
	if classified {
		j.Measures = append(j.Measures, run.Measure{Name: "error", Label: "share taken for another domain"})
		j.Guides = append(j.Guides, run.Guide{Axis: j.Measures[0].Title(), Value: base.RealError, Label: "real images"})
		words = append(words, fmt.Sprintf("the classifier is wrong about %.2f%% of the real images", 100*base.RealError))
	}
	if base.Pairs > 0 {
		j.Measures = append(j.Measures, run.Measure{Name: "l1", Label: "L1"})
		if !classified {
			j.Guides = append(j.Guides, run.Guide{Axis: j.Measures[0].Title(), Value: base.Copy, Label: "a copy"})
		}
		words = append(words, fmt.Sprintf("a copy has L1 %.4f to the image of the same name", base.Copy))
	}
	if len(words) == 0 {
		return run.Judging{}, "", nil
	}
	var last DomainMeasures
	j.Score = func() (scores []float64, err error) {
		if last, err = d.Measure(); err != nil {
			return nil, err
		}
		if classified {
			scores = append(scores, last.Error)
		}
		if base.Pairs > 0 {
			scores = append(scores, last.L1)
		}
		return scores, nil
	}
	j.Line = func([]float64) string { return last.String() }
	j.Shortfall = func() string {
		if short := last.Shortfalls(); len(short) > 0 {
			return "what images become is " + strings.Join(short, "; ")
		}
		return ""
	}
	return j, fmt.Sprintf("%d held-out rows: %s", len(d.Labels), strings.Join(words, "; ")), nil
}

// Close frees what makes and classifies images.
func (d Domains) Close() error {
	var err error
	for _, r := range []*train.Runner{d.Translate, d.Classify} {
		if r != nil {
			err = errors.Join(err, r.Close())
		}
	}
	return err
}

// distance is the mean of |a-b|.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += math.Abs(float64(v) - float64(b[i]))
	}
	return sum / float64(len(a))
}

// wrong is the share of images whose likeliest class is not the wanted one; not a number without a classifier.
func (d Domains) wrong(images []float32, wanted func(i int) int32) (float64, error) {
	if d.Classify == nil {
		return math.NaN(), nil
	}
	n := len(images) * len(d.Labels) / len(d.Images)
	y, err := d.Classify.Run(map[string][]float32{"image": images}, n)
	if err != nil {
		return 0, fmt.Errorf("classifying: %w", err)
	}
	classes, wrong := len(y[0])/n, 0
	if classes != d.Count {
		return 0, fmt.Errorf("the classifier knows %d classes, there are %d domains", classes, d.Count)
	}
	for i := range n {
		logits, best := y[0][i*classes:(i+1)*classes], 0
		for c, v := range logits {
			if v > logits[best] {
				best = c
			}
		}
		if int32(best) != wanted(i) {
			wrong++
		}
	}
	return float64(wrong) / float64(n), nil
}
