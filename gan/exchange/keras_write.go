package exchange

import (
	"encoding/json"
	"fmt"
	"strings"

	"gangpu/gan/train"
	"gangpu/internal/hdf5"
)

// Names in Keras's files.
const (
	weightsSuffix = ".weights.h5" // of what save_weights of Keras 3 writes
	modelConfig   = "model_config"
	modelWeights  = "model_weights"
	layerNames    = "layer_names"
	weightNames   = "weight_names"
)

// WriteKeras makes or replaces a file that Keras loads. One whose name ends in .weights.h5 is what
// save_weights of Keras 3 writes, for load_weights of the same layers. Any other is a whole model in
// the HDF5 format of model.save("x.h5"), for load_model, and for load_weights of Keras 2 and 3. The
// discriminator ends in a sigmoid, as in the tutorial. The optimizer is not part of it.
func WriteKeras(path string, m *train.Model, part Part) error {
	root, err := kerasRoot(m, part, strings.HasSuffix(path, weightsSuffix))
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return hdf5.Write(path, root)
}

// kerasRoot is the file of a part: of its weights alone, or of the whole model.
func kerasRoot(m *train.Model, part Part, alone bool) (*hdf5.Group, error) {
	networks, err := partsOf(m, part)
	if err != nil {
		return nil, err
	}
	var models []kerasLayer
	for _, n := range networks {
		k, err := toKeras(n.layout)
		if err != nil {
			return nil, err
		}
		models = append(models, k)
	}
	if alone {
		return kerasWeights(networks), nil
	}
	if part == Both {
		return kerasModel(kerasLayer{sequential, kerasConfig{Name: "gan", Layers: models}}, networks)
	}
	return kerasModel(models[0], networks)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// kerasWeights lays weights out as Keras's saving_lib does: a layer's variables are numbered, the
// layers called by their class in words and a number, and so are models in a model.
func kerasWeights(networks []weights) *hdf5.Group {
	root := hdf5.NewGroup()
	for i, n := range networks {
		for _, layer := range n.Layers {
			for j, p := range layer.Parameters {
				root.Add(fmt.Sprintf("%slayers/%s/vars/%d", nested(networks, i), layer.Name, j), hdf5.NewDataset(p.Shape, n.of(p)))
			}
		}
	}
	return root
}

// nested is where saving_lib puts the i-th model of a Sequential.
func nested(networks []weights, i int) string {
	if len(networks) == 1 {
		return ""
	}
	return nestedModels[i]
}

// nestedModels are where saving_lib puts the models of a Sequential: generator, then discriminator.
var nestedModels = [2]string{"layers/sequential/", "layers/sequential_1/"}

// kerasModel lays a model out as Keras's legacy_h5_format does: a group of each layer with the names
// of its weights in order. The layers of the GAN are its networks.
func kerasModel(model kerasLayer, networks []weights) (*hdf5.Group, error) {
	config, err := json.Marshal(model)
	if err != nil {
		return nil, err
	}
	root, all := hdf5.NewGroup(), hdf5.NewGroup()
	root.Groups[modelWeights] = all
	for _, g := range []*hdf5.Group{root, all} {
		g.Strings["keras_version"] = "3.0.0"
		g.Strings["backend"] = "tensorflow" // whose layout of filters it is
	}
	root.Strings[modelConfig] = string(config)
	add := func(layer string, n weights, parameters []parameter) {
		if len(parameters) == 0 {
			return
		}
		g := hdf5.NewGroup()
		for _, p := range parameters {
			g.Lists[weightNames] = append(g.Lists[weightNames], p.Name)
			g.Add(p.Name, hdf5.NewDataset(p.Shape, n.of(p)))
		}
		all.Groups[layer] = g
		all.Lists[layerNames] = append(all.Lists[layerNames], layer)
	}
	for _, n := range networks {
		if len(networks) > 1 {
			add(n.Name, n, n.parameters())
			continue
		}
		for _, layer := range n.Layers {
			add(layer.Name, n, layer.Parameters)
		}
	}
	return root, nil
}
