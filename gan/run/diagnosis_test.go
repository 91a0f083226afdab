package run_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/nn"
	"gangpu/gan/picture"
	"gangpu/gan/run"
	games "gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// game is built like the tutorial's, with few channels, and trained by its phases.
func game(t *testing.T, s tutorial.Settings) games.Game {
	t.Helper()
	s.Latent, s.Rate = 6, max(s.Rate, 2e-3)
	g, err := tutorial.New(s, games.Input{Height: 8, Width: 8, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	g.Networks[0].Net = func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := nn.Reshape(nn.LeakyReLU(l.Dense(x[0], nn.Units{N: 2 * 2 * 6}), s.Alpha), 2, 2, 6)
		y = nn.LeakyReLU(l.ConvTranspose(y, nn.Conv{Filters: 5, Kernel: 3, Stride: 2}), s.Alpha)
		y = nn.LeakyReLU(l.ConvTranspose(y, nn.Conv{Filters: 4, Kernel: 3, Stride: 2}), s.Alpha)
		return []*nn.Node{nn.Sigmoid(l.Conv2D(y, nn.Conv{Filters: 1, Kernel: 5}))}
	}
	g.Networks[1].Net = func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := l.Dropout(nn.LeakyReLU(l.Conv2D(x[0], nn.Conv{Filters: 8, Kernel: 3, Stride: 2}), s.Alpha), s.Dropout)
		y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: 8, Kernel: 3, Stride: 2}), s.Alpha)
		return []*nn.Node{l.Dense(nn.Flatten(y), nn.Units{N: 1})}
	}
	return g
}

// discs are images of a bright disc on black: near the middle, or anywhere.
func discs(count int, anywhere bool) games.Field {
	r := rand.New(rand.NewPCG(1, 2))
	f := games.Field{Name: "image", Shape: []int{8, 8, 1}}
	for range count {
		y, x := 3.5+r.NormFloat64()/2, 3.5+r.NormFloat64()/2
		if anywhere {
			y, x = 7*r.Float64(), 7*r.Float64()
		}
		for i := range 64 {
			far := math.Hypot(float64(i/8)-y, float64(i%8)-x)
			f.Bytes = append(f.Bytes, byte(255/(1+math.Exp(3*(far-2)))))
		}
	}
	return f
}

// diagnosed trains by a batch of 16 and returns what is found.
func diagnosed(t *testing.T, g games.Game, images games.Field, iterations int) []string {
	t.Helper()
	rows := len(images.Bytes) / 64
	tr, err := games.New(traintest.CPU(t), g, games.Settings{Batch: 16, Shards: 1, Seed: 7}, games.Data{Tables: []games.Table{{Rows: rows, Fields: []games.Field{images}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	d, err := run.Diagnose(tr, images, nil)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	take := func(text string) {
		if text != "" {
			found = append(found, text)
		}
	}
	for i := range iterations {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		values, err := tr.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		take(d.Iteration(run.Row{Values: values}))
		if perEpoch := tr.IterationsPerEpoch(); (i+1)%perEpoch == 0 {
			samples, err := tr.Samples(run.SamplesPerEpoch)
			if err != nil {
				t.Fatal(err)
			}
			take(d.Epoch((i+1)/perEpoch, run.Samples{Pixels: samples}))
		}
	}
	return found
}

// Runs made to fail, each in its way.
func TestDiagnosisOfFailingRuns(t *testing.T) {
	for _, c := range []struct {
		name       string
		anywhere   bool
		iterations int
		set        func(*tutorial.Settings)
		change     func(*games.Game)
		want       run.Symptom
	}{
		{"many steps of D", false, 400, func(s *tutorial.Settings) { s.Alternation, s.K, s.Dropout = "k-steps", 12, 0 }, nil, run.DiscriminatorWins},
		{"a D that learns the wrong way", true, 300, nil, func(g *games.Game) {
			loss := g.Phases[0].Loss
			g.Phases[0].Loss = func(b *games.Builder) *nn.Node { return nn.Scale(loss(b), -0.01) }
		}, run.GeneratorWins},
		{"hardly a step of D", true, 500, func(s *tutorial.Settings) { s.K = 50 }, nil, run.Collapse},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tutorial.Defaults()
			s.K = 1
			if c.set != nil {
				c.set(&s)
			}
			g := game(t, s)
			if c.change != nil {
				c.change(&g)
			}
			found := diagnosed(t, g, discs(50*16, c.anywhere), c.iterations)
			if !slices.ContainsFunc(found, func(text string) bool { return strings.HasPrefix(text, string(c.want)+": ") }) {
				t.Errorf("found %q, want that %s", found, c.want)
			}
		})
	}
}

func TestDiagnosisOfHealthyRun(t *testing.T) {
	s := tutorial.Defaults()
	s.K = 1
	if found := diagnosed(t, game(t, s), discs(150*16, true), 900); len(found) > 0 {
		t.Errorf("found %q", found)
	}
}

// diagnose is a diagnosis of a game of one phase that reports so.
func diagnose(t *testing.T, guide float64, losses, shares []string, advice map[run.Symptom]string) run.Diagnosis {
	t.Helper()
	g := game(t, tutorial.Defaults())
	g.Guides = nil
	if guide > 0 {
		g.Guides = []games.Guide{{Axis: "loss", Value: guide}}
	}
	g.Phases = g.Phases[1:]
	loss := g.Phases[0].Loss
	g.Phases[0].Loss = func(b *games.Builder) *nn.Node {
		y := loss(b) // which reports g_loss
		for _, name := range losses {
			b.Metric(name, y)
		}
		for _, name := range shares {
			b.Share(name, nn.Scale(y, 0))
		}
		return y
	}
	images := discs(40, true)
	tr := traintest.New(t, g, games.Data{Tables: []games.Table{{Rows: 40, Fields: []games.Field{images}}}})
	d, err := run.Diagnose(tr, images, advice)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var accuracies = []string{"accuracy_real", "accuracy_fake"}

// A finding is made once, with its advice, and again after things were well.
func TestDiagnosisRepeats(t *testing.T) {
	d := diagnose(t, math.Ln2, []string{"d_loss"}, accuracies, map[run.Symptom]string{run.DiscriminatorWins: "rest"})
	won, well := []float32{5, 0.01, 1, 1}, []float32{math.Ln2, math.Ln2, 0.5, 0.5}
	feed := func(values []float32, n int) (found int) {
		for range n {
			if text := d.Iteration(run.Row{Values: values}); text != "" {
				found++
				if !strings.HasPrefix(text, "the discriminator is winning: over the last 200 iterations it told ") || !strings.HasSuffix(text, "; rest") {
					t.Errorf("found %q", text)
				}
			}
		}
		return found
	}
	if n := feed(won, 199); n != 0 {
		t.Errorf("%d findings before the window was full", n)
	}
	if n := feed(won, 500); n != 1 {
		t.Errorf("%d findings of one trouble", n)
	}
	if n := feed(well, 300) + feed(won, 300); n != 1 {
		t.Errorf("%d findings of trouble that came back", n)
	}
}

// Losses beyond measure are spoken of in the first iteration that has some, once, whatever columns a game has.
func TestDiagnosisOfOverflow(t *testing.T) {
	for _, c := range []struct {
		guide          float64
		g, d, accuracy float32
		columns        string // d's
		want           bool
	}{
		{math.Ln2, 0.7, 1e8, 0.5, "d_loss", true}, {math.Ln2, 1e14, 0.7, 0.5, "d_loss", true}, {math.Ln2, 1e26, 1e26, 0.5, "d_loss", true},
		{math.Ln2, -1e5, 0.1, 0.5, "d_loss", true}, {1, 1, 1e5, 0.5, "d_loss", true}, {2, -1e8, 2, 0.5, "d_loss", true},
		{0, 1, -1e8, 0.5, "critic_loss", true}, {0, 1e5, -1e5, 0.5, "critic_loss", false},
		{math.Ln2, 5000, 15, 0.5, "d_loss", false}, {1, 900, 400, 0.5, "d_loss", false},
		{math.Ln2, float32(math.NaN()), 1e8, 0.5, "d_loss", false}, // which ends the run
	} {
		d := diagnose(t, c.guide, []string{c.columns}, accuracies, nil)
		var found []string
		take := func(n int, values ...float32) {
			for i := range n {
				if text := d.Iteration(run.Row{Values: values}); text != "" {
					found = append(found, fmt.Sprint(i, " ", text))
				}
			}
		}
		take(7, 0.7, 0.7, 0.5, 0.5)
		take(500, c.g, c.d, c.accuracy, c.accuracy)
		if len(found) > 0 != c.want || c.want && (len(found) != 1 || !strings.HasPrefix(found[0], "0 training is diverging: g_loss is ") ||
			!strings.Contains(found[0], c.columns+" is ")) {
			t.Errorf("%+v: found %q", c, found)
		}
	}
}

// Of a game that does not report how often its discriminator is right, or what its loss is when it guesses, nothing is said
// of who wins. Its samples may collapse.
func TestDiagnosisOfOtherGames(t *testing.T) {
	for name, d := range map[string]run.Diagnosis{
		"no guide": diagnose(t, 0, []string{"d_loss"}, accuracies, nil), "no accuracy": diagnose(t, math.Ln2, []string{"d_loss"}, nil, nil),
		"one accuracy": diagnose(t, math.Ln2, []string{"d_loss"}, accuracies[:1], nil), "no loss": diagnose(t, math.Ln2, nil, accuracies, nil),
	} {
		for range 500 {
			if text := d.Iteration(run.Row{Values: []float32{0.01, 0.01, 1, 1}}); text != "" {
				t.Errorf("%s: found %q", name, text)
			}
		}
		same := run.Samples{Pixels: picture.Pixels{Count: 2, Height: 2, Width: 2, Channels: 3, Values: make([]byte, 24)}}
		various := run.Samples{Pixels: picture.Pixels{Count: 2, Height: 1, Width: 1, Channels: 1, Values: []byte{0, 255}}}
		if text := d.Epoch(4, same); text != "" {
			t.Errorf("%s: found %q in the fourth epoch", name, text)
		}
		if text := d.Epoch(5, same); !strings.HasPrefix(text, "the generator is collapsing: the samples differ by 0.000, real images by 0.") {
			t.Errorf("%s: found %q of samples that are all the same", name, text)
		}
		if text := d.Epoch(6, various) + d.Epoch(7, run.Samples{}) + d.Epoch(8, various); text != "" {
			t.Errorf("%s: found %q of samples that differ", name, text)
		}
		// Samples differed by 0.5: a third of that is 85/255/2.
		less := func(by byte) run.Samples {
			return run.Samples{Pixels: picture.Pixels{Count: 2, Height: 1, Width: 1, Channels: 1, Values: []byte{0, by}}}
		}
		if text := d.Epoch(9, less(88)); text != "" {
			t.Errorf("%s: found %q of samples that differ by more than a third of the best", name, text)
		}
		if text := d.Epoch(10, less(82)); !strings.HasSuffix(text, "the samples differ by 0.161, and did by 0.500") {
			t.Errorf("%s: found %q of samples that differ by less than a third of the best", name, text)
		}
	}
}
