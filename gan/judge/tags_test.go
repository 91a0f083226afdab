package judge

import (
	"fmt"
	"strings"
	"testing"

	"gangpu/engine/expr"
	"gangpu/gan/games/classifier"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// corners are images of 8x8 with bright corners, of which each is a tag: any of 16 sets in turn.
func corners(count int) train.Data {
	images := train.Field{Name: "image", Shape: []int{8, 8, 1}, Bytes: make([]byte, count*64)}
	tags := train.Field{Name: "attributes", Shape: []int{4}, Bytes: make([]byte, count*4)}
	for i := range count {
		for p := range 64 {
			if y, x := p/8/4, p%8/4; i>>(2*y+x)&1 == 1 {
				images.Bytes[i*64+p] = byte(150 + (i+p)%100)
				tags.Bytes[i*4+2*y+x] = 255
			}
		}
	}
	return train.Data{Description: train.Description{Attributes: []string{"nw", "ne", "sw", "se"}},
		Tables: []train.Table{{Rows: count, Fields: []train.Field{images, tags}}}}
}

// A generator that draws what it is asked for, but for one tag that it never draws and one that it always draws, is told so.
func TestMeasureTags(t *testing.T) {
	dev, data := openCPU(t, 0), corners(64)
	made := func(g train.Game, iterations int) *train.Trainer {
		t.Helper()
		tr, err := train.New(dev, g, train.Settings{Batch: 16, Shards: 1, Seed: 1}, data)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tr.Close() })
		for range iterations {
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
		}
		return tr
	}
	in := train.Input{Height: 8, Width: 8, Channels: 1, Attributes: 4, Iterations: 150}
	g, err := classifier.New(classifier.Settings{Filters: 16, Features: 32, Dropout: 0.1, Rate: 6e-3, Tags: true}, in)
	if err != nil {
		t.Fatal(err)
	}
	trainer := made(g, in.Iterations)
	tagger, err := trainer.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	runner, err := trainer.Runner(classifier.TagUse, Batch)
	if err != nil {
		t.Fatal(err)
	}
	defer runner.Close()
	f1, err := classifier.F1(runner, data.Tables[0].Fields[0], data.Tags(4))
	if err != nil || f1 < 0.99 {
		t.Errorf("the tagger has an F1 of %v (%v)", f1, err)
	}
	wrong := data.Tags(4)
	for i := range wrong {
		wrong[i] = 1 - wrong[i]
	}
	if f1, err = classifier.F1(runner, data.Tables[0].Fields[0], wrong); err != nil || f1 > 0.01 {
		t.Errorf("it has an F1 of %v of wrong tags (%v)", f1, err)
	}

	// The generator has a parameter, as any network, which does nothing here.
	generator := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		of := func(tag int) *nn.Node { return nn.Reshape(nn.Channels(x[0], tag, tag+1), 1, 1, 1) }
		none := nn.Scale(of(0), 0)
		all := nn.Map("all", func(v ...expr.Expr) expr.Expr { return v[0].Add(expr.Const(1)) }, none)
		y := nn.Reshape(nn.Concat(of(0), none, all, of(3)), 2, 2, 1)
		y = nn.Add(nn.Scale(nn.Upsample(y, 4), 0.8), nn.Scale(l.Conv2D(nn.Upsample(y, 4), nn.Conv{Filters: 1, Kernel: 1}), 0))
		return []*nn.Node{y}
	}
	sampler, err := made(train.Game{Name: "drawn", Low: 0, High: 1, Networks: []train.Network{{Name: "generator", Net: generator}},
		Phases: []train.Phase{{Name: "g", Trains: []string{"generator"}, Optimizer: train.Adam{Rate: train.Constant(1)}, Loss: func(b *train.Builder) *nn.Node {
			return b.Term("loss", 1, nn.Mean(b.Apply("generator", b.Tags(in))))
		}}},
		Sample: func(b *train.Builder) *nn.Node { return b.Apply("generator", b.Classes(train.TagsInput, 4)) },
	}, 1).Sampler(Batch)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := MeasureTags(dev, tagger, sampler, data.Description.Attributes, data, 1, 160)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range scores.Tags {
		g := s.Generated
		got = append(got, fmt.Sprint(s.Name, " ", g.Asked, " ", g.Right, " ", g.Others, " ", g.Surplus))
		if r := s.Test; r != (TagCounts{32, 32, 32, 0}) {
			t.Errorf("test images of %s: %+v", s.Name, r)
		}
	}
	if all, want := strings.Join(got, ", "), "nw 80 80 80 0, ne 80 0 80 0, sw 80 80 80 80, se 80 80 80 0"; all != want {
		t.Errorf("asked, right, others, surplus:\n%s, want\n%s", all, want)
	}
	if generated, test := scores.Precision(); generated != 0.75 || test != 1 {
		t.Errorf("precision %v, of test images %v, want 0.75 and 1", generated, test)
	}
	if _, err := MeasureTags(dev, tagger, sampler, []string{"nw", "ne", "sw", "SE"}, data, 1, 16); err == nil {
		t.Error("a tagger of other tags is taken")
	}
}
