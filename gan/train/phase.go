package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// A phase's update is a few programs. Draws fill the inputs of a shard. The body computes a shard's gradients, metrics
// and next states into one array, the results. If there are several shards, their results are added in a binary tree.
// The update applies them. The first two are apart from the third so that given inputs can be replayed.

// Storages, beside those of package nn.
const storageMetrics = "metrics"

func resultsOf(phase string) string              { return "results/" + phase }
func runsOf(phase string) string                 { return "runs/" + phase } // [1] uint32: how often it ran
func inputOf(name string) string                 { return "input/" + name }
func datasetOf(field string) string              { return "data/" + field }
func averageOf(array string) string              { return "average/" + array }    // of an array of a network
func averagedOf(network string) string           { return "averaged/" + network } // [1] uint32: updates in an average of AverageFrom
func slotOf(slot, network string) string         { return slot + "/" + network }
func updatesOf(optimizer, network string) string { return "updates/" + optimizer + "/" + network }
func rateOf(optimizer, network string) string    { return "rate/" + optimizer + "/" + network }

func arg(storage string) program.Arg { return program.Arg{Storage: storage} }

// results is where the parts of a phase's results lie.
type results struct {
	storage   string
	gradients map[string]int // of networks
	states    map[string]int // of networks
	metrics   int
	len       int
}

func (r results) at(offset int) program.Arg { return program.Arg{Storage: r.storage, Offset: offset} }

// phase is a compiled phase.
type phase struct {
	Phase
	*Builder
	results
	draws        []*program.Program // of the shards
	body, update *program.Program
	brings       []*program.Program // of the shards, if the phase keeps arrays: has them at hand
	keeps        []*program.Program // and puts the next ones in their places
	// first is the number of the phase's first column.
	first int
}

// compilePhase writes a phase down for a shard of its batch.
func compilePhase(g Game, p Phase, d Data, parameters map[string]*nn.Parameters, batch int) (*phase, error) {
	b := newBuilder(g, d, parameters, p, "phase "+p.Name, batch, true)
	loss := p.Loss(b)
	if err := b.graph.Err(); err != nil {
		return nil, err
	}
	if loss == nil {
		return nil, fmt.Errorf("phase %s has no loss", p.Name)
	}
	return &phase{Phase: p, Builder: b}, b.differentiate(loss)
}

// differentiate finds the loss's with respect to all parameters that the phase trains. Those that it does not depend on
// stay as they are.
func (b *Builder) differentiate(loss *nn.Node) error {
	var with []*nn.Node
	for _, name := range b.phase.Trains {
		if b.applied[name] == nil {
			return fmt.Errorf("phase %s trains %s, but its loss does not apply it", b.phase.Name, name)
		}
		with = append(with, b.applied[name].nodes...)
	}
	all := nn.Gradients(loss, with...)
	if err := b.graph.Err(); err != nil {
		return err
	}
	for _, name := range b.phase.Trains {
		g := &appliedNetwork{}
		for i, p := range b.applied[name].of {
			if all[i] != nil {
				g.of, g.nodes = append(g.of, p), append(g.nodes, all[i])
			}
		}
		if len(g.of) == 0 {
			return fmt.Errorf("phase %s trains %s, on which its loss does not depend", b.phase.Name, name)
		}
		b.gradient[name], all = g, all[len(b.applied[name].of):]
	}
	return nil
}

// compile makes the phase's programs. All phases were written down: the networks' sizes are known.
func (p *phase) compile(s streams, settings Settings) (err error) {
	if err := p.compileBody(); err != nil {
		return err
	}
	for shard := range settings.Shards {
		d, err := p.drawing(s, settings.Seed, shard)
		if err != nil {
			return err
		}
		p.draws = append(p.draws, d)
		if err := p.compileKept(shard); err != nil {
			return err
		}
	}
	p.update, err = p.updating(settings.Shards)
	return err
}

// programs are all of a phase, in the order in which one shard runs them.
func (p *phase) programs() []*program.Program {
	return slices.Concat(p.draws, p.brings, []*program.Program{p.body, p.update}, p.keeps)
}

// compileBody makes the program of a shard.
func (p *phase) compileBody() error {
	r := results{storage: resultsOf(p.Name), gradients: map[string]int{}, states: map[string]int{}}
	var outputs []nn.Output
	for _, name := range p.Trains {
		r.gradients[name] = r.len
		for i, q := range p.gradient[name].of {
			outputs = append(outputs, nn.Output{Node: p.gradient[name].nodes[i], At: r.at(r.len + q.Offset)})
		}
		r.len += p.parameters[name].Len(false)
	}
	for _, u := range p.graph.Updates() {
		if _, ok := r.states[u.Network]; !ok {
			r.states[u.Network] = r.len
			r.len += p.parameters[u.Network].Len(true)
		}
		outputs = append(outputs, nn.Output{Node: u.Value, At: r.at(r.states[u.Network] + u.Of.Offset)})
	}
	r.metrics = r.len
	for i, v := range p.values {
		outputs = append(outputs, nn.Output{Node: v, At: r.at(r.metrics + i)})
	}
	r.len += len(p.values)
	outputs = append(outputs, p.keepValues(&r)...)
	p.results = r
	kept, err := p.keptOutputs()
	if err != nil {
		return err
	}
	outputs = append(outputs, kept...)
	p.body, err = p.graph.Compile(outputs...)
	return err
}

// drawing makes the program that fills the inputs of a shard.
func (p *phase) drawing(s streams, seed uint64, shard int) (*program.Program, error) {
	prog := &program.Program{Name: p.Name + " draws"}
	counter := arg(runsOf(p.Name))
	draw := func(use string, perExample int) (program.Draw, error) {
		stream, err := s.of(p.Name + "/" + use)
		return program.Draw{Seed: seed, Stream: stream, First: shard * p.batch * perExample}, err
	}
	for _, table := range p.tables {
		rows := rowsOf(table)
		d, err := draw(rows, 1)
		if err != nil {
			return nil, err
		}
		op := program.Indices{N: p.batch, Draw: d, Limit: uint32(p.data.Tables[table].Rows)}
		if err := prog.Append(rows, op, counter, arg("draw/"+rows)); err != nil {
			return nil, err
		}
		for _, f := range p.fields {
			if t, _, _ := p.data.find(f.Name); t != table || f.Pictures != nil {
				continue
			}
			op := program.Images{Batch: p.batch, Pixels: f.size(), Count: p.data.Tables[table].Rows}
			if err := prog.Append(f.Name, op, arg(datasetOf(f.Name)), arg("draw/"+rows), arg(inputOf(f.Name))); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range p.classes {
		d, err := draw(c.name, 1)
		if err != nil {
			return nil, err
		}
		rows := "draw/" + c.name
		if err := errors.Join(
			prog.Append(c.name, program.Indices{N: p.batch, Draw: d, Limit: uint32(c.classes)}, counter, arg(rows)),
			prog.Append(c.name, program.Images{Batch: p.batch, Pixels: c.classes, Count: c.classes}, arg(identityOf(c.classes)), arg(rows), c.at),
		); err != nil {
			return nil, err
		}
	}
	for _, d := range p.graph.Draws() {
		each := d.Len() / p.batch
		numbers, err := draw(d.Name, each)
		if err != nil {
			return nil, err
		}
		op, err := d.Op(numbers, d.Len())
		if err != nil {
			return nil, err
		}
		if err := prog.Append(d.Name, op, counter, d.At); err != nil {
			return nil, err
		}
	}
	return prog, nil
}

// rowsOf is the draw of a table's rows.
func rowsOf(table int) string { return fmt.Sprintf("rows %d", table) }

// identityOf is where the rows of one-hot classes lie.
func identityOf(classes int) string { return fmt.Sprintf("data/identity %d", classes) }

// updating makes the program that applies the results, which are sums over so many shards.
func (p *phase) updating(shards int) (*program.Program, error) {
	prog := &program.Program{Name: p.Name + " update"}
	all := []int{p.results.len}
	results := arg(p.storage)
	if shards > 1 {
		mean := program.NewMap(all, func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(1 / float64(shards))) }, all)
		if err := prog.Append("mean", mean, results, results); err != nil {
			return nil, err
		}
	}
	if err := p.clipGradient(prog); err != nil {
		return nil, err
	}
	for _, name := range p.Trains {
		if err := p.updateNetwork(prog, name); err != nil {
			return nil, err
		}
	}
	same := func(x ...expr.Expr) expr.Expr { return x[0] }
	for network, base := range p.sortedStates() {
		for _, r := range runsOfParameters(p.parameters[network].List, true, func(q nn.Parameter) bool {
			return slices.ContainsFunc(p.graph.Updates(), func(u nn.Update) bool { return u.Of.Name == q.Name })
		}) {
			n := []int{r.end - r.first}
			if err := prog.Append(network+"/state", program.NewMap(n, same, n), p.at(base+r.first),
				program.Arg{Storage: nn.StateOf(network), Offset: r.first}); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range p.Trains {
		if err := p.updateAverage(prog, name); err != nil {
			return nil, err
		}
	}
	if n := []int{len(p.values)}; n[0] > 0 {
		if err := prog.Append("metrics", program.NewMap(n, same, n), p.at(p.results.metrics),
			program.Arg{Storage: storageMetrics, Offset: p.first}); err != nil {
			return nil, err
		}
	}
	return prog, prog.Append("runs", program.Increment{N: 1, Delta: 1}, arg(runsOf(p.Name)))
}

// sortedStates goes through the networks whose state the phase updates, in the game's order.
func (p *phase) sortedStates() func(yield func(network string, base int) bool) {
	return func(yield func(string, int) bool) {
		for _, n := range p.game.Networks {
			if base, ok := p.states[n.Name]; ok && !yield(n.Name, base) {
				return
			}
		}
	}
}

// updateNetwork adds the optimizer's update of a network's parameters, and clips them.
func (p *phase) updateNetwork(prog *program.Program, name string) error {
	o := p.Optimizer
	id := optimizerName(o)
	for _, r := range p.trained(name) {
		n := r.end - r.first
		at := optimizerArgs{gradient: p.at(p.results.gradients[name] + r.first), step: arg(updatesOf(id, name)), rate: arg(rateOf(id, name)),
			parameters: program.Arg{Storage: nn.ParametersOf(name), Offset: r.first}}
		for _, slot := range o.slots() {
			at.slots = append(at.slots, program.Arg{Storage: slotOf(slot, name), Offset: r.first})
		}
		if err := o.update(prog, name, n, at); err != nil {
			return err
		}
		if p.ClipWeights > 0 {
			limit, shape := expr.Const(p.ClipWeights), []int{n}
			clip := program.NewMap(shape, func(x ...expr.Expr) expr.Expr { return limit.Min(limit.Neg().Max(x[0])) }, shape) // NaN stays
			if err := prog.Append(name+"/clip", clip, at.parameters, at.parameters); err != nil {
				return err
			}
		}
	}
	return prog.Append(name+"/updates", program.Increment{N: 1, Delta: 1}, arg(updatesOf(id, name)))
}

// trained are the spans of a network's parameters that the phase trains.
func (p *phase) trained(name string) []span {
	of := p.gradient[name].of
	return runsOfParameters(p.parameters[name].List, false, func(q nn.Parameter) bool {
		return slices.ContainsFunc(of, func(r nn.Parameter) bool { return r.Name == q.Name })
	})
}

// updateAverage adds the update of a network's moving average, in the first phase that trains it.
func (p *phase) updateAverage(prog *program.Program, name string) error {
	n, _ := p.game.network(name)
	if !p.averages(n) {
		return nil
	}
	count := runsOf(p.Name)
	if n.AverageFrom > 0 {
		count = averagedOf(name)
	}
	for _, array := range []struct {
		storage string
		len     int
	}{{nn.ParametersOf(name), p.parameters[name].Len(false)}, {nn.StateOf(name), p.parameters[name].Len(true)}} {
		if array.len == 0 {
			continue
		}
		if err := prog.Append(name+"/average", program.EMA{N: array.len, Decay: n.Average},
			arg(array.storage), arg(count), arg(averageOf(array.storage))); err != nil {
			return err
		}
	}
	if n.AverageFrom == 0 {
		return nil
	}
	return prog.Append(name+"/averaged", program.Increment{N: 1, Delta: 1}, arg(count))
}

// averages reports whether the phase is the one that updates a network's moving average.
func (p *phase) averages(n Network) bool {
	first := slices.IndexFunc(p.game.Phases, func(q Phase) bool { return slices.Contains(q.Trains, n.Name) })
	return n.Average > 0 && first >= 0 && p.game.Phases[first].Name == p.Name
}

// clipGradient scales the gradients of all trained networks to the phase's length, if they are longer.
func (p *phase) clipGradient(prog *program.Program) error {
	if p.ClipNorm == 0 {
		return nil
	}
	last := p.Trains[len(p.Trains)-1]
	n := p.results.gradients[last] + p.parameters[last].Len(false) // gradients come first
	shape := []int{n}
	square := program.Reduce{Kind: program.Sum, Reduced: shape, In: []program.Source{{Len: n, Index: program.Dense(shape)}},
		Code: expr.Compile(expr.Input(0).Mul(expr.Input(0)))}
	scale := program.NewMap(shape, func(x ...expr.Expr) expr.Expr {
		return x[0].Mul(expr.Const(1).Min(expr.Const(p.ClipNorm).Mul(x[1].Rsqrt())))
	}, shape, []int{1})
	const length = "gradient length"
	return errors.Join(prog.Append("clip/square", square, arg(p.storage), arg(length)),
		prog.Append("clip/scale", scale, arg(p.storage), arg(length), arg(p.storage)))
}

// span is a run of elements of an array.
type span struct{ first, end int }

// runsOfParameters are the spans of those that are wanted, with the gaps between neighbours.
func runsOfParameters(list []nn.Parameter, state bool, want func(nn.Parameter) bool) []span {
	var spans []span
	joined := false
	for _, q := range list {
		if q.State != state {
			continue
		}
		if !want(q) {
			joined = false
			continue
		}
		if joined {
			spans[len(spans)-1].end = q.Offset + q.Len()
		} else {
			spans = append(spans, span{q.Offset, q.Offset + q.Len()})
		}
		joined = true
	}
	return spans
}

// optimizerName tells the optimizers of a network apart that have a state of their own.
func optimizerName(o Optimizer) string { return o.slots()[0] }
