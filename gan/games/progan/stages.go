package progan

import (
	"fmt"
	"strconv"
	"strings"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Growth says how a game grows from small images to those of its data.
type Growth struct {
	Grows      bool // else all layers are trained from the beginning on
	First      int  // side of the images that it begins with
	Hold, Fade int  // images that each size is trained on, and over which it fades in before
	// Batches and Rates are those of larger images, as Settings has them; Rate is that of all others.
	Batches, Rates string
	Rate           float64
}

// Stage is a part of the training: images of a side, that fade in or are held.
type Stage struct {
	Side     int
	Fades    bool
	From     int // iteration
	Until    int // and the one after the last; 0 of the last stage
	Fraction int // of the batch
	Rate     float64
}

// Stages are all, in their order.
func (g Growth) Stages(in train.Input) ([]Stage, error) {
	batches, err := bySide(g.Batches)
	if err != nil {
		return nil, fmt.Errorf("batches %q: %w", g.Batches, err)
	}
	rates, err := bySide(g.Rates)
	if err != nil {
		return nil, fmt.Errorf("rates %q: %w", g.Rates, err)
	}
	batch := max(in.Batch, 1) * max(in.Shards, 1)
	var all []Stage
	from := 0
	add := func(side int, fades bool, images int) error {
		own := min(int(batches.at(side, float64(batch))), batch)
		if own < 1 || batch%own != 0 {
			return fmt.Errorf("a batch of %d for images of %d pixels: want one that divides the batch of %d", own, side, batch)
		}
		t := Stage{Side: side, Fades: fades, From: from, Fraction: batch / own, Rate: rates.at(side, g.Rate)}
		if side < in.Height || fades {
			t.Until = from + (images+own-1)/own
			from = t.Until
		}
		all = append(all, t)
		return nil
	}
	if !g.Grows {
		return all, add(in.Height, false, 0)
	}
	for side := g.First; side <= in.Height && err == nil; side *= 2 {
		if side > g.First {
			err = add(side, true, g.Fade)
		}
		if err == nil {
			err = add(side, false, g.Hold)
		}
	}
	return all, err
}

// Name is what the stage is called.
func (t Stage) Name() string {
	if t.Fades {
		return fmt.Sprintf("%d x %d fades in", t.Side, t.Side)
	}
	return fmt.Sprintf("%d x %d", t.Side, t.Side)
}

// Adam is the optimizer of both players.
func (t Stage) Adam() train.Adam {
	return train.Adam{Rate: train.Constant(t.Rate), Beta1: 0, Beta2: 0.99, Epsilon: 1e-8}
}

// alpha is the level of a fade: 0 is all of the old layers, 1 of the new ones.
const alpha = "alpha"

// Levels are how far the stage has faded in.
func (t Stage) Levels() []train.Level {
	if !t.Fades {
		return nil
	}
	return []train.Level{{Name: alpha, At: func(iteration int) float64 {
		return min(max(float64(iteration-t.From)/float64(t.Until-t.From), 0), 1)
	}}}
}

// With are the inputs of a network: the level of a fade comes last.
func (t Stage) With(b *train.Builder, x ...*nn.Node) []*nn.Node {
	if t.Fades {
		x = append(x, b.Level(alpha))
	}
	return x
}

// Real is images of the data, of a side, as the stage takes them: shrunk to its own and, where that fades in, mixed with what
// they are at half of it.
func (t Stage) Real(b *train.Builder, side int) *nn.Node {
	x := shrunk(b.Data("image"), side/t.Side)
	if !t.Fades {
		return x
	}
	return nn.Lerp(enlarged(shrunk(x, 2), 2), x, b.Level(alpha))
}

// Enlarged is images of the stage in the data's size.
func (t Stage) Enlarged(y *nn.Node, side int) *nn.Node { return enlarged(y, side/t.Side) }

// shrunk is the mean of squares of pixels, enlarged repeats them.
func shrunk(x *nn.Node, factor int) *nn.Node {
	for ; factor > 1; factor /= 2 {
		x = nn.AveragePool(x, 2)
	}
	return x
}

func enlarged(x *nn.Node, factor int) *nn.Node {
	if factor == 1 {
		return x
	}
	return nn.Upsample(x, factor)
}

// sided is a number for each of some sides, in a rising order.
type sided []struct {
	side int
	n    float64
}

// bySide reads numbers such as "64:32,128:16".
func bySide(text string) (all sided, err error) {
	if text == "" {
		return nil, nil
	}
	for _, part := range strings.Split(text, ",") {
		side, number, found := strings.Cut(part, ":")
		of, sideErr := strconv.Atoi(side)
		n, numberErr := strconv.ParseFloat(number, 64)
		if !found || sideErr != nil || numberErr != nil || !(n > 0) || len(all) > 0 && of <= all[len(all)-1].side {
			return nil, fmt.Errorf("%q: want pairs of a side and a positive number, as 64:32,128:16, sides rising", part)
		}
		all = append(all, struct {
			side int
			n    float64
		}{of, n})
	}
	return all, nil
}

// at is the number of the largest side that is not above this one, or usual.
func (s sided) at(side int, usual float64) float64 {
	for _, of := range s {
		if of.side <= side {
			usual = of.n
		}
	}
	return usual
}
