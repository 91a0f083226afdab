package tutorial

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// ScoreUse is the name of the graph that scores images, "image" in [0, 1], by the discriminator: above 0 it takes them for
// real. A model that knows classes is told them one-hot, "class".
const ScoreUse = "score"

// Evaluation is how a model's networks do against each other, without dropout.
type Evaluation struct {
	Images       int     `json:"-"`             // real ones, and as many generated
	Loss         Loss    `json:"loss"`          // by which the losses are computed
	DLoss        float64 `json:"d_loss"`        // D's, over both, without label smoothing and penalty
	GLoss        float64 `json:"g_loss"`        // G's, over the generated
	AccuracyReal float64 `json:"accuracy_real"` // share of the real that D calls real
	AccuracyFake float64 `json:"accuracy_fake"` // share of the generated that D calls fake
}

// evaluationBatch is how many images are evaluated at a time.
const evaluationBatch = 200

// Evaluate compares real images with as many that a model of the game makes of noise drawn by the seed, by the moving
// average of G's weights if the model has one. A model that knows classes takes the labels, of real images and fakes.
func Evaluate(dev program.Device, m *train.Model, images train.Field, labels []int32, seed uint64) (e Evaluation, err error) {
	decoded, err := System.Decode(m.GameSettings)
	if err != nil {
		return e, err
	}
	n := images.Rows()
	e.Images, e.Loss = n, decoded.(Settings).Loss
	f, ok := forms[e.Loss]
	switch {
	case !ok:
		return e, fmt.Errorf("the model's loss is %q, which nobody knows", e.Loss)
	case n < 1:
		return e, errors.New("no images to evaluate by")
	}
	sampler, err := train.NewSampler(dev, m, evaluationBatch)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	scorer, err := train.NewRunner(dev, m, ScoreUse, evaluationBatch)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, scorer.Close()) }()
	var classes []int
	switch {
	case !slices.Equal(images.Shape, sampler.Shape()):
		return e, fmt.Errorf("the images are %v [height width channels], the model's %v", images.Shape, sampler.Shape())
	case sampler.Classes() > 0:
		if classes, err = classesOf(labels, n, sampler.Classes()); err != nil {
			return e, err
		}
	}
	bytes, err := images.Draw(n)
	if err != nil {
		return e, err
	}
	var real, fake []float32 // scores
	size := len(bytes) / n
	score := func(scores *[]float32, pixels []float32, inputs map[string][]float32, count int) error {
		y, err := scorer.Run(map[string][]float32{"image": pixels, "class": inputs["class"]}, count)
		if err == nil {
			*scores = append(*scores, y[0]...)
		}
		return err
	}
	// The inputs of the fakes hold the classes of as many real images.
	err = sampler.Parts(seed, n, evaluationBatch, classes, func(pixels []float32, inputs map[string][]float32, count int) error {
		these := train.Floats(bytes[len(real)*size : (len(real)+count)*size])
		return errors.Join(score(&real, these, inputs, count), score(&fake, pixels, inputs, count))
	})
	if err == nil {
		err = f.evaluate(dev, &e, real, fake)
	}
	if err != nil {
		return e, fmt.Errorf("evaluating: %w", err)
	}
	return e, nil
}

// classesOf are n labels as classes, of which a model knows so many.
func classesOf(labels []int32, n, known int) ([]int, error) {
	if len(labels) != n {
		return nil, fmt.Errorf("%d labels of %d images, and the model is to know their classes", len(labels), n)
	}
	var classes []int
	for _, l := range labels {
		if l < 0 || int(l) >= known {
			return nil, fmt.Errorf("an image is of class %d, the model knows 0 to %d", l, known-1)
		}
		classes = append(classes, int(l))
	}
	return classes, nil
}

// evaluate computes what scores of as many real images and fakes come to, on a device.
func (f form) evaluate(dev program.Device, e *Evaluation, real, fake []float32) error {
	n := len(real)
	g := nn.NewGraph("evaluation", tensor.Float32)
	ofReal := g.Input("real", program.Arg{Storage: "real"}, n, 1)
	ofFake := g.Input("fake", program.Arg{Storage: "fake"}, n, 1)
	values := make([]float32, 4)
	var outputs []nn.Output
	for i, y := range []*nn.Node{
		nn.Scale(nn.Add(f.d(ofReal, f.real), f.d(ofFake, f.fake)), f.factorD/2), nn.Scale(f.g(ofFake, f.target), f.factorG),
		nn.Above(ofReal, 0), nn.Below(ofFake, 0),
	} {
		outputs = append(outputs, nn.Output{Node: y, At: program.Arg{Storage: "values", Offset: i}})
	}
	p, err := g.Compile(outputs...)
	if err == nil {
		err = train.Once(dev, p, map[string][]float32{"real": real, "fake": fake}, map[string][]float32{"values": values})
	}
	e.DLoss, e.GLoss, e.AccuracyReal, e.AccuracyFake = float64(values[0]), float64(values[1]), float64(values[2]), float64(values[3])
	return err
}
