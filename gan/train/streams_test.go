package train

import (
	"fmt"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// No two draws of a game share their numbers, whatever the phase, the application and the use.
func TestDrawsHaveStreamsOfTheirOwn(t *testing.T) {
	dropping := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := l.Dropout(l.Dense(nn.Flatten(x[0]), nn.Units{N: 4}), 0.5)
		return []*nn.Node{l.Dense(l.Dropout(y, 0.5), nn.Units{N: 1})}
	}
	loss := func(b *Builder) *nn.Node {
		x := nn.Add(b.Data("image"), nn.Reshape(b.Noise("z", 12), 2, 2, 3))
		x = nn.Add(x, b.Uniform("t", 1, 1, 1))
		x = nn.Add(x, nn.Reshape(b.Classes("class", 12), 2, 2, 3))
		return b.Term(b.phase.Name, 1, nn.Mean(b.Apply("D", x)), nn.Mean(b.Apply("D", x)))
	}
	var phases []Phase
	for _, name := range []string{"a", "b"} {
		phases = append(phases, Phase{Name: name, Trains: []string{"D"}, Optimizer: SGD{Rate: Constant(1)}, Loss: loss})
	}
	d := Data{Tables: []Table{{Rows: 2, Fields: []Field{{Name: "image", Shape: []int{2, 2, 3}, Bytes: make([]byte, 24)}}}}}
	tr, err := written(Game{Name: "g", Networks: []Network{{Name: "D", Net: dropping}}, Phases: phases}, Settings{Batch: 2, Shards: 2}, d)
	if err != nil {
		t.Fatal(err)
	}
	draws := map[program.Draw]string{}
	for _, p := range tr.phases {
		for shard, prog := range p.draws {
			for _, s := range prog.Steps {
				var draw program.Draw
				switch op := s.Op.(type) {
				case program.Indices:
					draw = op.Draw
				case program.Normal:
					draw = op.Draw
				case program.Uniform:
					draw = op.Draw
				case program.DropoutMask:
					draw = op.Draw
				default:
					continue
				}
				use := fmt.Sprintf("%s, shard %d, %s", p.Name, shard, s.Name)
				if other, ok := draws[draw]; ok {
					t.Errorf("%s and %s draw the same numbers", use, other)
				}
				draws[draw] = use
			}
		}
	}
	if want := 2 * 2 * (1 + 1 + 1 + 1 + 4); len(draws) != want { // rows, noise, t, classes, masks
		t.Errorf("%d draws, want %d", len(draws), want)
	}
	// A collision of the hash is refused, and not used.
	s := streams{}
	if _, err := s.of("one"); err != nil {
		t.Fatal(err)
	}
	for stream := range s {
		s[stream] = "another"
	}
	if _, err := s.of("one"); err == nil {
		t.Error("two draws may share a stream")
	}
}
