package exchange

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/internal/hdf5"
	"gangpu/internal/hostmemory"
)

// ReadKeras reads the GAN of the tutorial as Keras saves it: a Sequential of generator and
// discriminator. A whole model, model.save of "x.h5" or "x.keras", tells its layers, which may be of other sizes
// than the tutorial's; a file of weights alone, save_weights, must be of the tutorial's
// sizes. Settings that the file does not tell are the tutorial's. Errors name the file
// and what in it is not as it must be.
func ReadKeras(path string) (*train.Model, error) {
	root, err := readRoot(path)
	if err != nil {
		return nil, err
	}
	f, err := readKeras(root)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return f, nil
}

// readRoot reads an HDF5 file, or an archive of Keras 3 as if it were one: its file of weights, with
// the configuration beside it as an attribute.
func readRoot(path string) (*hdf5.Group, error) {
	archive, err := zip.OpenReader(path)
	if errors.Is(err, zip.ErrFormat) {
		return hdf5.Read(path)
	}
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	content := map[string][]byte{}
	for _, name := range []string{"model.weights.h5", "config.json"} {
		if content[name], err = readMember(&archive.Reader, name); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				err = fmt.Errorf("not an archive of Keras: %w", err)
			}
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
	}
	root, err := hdf5.Decode(content["model.weights.h5"])
	if err != nil {
		return nil, fmt.Errorf("reading %s: model.weights.h5: %w", path, err)
	}
	root.Strings[modelConfig] = string(content["config.json"])
	return root, nil
}

// readMember unpacks a file of an archive, if it finds room as large as the archive says that it is.
func readMember(archive *zip.Reader, name string) ([]byte, error) {
	f, err := archive.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	if size < 0 || size > math.MaxInt64/4 {
		return nil, fmt.Errorf("%s: a size of %d bytes", name, uint64(size))
	}
	if err := hostmemory.Check(name, 2*uint64(size)); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, size+1))
	if err == nil && int64(len(content)) != size {
		err = fmt.Errorf("not the %d bytes that it is said to have", size)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return content, nil
}

func readKeras(root *hdf5.Group) (*train.Model, error) {
	settings := tutorial.Defaults()
	var model chains
	var err error
	if config, ok := root.Strings[modelConfig]; ok {
		model, err = modelOf(config)
	} else {
		model, err = tutorialChains()
	}
	if err != nil {
		return nil, err
	}
	settings = settingsOf(model, settings)
	_, d, _, err := model.layouts()
	if err != nil {
		return nil, err
	}
	tensors, err := kerasTensors(model, root)
	if err != nil {
		return nil, err
	}
	return train.Assemble(ganGame(model, settings, 0), ganData(d.Input, 0, ""), func(name string, shape []int) ([]float32, error) {
		d := tensors[name]
		values, err := d.Float32()
		if err != nil {
			return nil, err
		}
		if !slices.Equal(d.Shape, shape) {
			return nil, fmt.Errorf("its shape is %v, the model wants %v", d.Shape, shape)
		}
		return values, finite(name, values)
	})
}

// tutorialChains are the tutorial's networks, at its sizes.
func tutorialChains() (chains, error) {
	game, err := tutorial.New(tutorial.Defaults(), train.Input{Height: 28, Width: 28, Channels: 1})
	if err != nil {
		return chains{}, err
	}
	m, err := Blank(game, []int{28, 28, 1}, 0)
	if err != nil {
		return chains{}, err
	}
	g, gErr := chainOf(m, train.SampleUse, generatorName)
	d, dErr := chainOf(m, tutorial.ScoreUse, discriminatorName)
	return chains{"tutorial", g, d}, errors.Join(gErr, dErr)
}

var errNoGAN = errors.New("not the GAN of the tutorial, a Sequential of generator and discriminator")

// modelOf reads the configuration of a GAN. The discriminator's last sigmoid is dropped: here it is
// part of the loss.
func modelOf(config string) (chains, error) {
	k, err := parseKeras(config)
	if err != nil {
		return chains{}, fmt.Errorf("%s: %w", modelConfig, err)
	}
	var networks []kerasLayer
	for _, layer := range k.Config.Layers {
		if layer.ClassName != inputLayer {
			networks = append(networks, layer)
		}
	}
	if k.ClassName != sequential || len(networks) != 2 {
		return chains{}, errNoGAN
	}
	g, gErr := fromKeras("generator", networks[0])
	d, dErr := fromKeras("discriminator", networks[1])
	if err := firstError(gErr, dErr); err != nil {
		return chains{}, err
	}
	if last := len(d.Layers) - 1; last >= 0 && d.Layers[last] == (sigmoidLayer{}) {
		d.Layers = d.Layers[:last]
	}
	return chains{"keras", g, d}, nil
}

// settingsOf takes from a model what settings tell of it too.
func settingsOf(m chains, s tutorial.Settings) tutorial.Settings {
	if len(m.Generator.Input) == 1 {
		s.Latent = m.Generator.Input[0]
	}
	for _, l := range m.Discriminator.Layers {
		switch l := l.(type) {
		case leakyReLU:
			s.Alpha = l.Alpha
		case dropout:
			s.Dropout = l.Rate
		}
	}
	return s
}

// kerasTensors finds the datasets of a model's parameters.
func kerasTensors(m chains, root *hdf5.Group) (map[string]*hdf5.Dataset, error) {
	g, gErr := m.Generator.layout()
	d, dErr := m.Discriminator.layout()
	if err := firstError(gErr, dErr); err != nil {
		return nil, err
	}
	networks := []*layout{g, d}
	if weights := root.Groups[modelWeights]; weights != nil {
		return byOrder(networks, weights)
	}
	if root.Lists[layerNames] != nil {
		return byOrder(networks, root)
	}
	return byPath(networks, root)
}

// byOrder takes weights in their order in each layer that has some, as legacy_h5_format does. The
// layers are the networks.
func byOrder(networks []*layout, weights *hdf5.Group) (map[string]*hdf5.Dataset, error) {
	var layers []string
	for _, name := range weights.Lists[layerNames] {
		if g := weights.Group(name); g != nil && len(g.Lists[weightNames]) > 0 {
			layers = append(layers, name)
		}
	}
	if len(layers) != len(networks) {
		return nil, fmt.Errorf("%w: %d layers with weights", errNoGAN, len(layers))
	}
	tensors := map[string]*hdf5.Dataset{}
	for i, n := range networks {
		layer := weights.Group(layers[i])
		names, parameters := layer.Lists[weightNames], n.parameters()
		if len(names) != len(parameters) {
			return nil, fmt.Errorf("%q has %d weights, the %s %d", layers[i], len(names), n.Name, len(parameters))
		}
		for j, p := range parameters {
			if tensors[p.Name] = layer.Dataset(names[j]); tensors[p.Name] == nil {
				return nil, fmt.Errorf("no dataset %q of layer %q", names[j], layers[i])
			}
		}
	}
	return tensors, nil
}

// byPath takes weights by where saving_lib of Keras 3 puts them.
func byPath(networks []*layout, root *hdf5.Group) (map[string]*hdf5.Dataset, error) {
	if root.Groups["layers"] == nil {
		return nil, errors.New("not a file of weights that Keras saved")
	}
	tensors := map[string]*hdf5.Dataset{}
	for i, n := range networks {
		layers := root.Group(nestedModels[i] + "layers")
		if layers == nil {
			return nil, fmt.Errorf("%w: no group %slayers", errNoGAN, nestedModels[i])
		}
		count := 0
		for _, layer := range layers.Groups {
			if vars := layer.Group("vars"); vars != nil {
				count += len(vars.Datasets)
			}
		}
		if want := len(n.parameters()); count != want {
			return nil, fmt.Errorf("%slayers has %d weights, the %s of the tutorial %d", nestedModels[i], count, n.Name, want)
		}
		for _, layer := range n.Layers {
			for j, p := range layer.Parameters {
				path := fmt.Sprintf("%slayers/%s/vars/%d", nestedModels[i], layer.Name, j)
				if tensors[p.Name] = root.Dataset(path); tensors[p.Name] == nil {
					return nil, fmt.Errorf("no dataset %q", path)
				}
			}
		}
	}
	return tensors, nil
}
