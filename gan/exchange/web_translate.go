package exchange

import (
	"fmt"
	"slices"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// translating is a graph that makes images of images, as a page runs it.
type translating struct {
	model                    []byte // ONNX
	image, class             string // inputs; no class if there is none
	height, width, channels  int    // of an image
	madeHeight, madeChannels int    // and of the one that is made of it
	classes                  int
	dropout                  bool
}

// sizes are the numbers that two graphs on one page have in common.
func (t translating) sizes() []int {
	return []int{t.height, t.width, t.channels, t.madeHeight, t.madeChannels, t.classes}
}

func translatingOf(m *train.Model, use string) (t translating, err error) {
	graph, err := writeGraph(m, use)
	if err != nil {
		return t, err
	}
	saved := m.Uses[use]
	for _, in := range saved.Inputs {
		switch {
		case in.Role == nn.Array:
		case isMask(in):
			t.dropout = true
		case in.Role == nn.Example && len(in.Shape) == 3 && t.image == "" && (in.Shape[2] == 1 || in.Shape[2] == 3):
			t.image, t.height, t.width, t.channels = in.Name, in.Shape[0], in.Shape[1], in.Shape[2]
		case in.Role == nn.Example && len(in.Shape) == 1 && t.class == "":
			t.class, t.classes = in.Name, in.Shape[0]
		default:
			return t, fmt.Errorf("the page gives an image and classes, and the graph %s reads %s of shape %v", use, in.Name, in.Shape)
		}
	}
	shapes, err := shapesOf(saved)
	if err != nil {
		return t, err
	}
	made := shapes[saved.Outputs[0]]
	if t.image == "" || len(made) != 4 || made[1]%t.height != 0 || made[2] != made[1]/t.height*t.width {
		return t, fmt.Errorf("the graph %s makes no images of images", use)
	}
	t.madeHeight, t.madeChannels = made[1], made[3]
	t.model = onnxModelOf(m, use, graph)
	return t, nil
}

// translatingPageOf is what the page of a model that makes images of images is made of.
func translatingPageOf(m *train.Model) (map[string]any, error) {
	t, err := translatingOf(m, train.TranslateUse)
	if err != nil {
		return nil, err
	}
	page := map[string]any{"Model": t.model, "Name": m.Game, "Height": t.height, "Width": t.width, "In": t.channels,
		"Channels": t.madeChannels, "Scale": t.madeHeight / t.height, "Input": t.image, "ClassInput": t.class, "Classes": t.classes,
		"Dropout": t.dropout, "Ink": m.Data.Ink, "Reverse": nil, "Kinds": nil, "Attributes": nil,
		"Local": false, "Release": onnxRuntimeWeb, "Hash": onnxRuntimeWebHash}
	switch {
	case t.classes > 0 && len(m.Data.Classes) == t.classes:
		page["Kinds"] = m.Data.Classes
	case t.classes > 0 && len(m.Data.Attributes) == t.classes:
		page["Attributes"] = m.Data.Attributes
	case t.classes > 0:
		var kinds []string
		for i := range t.classes {
			kinds = append(kinds, fmt.Sprint(i))
		}
		page["Kinds"] = kinds
	}
	if m.Uses[train.ReverseUse] == nil {
		return page, nil
	}
	back, err := translatingOf(m, train.ReverseUse)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(back.sizes(), t.sizes()) {
		return page, nil // a page has one size of images
	}
	page["Reverse"], page["ReverseInput"] = back.model, back.image
	return page, nil
}
