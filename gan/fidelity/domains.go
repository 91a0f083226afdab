package fidelity

import (
	"fmt"
	"math"
	"path"
	"strings"

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
	// Names are those of the images' files. Images of one name in two domains are the same thing: that of the one is what that of
	// the other is to become. nil if none are.
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
		words = append(words, fmt.Sprintf("L1 to the truth %.4f (%.4f of a copy)", m.L1, m.Copy))
		if !(m.L1 < m.Copy) {
			words = append(words, "NOT nearer to it than a copy")
		}
	}
	return strings.Join(words, ", ")
}

// Measure translates every image to every other domain.
func (d Domains) Measure() (m DomainMeasures, err error) {
	n := len(d.Labels)
	if n == 0 || len(d.Images)%n != 0 || d.Names != nil && len(d.Names) != n {
		return m, fmt.Errorf("%d bytes of images, %d names, of %d rows", len(d.Images), len(d.Names), n)
	}
	size := len(d.Images) / n
	pixels := make([]float32, len(d.Images))
	for i, v := range d.Images {
		pixels[i] = float32(v) / 255
	}
	at := map[string]int{}
	for i, name := range d.Names {
		at[fmt.Sprint(d.Labels[i], " ", path.Base(name))] = i
	}
	if m.RealError, err = d.wrong(pixels, func(i int) int32 { return d.Labels[i] }); err != nil {
		return m, err
	}
	made, rows := 0, make([]int, 0, n)
	for domain := range int32(d.Count) {
		rows = rows[:0]
		var from, class []float32
		for i, label := range d.Labels {
			if label == domain {
				continue
			}
			rows = append(rows, i)
			from = append(from, pixels[i*size:(i+1)*size]...)
			for k := range d.Count {
				v := float32(0)
				if int32(k) == domain {
					v = 1
				}
				class = append(class, v)
			}
		}
		if len(rows) == 0 {
			continue
		}
		y, err := d.Translate.Run(map[string][]float32{"image": from, "class": class}, len(rows))
		if err != nil {
			return m, fmt.Errorf("translating to domain %d: %w", domain, err)
		}
		if len(y[0]) != len(from) {
			return m, fmt.Errorf("what images become has another size")
		}
		wrong, err := d.wrong(y[0], func(int) int32 { return domain })
		if err != nil {
			return m, err
		}
		m.Error += wrong * float64(len(rows))
		made += len(rows)
		for j, i := range rows {
			truth, ok := at[fmt.Sprint(domain, " ", path.Base(nameOf(d.Names, i)))]
			if !ok {
				continue
			}
			wanted := pixels[truth*size : (truth+1)*size]
			m.L1 += distance(y[0][j*size:(j+1)*size], wanted)
			m.Copy += distance(pixels[i*size:(i+1)*size], wanted)
			m.Pairs++
		}
	}
	m.Error /= float64(max(made, 1))
	m.L1, m.Copy = m.L1/float64(max(m.Pairs, 1)), m.Copy/float64(max(m.Pairs, 1))
	return m, nil
}

// distance is the mean of |a-b|.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += math.Abs(float64(v) - float64(b[i]))
	}
	return sum / float64(len(a))
}

func nameOf(names []string, i int) string {
	if names == nil {
		return ""
	}
	return names[i]
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
