package train_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// stagedGame trains G against a D that stays as it is, and from an iteration on another layer of D alone.
func stagedGame(until int) train.Game {
	first, second := game(), game()
	half := train.Level{Name: "half", At: func(iteration int) float64 { return float64(iteration) / 2 }}
	levelled := func(b *train.Builder) *nn.Node { return nn.Multiply(b.Apply("D", b.Data("image")), b.Level("half")) }
	first.Levels, second.Levels = []train.Level{half}, []train.Level{half}
	loss := func(b *train.Builder) *nn.Node {
		b.Metric("level", nn.Mean(b.Level("half")))
		return b.Term("loss", 1, nn.Mean(levelled(b)))
	}
	of := func(trains string, next func(b *train.Builder) *nn.Node) []train.Phase {
		adam := train.Adam{Rate: train.Constant(1e-2), Beta1: 0.5, Beta2: 0.9}
		return []train.Phase{{Name: "p", Trains: []string{trains}, Optimizer: adam, Loss: next}}
	}
	first.Phases = of("G", func(b *train.Builder) *nn.Node {
		return nn.Add(loss(b), nn.Mean(b.Apply("G", b.Noise("z", 8), b.Classes("class", 3))))
	})
	second.Networks[1].Net = func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := critic(l, x)
		return []*nn.Node{nn.Multiply(y[0], l.Parameter("scale", nn.Ones, 1)), y[1]}
	}
	second.Phases = of("D", func(b *train.Builder) *nn.Node {
		return nn.Add(loss(b), nn.Scale(nn.Mean(b.Apply("G", b.Noise("z", 8), b.Classes("class", 3))), 0))
	})
	first.Stage, second.Stage = "first", "second"
	first.Until, first.Then = until, func() train.Game { return second }
	return first
}

// A stage goes on with the networks and averages of the one before, and with the counts of runs; what it adds begins as in
// a new run.
func TestStages(t *testing.T) {
	tr := newTrainer(t, cpu(t), stagedGame(2), train.Settings{Batch: 4, Shards: 2, Seed: 1})
	var models []*train.Model
	for i := range 4 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		v, err := tr.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		if v[0] != float32(i)/2 {
			t.Errorf("the level is %v in iteration %d", v[0], i)
		}
		m, err := tr.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	first, second, last := models[0], models[1], models[3]
	if tr.Game().Stage != "second" || second.Counters["runs/p"] != 2 || last.Counters["runs/p"] != 4 {
		t.Errorf("stage %q, %d and %d runs", tr.Game().Stage, second.Counters["runs/p"], last.Counters["runs/p"])
	}
	values := func(m *train.Model, name string) []float32 {
		a, ok := m.Array(name)
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		return a.Values
	}
	fresh := newTrainer(t, cpu(t), stagedGame(9), train.Settings{Batch: 4, Shards: 2, Seed: 1})
	// A first stage that is longer says what its networks are after two iterations.
	for range 2 {
		if err := fresh.Step(); err != nil {
			t.Fatal(err)
		}
	}
	same, err := fresh.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"G/dense/kernel", "average/G/dense/kernel", "G/batch_norm/moving_mean", "average/G/batch_norm/moving_mean"} {
		if slices.Equal(values(first, name), values(same, name)) {
			t.Errorf("%s was not trained in the first stage", name)
		}
		if !slices.Equal(values(second, name), values(same, name)) || !slices.Equal(values(last, name), values(same, name)) {
			t.Errorf("%s is not what the first stage left", name)
		}
	}
	if v := values(second, "D/scale"); v[0] != 1 {
		t.Errorf("a new parameter is %v", v)
	}
	if v := values(last, "D/scale"); v[0] == 1 {
		t.Error("a new parameter was not trained")
	}
}

func TestStagesThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(g *train.Game){
		"a stage ends at iteration 0": func(g *train.Game) { g.Until = 0 },
		"two stages are called":       func(g *train.Game) { g.Stage = "second" },
		"is called chess": func(g *train.Game) {
			next := g.Then()
			next.Name = "chess"
			g.Then = func() train.Game { return next }
		},
		"cuts a batch of 4 into 3": func(g *train.Game) {
			next := g.Then()
			next.Phases[0].Fraction = 3
			g.Then = func() train.Game { return next }
		},
	} {
		g := stagedGame(1)
		change(&g)
		if _, err := train.New(cpu(t), g, train.Settings{Batch: 4, Shards: 1}, dataOf(30)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	g := stagedGame(1)
	next := g.Then()
	loss := next.Phases[0].Loss
	next.Phases[0].Loss = func(b *train.Builder) *nn.Node {
		b.Metric("other", nn.Mean(b.Data("image")))
		return loss(b)
	}
	g.Then = func() train.Game { return next }
	if err := newTrainer(t, cpu(t), g, train.Settings{Batch: 4, Shards: 1}).Step(); err == nil || !strings.Contains(err.Error(), "from iteration 1 on") {
		t.Errorf("error is %v", err)
	}
}

// Ranks change to the next stage together, and make the same model as one alone.
func TestStagesOfRanks(t *testing.T) {
	c := rankTest{open: traintest.CPU, game: func() train.Game { return stagedGame(2) }, data: dataOf(30), s: train.Settings{Batch: 8, Shards: 2, Seed: 3}}
	alone, m := c.trained(t, 1, 4)
	if two, _ := c.trained(t, 2, 4); two != alone {
		t.Error("two ranks make other bits than one")
	}
	if _, ok := m.Array("D/scale"); !ok {
		t.Error("the model is not of the second stage")
	}
}

// Where a later stage diverges, the search goes back through the one before it.
func TestFindOriginInStage(t *testing.T) {
	g := stagedGame(2)
	next := g.Then()
	next.Phases[0].Optimizer = train.Adam{Rate: train.Constant(1e38), Beta1: 0.5, Beta2: 0.9}
	g.Then = func() train.Game { return next }
	tr := newTrainer(t, cpu(t), g, train.Settings{Batch: 4, Shards: 1, Seed: 1})
	var diverged *train.DivergedError
	for tr.Iterations() < 6 && diverged == nil {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Metrics(); err != nil && !errors.As(err, &diverged) {
			t.Fatal(err)
		}
	}
	if diverged == nil {
		t.Fatal("nothing diverged")
	}
	o, err := tr.FindOrigin(nil)
	if err != nil || o == nil || o.Iteration < 3 || !strings.HasPrefix(o.Step, "p") {
		t.Errorf("origin %v, error %v", o, err)
	}
}

func TestStepWithLevelsAllocatesNothing(t *testing.T) {
	tr := newTrainer(t, cpu(t), stagedGame(1000), train.Settings{Batch: 4, Shards: 1, Seed: 1})
	step := func() {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if n := testing.AllocsPerRun(20, step); n > 0 {
		t.Errorf("a step allocates %v times", n)
	}
}
