package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// kept is an array that each shard of a phase keeps for itself from one run to the next.
type kept struct {
	name  string // of the model's array: "pool/d/fake"
	shape []int  // of a shard
	next  *nn.Node
}

func (k kept) len() int { return size(k.shape) }

// Storages of kept arrays: those of all shards, that of the shard at hand, and what it is to become.
func keptOf(name string) string      { return "kept/" + name }
func keptShardOf(name string) string { return "kept of shard/" + name }
func keptNextOf(name string) string  { return "kept next/" + name }

// Kept is an array of that shape that each shard of the phase keeps from one run to the next: zeros at first, and then what
// [Builder.Keep] made of it. It is part of the model file.
func (b *Builder) Kept(name string, shape ...int) *nn.Node {
	if !b.training {
		return b.graph.Fail(fmt.Errorf("%s: what a phase keeps is not there in use", name))
	}
	full := b.phase.Name + "/" + name
	if !slices.ContainsFunc(b.kept, func(k *kept) bool { return k.name == full }) {
		b.kept = append(b.kept, &kept{name: full, shape: shape})
	}
	return b.graph.Input("kept "+name, arg(keptShardOf(full)), shape...)
}

// Keep is what an array of [Builder.Kept] is to be in the next run.
func (b *Builder) Keep(name string, next *nn.Node) {
	full := b.phase.Name + "/" + name
	i := slices.IndexFunc(b.kept, func(k *kept) bool { return k.name == full })
	switch {
	case b.graph.Err() != nil:
	case i < 0 || b.kept[i].next != nil || !slices.Equal(next.Shape(), b.kept[i].shape):
		b.graph.Fail(fmt.Errorf("%s is to be kept as %v: it is no array of that shape, or has its next value already", name, next.Shape()))
	default:
		b.kept[i].next = next
	}
}

// Pool is a batch in which examples of earlier batches stand for some of those of x, without their gradients (Shrivastava et
// al., 2017, section 2.3; Zhu et al., 2017). The first size examples are kept and returned as they are. After that, each
// example of x is returned with probability 1/2; else one of those that are kept is returned, and that of x is kept in its
// place. So that no two examples of a batch ask for the same place, each place of the batch has its own part of the pool:
// its size is rounded up to a multiple of the batch. A size of 0 is no pool.
//
//	for each example i of the batch: pool[i] has K = ceil(size / batch) places
//	    if one of them is empty:     put x[i] into the first empty one;   y[i] = x[i]
//	    else with k drawn from 0..K-1 and u from [0, 1):
//	        if u < 1/2:  y[i] = pool[i][k];  pool[i][k] = x[i]
//	        else:        y[i] = x[i]
//
// A pool is a shard's own. It is part of the model file.
func (b *Builder) Pool(name string, x *nn.Node, size int) *nn.Node {
	x = nn.Detach(x)
	if size == 0 || b.graph.Err() != nil {
		return x
	}
	shape, n := x.Shape(), b.batch
	if size < 0 || len(shape) < 2 || x.Batch() != n {
		return b.graph.Fail(fmt.Errorf("a pool of %d for %v", size, shape))
	}
	k, each := (size+n-1)/n, 1
	for _, d := range shape[1:] {
		each *= d
	}
	pool, full := b.Kept("pool/"+name, n, k, each), b.Kept("pool/"+name+"/full", n, k)
	one := func(f func(x ...expr.Expr) expr.Expr, x ...*nn.Node) *nn.Node { return nn.Map("pool", f, x...) }

	// 1 at the first empty place, if there is one; 1 for filling where the last one is empty.
	before := one(func(x ...expr.Expr) expr.Expr { return expr.Const(1).Max(x[0]) }, nn.Channels(full, 0, 1))
	if k > 1 {
		before = nn.Concat(before, nn.Channels(full, 0, k-1))
	}
	empty := one(func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(1).Sub(x[1])) }, before, full)
	filling := one(func(x ...expr.Expr) expr.Expr { return expr.Const(1).Sub(x[0]) }, nn.Channels(full, k-1, k))
	swap := one(func(x ...expr.Expr) expr.Expr {
		return expr.Const(1).Sub(x[1]).Mul(x[0].Less(expr.Const(0.5)))
	}, b.Uniform("pool/"+name+"/swap", 1), filling)
	place := b.Classes("pool/"+name+"/place", k)
	write := one(func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1].Mul(x[2])) }, empty, place, swap)
	b.Keep("pool/"+name+"/full", one(func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }, full, empty))

	in := nn.Reshape(x, 1, each)
	old := nn.SumOver(one(func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) }, pool, nn.Reshape(place, k, 1)), 1)
	choose := func(x ...expr.Expr) expr.Expr { return x[0].Equal(expr.Const(1)).Select(x[1], x[2]) }
	b.Keep("pool/"+name, one(choose, nn.Reshape(write, k, 1), in, pool))
	return nn.Reshape(one(choose, nn.Reshape(swap, 1, 1), old, in), shape[1:]...)
}

// keptOutputs are where a shard's next kept arrays go.
func (p *phase) keptOutputs() ([]nn.Output, error) {
	var outputs []nn.Output
	for _, k := range p.kept {
		if k.next == nil {
			return nil, fmt.Errorf("phase %s keeps %s, which has no next value", p.Phase.Name, k.name)
		}
		outputs = append(outputs, nn.Output{Node: k.next, At: arg(keptNextOf(k.name))})
	}
	return outputs, nil
}

// compileKept makes the programs that have a shard's kept arrays at hand, and that put the next ones in their places.
func (p *phase) compileKept(shard int) error {
	if len(p.kept) == 0 {
		return nil
	}
	bring, keep := &program.Program{Name: p.Name + " kept"}, &program.Program{Name: p.Name + " keep"}
	for _, k := range p.kept {
		at := program.Arg{Storage: keptOf(k.name), Offset: shard * k.len()}
		if err := errors.Join(copyArray(bring, k.name, k.len(), at, arg(keptShardOf(k.name))),
			copyArray(keep, k.name, k.len(), arg(keptNextOf(k.name)), at)); err != nil {
			return err
		}
	}
	p.brings, p.keeps = append(p.brings, bring), append(p.keeps, keep)
	return nil
}

func copyArray(prog *program.Program, name string, n int, from, to program.Arg) error {
	same := func(x ...expr.Expr) expr.Expr { return x[0] }
	return prog.Append(name, program.NewMap([]int{n}, same, []int{n}), from, to)
}

// keptArrays are all arrays that phases keep: those of all shards, one behind the other.
func (t *Trainer) keptArrays() []Array {
	var all []Array
	for _, p := range t.phases {
		for _, k := range p.kept {
			all = append(all, Array{Name: keptOf(k.name), Shape: append([]int{t.settings.Shards}, k.shape...)})
		}
	}
	return all
}
