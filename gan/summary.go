package gan

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// WriteSummary writes the layers of both networks and of the whole to w: their output shapes and
// how many parameters they have, as Keras's summary does.
func WriteSummary(w io.Writer, m Model) error {
	l, err := m.layouts()
	if err != nil {
		return err
	}
	b := &strings.Builder{}
	for _, n := range []*Layout{l.generator, l.discriminator} {
		var rows [][3]string
		for _, layer := range n.Layers {
			rows = append(rows, [3]string{fmt.Sprintf("%s (%s)", layer.Name, className(layer.Layer)),
				batchShape(layer.Out), thousands(count(layer.Parameters))})
		}
		table(b, n.Name, rows)
		total := n.ParameterCount()
		totals(b, total, total)
	}
	g, d := l.generator.ParameterCount(), l.discriminator.ParameterCount()
	table(b, "gan", [][3]string{
		{l.generator.Name + " (Network)", batchShape(l.generator.Output), thousands(g)},
		{l.discriminator.Name + " (Network)", batchShape(l.discriminator.Output), thousands(d)},
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
func WriteDot(w io.Writer, m Model) error {
	l, err := m.layouts()
	if err != nil {
		return err
	}
	b := &strings.Builder{}
	b.WriteString("digraph gan {\n  rankdir=TB;\n  node [shape=record, fontname=\"Helvetica\"];\n")
	previous := ""
	for _, n := range []*Layout{l.generator, l.discriminator} {
		fmt.Fprintf(b, "  subgraph cluster_%s {\n    label=%q;\n", n.Name, fmt.Sprintf("%s: %s parameters", n.Name, thousands(n.ParameterCount())))
		var edges []string
		for _, layer := range append([]PlacedLayer{{Name: "input", In: n.Input, Out: n.Input}}, n.Layers...) {
			id := strconv.Quote(n.Name + "/" + layer.Name)
			class := "Input"
			if layer.Layer != nil {
				class = className(layer.Layer)
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

// className is the layer's type, named as Keras names the class.
func className(l Layer) string { return reflect.TypeOf(l).Name() }

func count(parameters []Parameter) int {
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
