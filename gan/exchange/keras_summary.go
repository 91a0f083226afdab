package exchange

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
)

// Blank is a model of a game for images of a shape [height, width, channels], of so many classes, whose arrays are zero: its
// graphs, without training.
func Blank(g train.Game, shape []int, classes int) (*train.Model, error) {
	return train.Assemble(g, ganData(shape, classes, ""), func(_ string, shape []int) ([]float32, error) { return make([]float32, size(shape)), nil })
}

// ganOf are the layouts of generator and discriminator of a model whose networks are chains of layers.
func ganOf(m *train.Model) (g, d *layout, err error) {
	for _, network := range []struct {
		use, name string
		to        **layout
	}{{train.SampleUse, generatorName, &g}, {tutorial.ScoreUse, discriminatorName, &d}} {
		c, err := chainOf(m, network.use, network.name)
		if err != nil {
			return nil, nil, fmt.Errorf("the %s is no chain of layers: %w", network.name, err)
		}
		if *network.to, err = c.layout(); err != nil {
			return nil, nil, err
		}
	}
	return g, d, nil
}

// WriteSummary writes the layers of generator and discriminator of a model and of the whole to w: their output shapes and
// how many parameters they have, as Keras's summary does. The networks have to be chains of layers.
func WriteSummary(w io.Writer, m *train.Model) error {
	generator, discriminator, err := ganOf(m)
	if err != nil {
		return err
	}
	b := &strings.Builder{}
	for _, n := range []*layout{generator, discriminator} {
		var rows [][3]string
		for _, layer := range n.Layers {
			rows = append(rows, [3]string{fmt.Sprintf("%s (%s)", layer.Name, className(layer.layer)),
				batchShape(layer.Out), thousands(count(layer.Parameters))})
		}
		table(b, n.Name, rows)
		total := count(n.parameters())
		totals(b, total, total)
	}
	g, d := count(generator.parameters()), count(discriminator.parameters())
	table(b, "gan", [][3]string{
		{generator.Name + " (Network)", batchShape(generator.Output), thousands(g)},
		{discriminator.Name + " (Network)", batchShape(discriminator.Output), thousands(d)},
	})
	totals(b, g+d, g)
	_, err = io.WriteString(w, b.String())
	return err
}

// table writes rows in columns as wide as what is in them, and at least as Keras's.
func table(b *strings.Builder, name string, rows [][3]string) {
	layer, shape, parameters := 28, 22, 12
	for _, r := range rows {
		layer, shape, parameters = max(layer, len(r[0])), max(shape, len(r[1])), max(parameters, len(r[2]))
	}
	line := func(r [3]string) { fmt.Fprintf(b, " %-*s %-*s %*s\n", layer, r[0], shape, r[1], parameters, r[2]) }
	rule := func(char string) { b.WriteString(strings.Repeat(char, layer+shape+parameters+3) + "\n") }
	fmt.Fprintf(b, "Model: %q\n", name)
	rule("_")
	line([3]string{"Layer (type)", "Output Shape", "Param #"})
	rule("=")
	for _, r := range rows {
		line(r)
	}
	rule("=")
}

// totals ends a table. What a step of the generator does not train is the discriminator.
func totals(b *strings.Builder, total, trainable int) {
	fmt.Fprintf(b, "Total params: %s\nTrainable params: %s\nNon-trainable params: %s\n\n",
		thousands(total), thousands(trainable), thousands(total-trainable))
}

// WriteDot writes both networks to w as a graph in Graphviz's language, a box a layer with the
// shapes that go in and come out, as Keras's plot_model draws them.
func WriteDot(w io.Writer, m *train.Model) error {
	generator, discriminator, err := ganOf(m)
	if err != nil {
		return err
	}
	b := &strings.Builder{}
	b.WriteString("digraph gan {\n  rankdir=TB;\n  node [shape=record, fontname=\"Helvetica\"];\n")
	previous := ""
	for _, n := range []*layout{generator, discriminator} {
		fmt.Fprintf(b, "  subgraph cluster_%s {\n    label=%q;\n", n.Name, fmt.Sprintf("%s: %s parameters", n.Name, thousands(count(n.parameters()))))
		var edges []string
		for _, layer := range append([]placedLayer{{Name: "input", In: n.Input, Out: n.Input}}, n.Layers...) {
			id := strconv.Quote(n.Name + "/" + layer.Name)
			class := "Input"
			if layer.layer != nil {
				class = className(layer.layer)
			}
			label := fmt.Sprintf("%s: %s|{input:|output:}|{{%s}|{%s}}", layer.Name, class, batchShape(layer.In), batchShape(layer.Out))
			fmt.Fprintf(b, "    %s [label=%q];\n", id, label)
			if previous != "" {
				edges = append(edges, fmt.Sprintf("  %s -> %s;\n", previous, id))
			}
			previous = id
		}
		b.WriteString("  }\n" + strings.Join(edges, ""))
	}
	b.WriteString("}\n")
	_, err = io.WriteString(w, b.String())
	return err
}

// className is Keras's name of a layer's class.
func className(l layer) string {
	switch l.(type) {
	case dense:
		return "Dense"
	case conv2d:
		return "Conv2D"
	case conv2dTranspose:
		return "Conv2DTranspose"
	case leakyReLU:
		return "LeakyReLU"
	case dropout:
		return "Dropout"
	case reshape:
		return "Reshape"
	case flatten:
		return "Flatten"
	case sigmoidLayer:
		return "Sigmoid"
	}
	return l.Kind()
}

func count(parameters []parameter) int {
	n := 0
	for _, p := range parameters {
		n += p.Len()
	}
	return n
}

// batchShape writes a sample's shape with any batch before it: "(None, 7, 7, 64)".
func batchShape(shape []int) string {
	return "(None, " + strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]") + ")"
}

// thousands writes n with commas: "397,217".
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
