package gan

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine"
	"gangpu/engine/program"
)

func (l Dense) apply(x *gorgonia.Node, p []*gorgonia.Node, _ *gorgonia.Node) (*gorgonia.Node, error) {
	return engine.Dense(x, p[0], p[1])
}

func (l Conv2D) apply(x *gorgonia.Node, p []*gorgonia.Node, _ *gorgonia.Node) (*gorgonia.Node, error) {
	padding, err := l.padding()
	if err != nil {
		return nil, err
	}
	return engine.Conv2D(x, p[0], p[1], l.Stride, padding)
}

func (l Conv2DTranspose) apply(x *gorgonia.Node, p []*gorgonia.Node, _ *gorgonia.Node) (*gorgonia.Node, error) {
	return engine.Conv2DTranspose(x, p[0], p[1], l.Stride, program.Same)
}

func (l LeakyReLU) apply(x *gorgonia.Node, _ []*gorgonia.Node, _ *gorgonia.Node) (*gorgonia.Node, error) {
	return engine.LeakyReLU(x, float32(l.Alpha))
}

func (l Dropout) apply(x *gorgonia.Node, _ []*gorgonia.Node, mask *gorgonia.Node) (*gorgonia.Node, error) {
	if mask == nil {
		return x, nil
	}
	return engine.Dropout(x, mask)
}

func (l Sigmoid) apply(x *gorgonia.Node, _ []*gorgonia.Node, _ *gorgonia.Node) (*gorgonia.Node, error) {
	return engine.Sigmoid(x)
}

func (l Reshape) apply(x *gorgonia.Node, _ []*gorgonia.Node, _ *gorgonia.Node) (*gorgonia.Node, error) {
	return engine.Reshape(x, withBatch(x.Shape()[0], l.Shape)...)
}

func (l Flatten) apply(x *gorgonia.Node, _ []*gorgonia.Node, _ *gorgonia.Node) (*gorgonia.Node, error) {
	return engine.Flatten(x)
}

func (l ClassEmbedding) apply(x *gorgonia.Node, p []*gorgonia.Node, classes *gorgonia.Node) (*gorgonia.Node, error) {
	own, err := engine.Dense(classes, p[0], nil)
	if err != nil {
		return nil, err
	}
	if own, err = engine.Reshape(own, x.Shape()...); err != nil {
		return nil, err
	}
	return engine.Add(x, own)
}
