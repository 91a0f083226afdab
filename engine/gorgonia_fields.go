package engine

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"gorgonia.org/gorgonia"
)

// Gorgonia neither exports nor prints these attributes. They are read from its fields, by the names that v0.9.18 gives
// them, here and nowhere else; a test holds it to them.

// field is a field of a value, or of what it points to.
func field(of any, name string, kind reflect.Kind) (reflect.Value, error) {
	v := reflect.ValueOf(of)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == kind {
			return f, nil
		}
	}
	return reflect.Value{}, fmt.Errorf("gorgonia's %T has no field %s of kind %v: this package reads those of v0.9.18",
		of, name, kind)
}

func floatField(of any, name string) (float64, error) {
	f, err := field(of, name, reflect.Float64)
	if err != nil {
		return 0, err
	}
	return f.Float(), nil
}

func boolField(of any, name string) (bool, error) {
	f, err := field(of, name, reflect.Bool)
	if err != nil {
		return false, err
	}
	return f.Bool(), nil
}

// poolOf is the window of a pooling. Where Gorgonia was given all four paddings, it begins as far before the image as
// the padding after it says; its result has the size that both together give.
func poolOf(op gorgonia.Op) (Window, error) {
	var n [8]int
	for i, name := range []string{"h", "w", "strideH", "strideW", "padNorth", "padSouth", "padWest", "padEast"} {
		f, err := field(op, name, reflect.Int)
		if err != nil {
			return Window{}, err
		}
		n[i] = int(f.Int())
	}
	explicit, err := boolField(op, "explicitPadding")
	if explicit {
		n[4], n[5], n[6], n[7] = n[5], n[4], n[7], n[6]
	}
	return Window{Height: n[0], Width: n[1], StrideH: n[2], StrideW: n[3],
		Top: n[4], Bottom: n[5], Left: n[6], Right: n[7]}, err
}

type dropoutFields struct {
	probability float64
	training    bool
}

func dropoutOf(op gorgonia.Op) (f dropoutFields, err error) {
	if f.probability, err = floatField(op, "probability"); err == nil {
		f.training, err = boolField(op, "isTraining")
	}
	return f, err
}

type batchNormFields struct {
	momentum, epsilon float64
	training          bool
}

func batchNormOf(op *gorgonia.BatchNormOp) (f batchNormFields, err error) {
	if f.momentum, err = floatField(op, "momentum"); err != nil {
		return f, err
	}
	if f.epsilon, err = floatField(op, "epsilon"); err != nil {
		return f, err
	}
	f.training, err = boolField(op, "training")
	return f, err
}

// modeOf is the field that says whether an operation trains, which may change between runs. It is none, and no error,
// for operations that have no mode.
func modeOf(op gorgonia.Op) (mode reflect.Value, err error) {
	switch typeOf(op) {
	case "dropoutOp":
		return field(op, "isTraining", reflect.Bool)
	case "BatchNormOp":
		return field(op, "training", reflect.Bool)
	}
	return reflect.Value{}, nil
}

// targetOf is where gorgonia.Read puts a value.
func targetOf(op gorgonia.Op) (*gorgonia.Value, error) {
	f, err := field(op, "into", reflect.Pointer)
	if err != nil {
		return nil, err
	}
	return (*gorgonia.Value)(f.UnsafePointer()), nil
}

// madeByGrad reports whether differentiation made a node. Where the field is missing it says no, and at worst a
// gradient is computed that nobody asked for.
func madeByGrad(n *gorgonia.Node) bool {
	f, err := field(n, "group", reflect.String)
	return err == nil && (f.String() == "gradients" || f.String() == "undifferentiated nodes")
}

// children is the field of a node that holds its operands.
var children, hasChildren = reflect.TypeFor[gorgonia.Node]().FieldByName("children")

// operandsOf are the operands of a node, in order. The graph has them too (From), but finds another node's where a node
// was removed from it, as Gorgonia does when it simplifies the logarithm of a sigmoid.
func operandsOf(n *gorgonia.Node) []*gorgonia.Node {
	if n.IsVar() {
		return nil
	}
	if hasChildren && children.Type == reflect.TypeFor[gorgonia.Nodes]() {
		return slices.Clone(*(*gorgonia.Nodes)(unsafe.Add(unsafe.Pointer(n), children.Offset)))
	}
	var operands []*gorgonia.Node
	for it := n.Graph().From(n.ID()); it.Next(); {
		operands = append(operands, it.Node().(*gorgonia.Node))
	}
	return operands
}
