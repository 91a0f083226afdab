package srgan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gangpu/engine/expr"
	"gangpu/gan/games/classifier"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// featureNetwork is the name of the network whose features images are compared by. Nothing trains it.
const featureNetwork = "features"

// openFeatures reads that network of a file: a classifier that was trained here, or VGG19 with torchvision's names.
func openFeatures(path string, channels int) (train.Network, error) {
	n := train.Network{Name: featureNetwork}
	m, notModel := train.Load(path)
	if notModel == nil {
		if m.Game != classifier.System.Name {
			return n, fmt.Errorf("%s is a model of the game %s: features are those of a classifier, or of VGG19", path, m.Game)
		}
		settings, err := classifier.System.Decode(m.GameSettings)
		if err != nil {
			return n, fmt.Errorf("%s: %w", path, err)
		}
		if first, ok := m.Array("classifier/conv2d/kernel"); !ok || first.Shape[2] != channels {
			return n, fmt.Errorf("%s is no classifier of images of %d channels", path, channels)
		}
		n.Net = classified(settings.(classifier.Settings))
		n.Initial = func(p nn.Parameter) ([]float32, error) {
			a, ok := m.Used(strings.Replace(p.Name, featureNetwork, "classifier", 1))
			if !ok || !slices.Equal(a.Shape, p.Shape) {
				return nil, fmt.Errorf("%s has no such array of shape %v", path, p.Shape)
			}
			return a.Values, nil
		}
		return n, nil
	}
	file, err := safetensors.Read(path)
	if err != nil {
		return n, err
	}
	if _, err := file.Tensor("features.0.weight"); err != nil {
		return n, fmt.Errorf("%s is neither a model of the game classifier nor VGG19 with torchvision's names: %w", path, errors.Join(notModel, err))
	}
	if channels != 3 {
		return n, fmt.Errorf("%s: VGG19 sees images of 3 channels, these have %d", path, channels)
	}
	n.Net, n.Initial = vgg19, func(p nn.Parameter) ([]float32, error) { return vggArray(file, p) }
	return n, nil
}

// classified is the classifier up to its last convolution, without what it drops in training.
func classified(s classifier.Settings) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := fromRange(x[0])
		for _, filters := range []int{s.Filters, 2 * s.Filters, 2 * s.Filters} {
			y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: filters, Kernel: 3, Stride: 2}), 0.1)
		}
		return []*nn.Node{y}
	}
}

// vggFilters are those of VGG19's convolutions (Simonyan and Zisserman, 2015, table 1, E); 0 is a pooling.
var vggFilters = []int{64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512}

// vgg19 are the features of its 16th convolution, before the activation and divided by 12.75: what Ledig et al. (2017,
// section 3.2) call VGG54, by the code of their reimplementations. Colours are normalised as for torchvision's weights.
func vgg19(l *nn.Layers, x []*nn.Node) []*nn.Node {
	var channels []*nn.Node
	for i, of := range [][2]float64{{0.485, 0.229}, {0.456, 0.224}, {0.406, 0.225}} {
		channels = append(channels, nn.Map("normalise", func(x ...expr.Expr) expr.Expr {
			return x[0].Sub(expr.Const(of[0])).Mul(expr.Const(1 / of[1]))
		}, nn.Channels(fromRange(x[0]), i, i+1)))
	}
	y := nn.Concat(channels...)
	for i, filters := range vggFilters {
		if filters == 0 {
			y = nn.MaxPool(y, 2)
			continue
		}
		y = l.Conv2D(y, nn.Conv{Filters: filters, Kernel: 3, Padding: nn.Pad(1)})
		if i < len(vggFilters)-1 {
			y = nn.ReLU(y)
		}
	}
	return []*nn.Node{nn.Scale(y, 1/12.75)}
}

// vggArray is a parameter by torchvision's names, "features.0.weight", whose kernels are [out, in, height, width].
func vggArray(file *safetensors.File, p nn.Parameter) ([]float32, error) {
	name := strings.TrimPrefix(p.Name, featureNetwork+"/")
	i := slices.IndexFunc(vggNames, func(of [2]string) bool { return strings.HasPrefix(name, of[0]+"/") })
	if i < 0 {
		return nil, errors.New("VGG19 has no such array")
	}
	kernel := strings.HasSuffix(name, "/kernel")
	suffix := ".bias"
	if kernel {
		suffix = ".weight"
	}
	t, err := file.Tensor(vggNames[i][1] + suffix)
	if err != nil {
		return nil, err
	}
	values, err := t.Float64s()
	if err != nil {
		return nil, err
	}
	want, all := p.Shape, make([]float32, p.Len())
	if kernel {
		want = []int{p.Shape[3], p.Shape[2], p.Shape[0], p.Shape[1]}
	}
	if !slices.Equal(t.Shape, want) {
		return nil, fmt.Errorf("%s has the shape %v, want %v", t.Name, t.Shape, want)
	}
	if !kernel {
		for j, v := range values {
			all[j] = float32(v)
		}
		return all, nil
	}
	in, out, taps := p.Shape[2], p.Shape[3], p.Shape[0]*p.Shape[1]
	for j := range all { // [height, width, in, out]
		o, c, tap := j%out, j/out%in, j/(out*in)
		all[j] = float32(values[(o*in+c)*taps+tap])
	}
	return all, nil
}

// vggNames are the names of VGG19's convolutions here, and in torchvision, which counts activations and poolings too.
var vggNames = func() (names [][2]string) {
	at := 0
	for _, filters := range vggFilters {
		if filters == 0 {
			at++
			continue
		}
		name := "conv2d"
		if n := len(names); n > 0 {
			name = fmt.Sprintf("conv2d_%d", n)
		}
		names = append(names, [2]string{name, fmt.Sprintf("features.%d", at)})
		at += 2
	}
	return names
}()
