package train

import (
	"fmt"
	"math"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// Translator makes images of images by a use of a model, one at a time, without the game's code: of any size that its
// networks take. One that the device has no memory for, or of which a network would make arrays of more elements than
// kernels can count, is made in tiles that overlap, if each place of it is made of places near it. That is so where norms
// are saved, and not where they are each image's own.
type Translator struct {
	dev   program.Device
	model *Model
	use   string
	image nn.SavedInput
	scale int // an image that is made is so many times as large
	// multiple is what sizes have to divide by; 0 if there is one size alone, the one that was trained on.
	multiple int

	runner        *Runner // of the last size
	height, width int
	whole, tile   [2]int // height and width of the last image, and of the tiles that it was made in
}

// mostMultiple is the largest multiple that is tried.
const mostMultiple = 512

// SizeError is an image that a network, or a device's memory, does not take.
type SizeError struct {
	Height, Width               int
	LargestHeight, LargestWidth int // about the largest of its shape that there is memory for; 0 if it is not that
	Why                         string
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("an image of %d x %d cannot be made: %s", e.Width, e.Height, e.Why)
}

// NewTranslator finds out what images the model's use of that name takes, and makes.
func NewTranslator(dev program.Device, m *Model, use string) (*Translator, error) {
	saved, ok := m.Uses[use]
	if !ok {
		return nil, fmt.Errorf("the model of the game %s has no use %q", m.Game, use)
	}
	t := &Translator{dev: dev, model: m, use: use}
	images := 0
	for _, in := range saved.Inputs {
		if in.Role == nn.Example && len(in.Shape) == 3 {
			t.image = in
			images++
		}
	}
	if images != 1 {
		return nil, fmt.Errorf("the use %s of the game %s takes %d images, want one", use, m.Game, images)
	}
	h, w := t.image.Shape[0], t.image.Shape[1]
	made, err := t.made(h, w)
	if err != nil {
		return nil, err
	}
	t.scale = made[0] / h
	if t.scale < 1 || made[0] != t.scale*h || made[1] != t.scale*w {
		return nil, fmt.Errorf("the use %s makes images of %v of images of %v", use, made, t.image.Shape)
	}
	for n := 1; n <= mostMultiple && t.multiple == 0; n *= 2 {
		if t.takes(roundUp(h+1, n), roundUp(w+n+1, n)) && t.takes(roundUp(h, n), roundUp(w, n)) {
			t.multiple = n
		}
	}
	return t, nil
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// takes reports whether the network makes an image of the right size of one of height x width.
func (t *Translator) takes(height, width int) bool {
	made, err := t.made(height, width)
	return err == nil && made[0] == t.scale*height && made[1] == t.scale*width
}

// made is the shape of the image that is made of one of height x width.
func (t *Translator) made(height, width int) ([]int, error) {
	_, g, err := t.graph(height, width)
	if err != nil {
		return nil, err
	}
	y, _, err := g.Build(nn.NewGraph(t.use, dtype), 1)
	if err != nil {
		return nil, err
	}
	if len(y) != 1 || len(y[0].Shape()) != 4 {
		return nil, fmt.Errorf("the use %s of the game %s does not make one image", t.use, t.model.Game)
	}
	return y[0].Shape()[1:], nil
}

// graph is the model with a graph for images of height x width.
func (t *Translator) graph(height, width int) (*Model, *nn.Saved, error) {
	sized, err := t.model.Uses[t.use].Sized(height, width)
	if err != nil {
		return nil, nil, err
	}
	m := *t.model
	m.Uses = map[string]*nn.Saved{t.use: sized}
	return &m, sized, nil
}

// Channels is the number of channels of the images that are translated.
func (t *Translator) Channels() int { return t.image.Shape[2] }

// Scale is how many times as large as an image the one is that is made of it.
func (t *Translator) Scale() int { return t.scale }

// Classes is the length of the vector that says what an image is to become; 0 if there is none.
func (t *Translator) Classes() int {
	for _, in := range t.model.Uses[t.use].Inputs {
		if in.Role == nn.Example && len(in.Shape) == 1 {
			return in.Shape[0]
		}
	}
	return 0
}

// Translate makes an image of one [height, width, channels], from 0 to 1: Scale times as large. to is what it is to
// become, of length Classes. What is drawn comes from the seed. An image whose sides the network does not take is
// continued by its mirror image, and the result is cut off. One that is too large, and cannot be made in tiles, is a
// *SizeError.
func (t *Translator) Translate(pixels []float32, height, width int, to []float32, seed uint64) ([]float32, error) {
	c := t.Channels()
	if height < 1 || width < 1 || len(pixels) != height*width*c || len(to) != t.Classes() {
		return nil, fmt.Errorf("an image of %d x %d with %d values, to become one of %d: want %d channels, and %d", width, height, len(pixels), len(to), c, t.Classes())
	}
	h, w := t.image.Shape[0], t.image.Shape[1]
	if t.multiple > 0 {
		h, w = roundUp(height, t.multiple), roundUp(width, t.multiple)
	} else if h != height || w != width {
		return nil, &SizeError{Height: height, Width: width, Why: fmt.Sprintf("the network takes images of %d x %d alone", w, h)}
	}
	by, err := t.choose(h, w)
	if err != nil {
		return nil, err
	}
	y, err := by(continued(pixels, height, width, h, w, c), h, w, to, seed)
	if err != nil {
		return nil, err
	}
	return cut(y, t.scale*h, t.scale*w, t.scale*height, t.scale*width), nil
}

// cut is the upper left part of an image.
func cut(image []float32, height, width, toHeight, toWidth int) []float32 {
	if height == toHeight && width == toWidth {
		return image
	}
	channels := len(image) / (height * width)
	part := make([]float32, 0, toHeight*toWidth*channels)
	for row := range toHeight {
		part = append(part, image[row*width*channels:][:toWidth*channels]...)
	}
	return part
}

// run makes an image of one that there is memory for.
func (t *Translator) run(pixels []float32, height, width int, to []float32, seed uint64) ([]float32, error) {
	if err := t.prepare(height, width); err != nil {
		return nil, err
	}
	inputs := map[string][]float32{t.image.Name: pixels}
	for _, in := range t.runner.inputs {
		if in.Role == nn.Example && len(in.Shape) == 1 {
			inputs[in.Name] = to
		}
	}
	if err := t.runner.AddNoise(inputs, seed, 1); err != nil {
		return nil, err
	}
	y, err := t.runner.Run(inputs, 1)
	if err != nil {
		return nil, fmt.Errorf("translating an image: %w", err)
	}
	return y[0], nil
}

// continued is an image with its mirror images to the right and below, as far as height x width.
func continued(pixels []float32, height, width, toHeight, toWidth, channels int) []float32 {
	if height == toHeight && width == toWidth {
		return pixels
	}
	all := make([]float32, 0, toHeight*toWidth*channels)
	for y := range toHeight {
		line := pixels[mirrored(y, height)*width*channels:]
		for x := range toWidth {
			all = append(all, line[mirrored(x, width)*channels:][:channels]...)
		}
	}
	return all
}

// mirrored is which of n pixels is at a place of a line of them that goes there and back.
func mirrored(i, n int) int {
	if n == 1 {
		return 0
	}
	i %= 2*n - 2
	return min(i, 2*n-2-i)
}

// choose says how an image of height x width is made: whole, or in tiles.
func (t *Translator) choose(height, width int) (func([]float32, int, int, []float32, uint64) ([]float32, error), error) {
	if t.tile[0] > 0 && t.whole == [2]int{height, width} {
		return t.tiles, nil
	}
	t.whole, t.tile = [2]int{height, width}, [2]int{}
	if t.runner != nil && t.height == height && t.width == width {
		return t.run, nil
	}
	have := t.dev.Info().Memory / 10 * 9
	if have == 0 {
		have = math.MaxUint64 // unknown
	}
	why, err := t.fit(height, width, have)
	if err != nil || why == "" {
		return t.run, err
	}
	// Tiles need not be the largest that fit, and the image itself takes memory too.
	for most := have / 2; t.tileable(); most /= 2 {
		h, w, err := t.tileOf(height, width, most)
		if err != nil {
			return nil, err
		}
		if h == 0 {
			break
		}
		if why, err := t.fit(h, w, most); err != nil || why == "" {
			t.tile = [2]int{h, w}
			return t.tiles, err
		}
	}
	return nil, t.refuse(height, width, have, why)
}

// unfit says why an image of height x width is too large to be made whole in so many bytes; nothing if it is not.
func (t *Translator) unfit(height, width int, have uint64) (why string, err error) {
	_, saved, err := t.graph(height, width)
	if err != nil {
		return "", err
	}
	need, err := graphBytes(saved)
	if why = tooLarge(err); why != "" {
		return why, nil
	}
	if err == nil && need > have {
		why = fmt.Sprintf("it takes %d MB of the device's %d MB", need>>20, have>>20)
	}
	return why, err
}

// fit prepares to make an image of height x width whole, or says why it is too large. That it would find room in so many
// bytes is not enough: others may use the device's memory too.
func (t *Translator) fit(height, width int, have uint64) (why string, err error) {
	if why, err = t.unfit(height, width, have); err != nil || why != "" {
		return why, err
	}
	err = t.prepare(height, width)
	if why = tooLarge(err); why != "" {
		return why, nil
	}
	return "", err
}

// prepare has a runner for images of height x width.
func (t *Translator) prepare(height, width int) error {
	if t.runner != nil && t.height == height && t.width == width {
		return nil
	}
	if err := t.Close(); err != nil {
		return err
	}
	m, _, err := t.graph(height, width)
	if err != nil {
		return err
	}
	if t.runner, err = NewRunner(t.dev, m, t.use, 1); err != nil {
		return err
	}
	t.height, t.width = height, width
	return nil
}

// refuse says how large an image of that shape may be.
func (t *Translator) refuse(height, width int, have uint64, why string) error {
	e := &SizeError{Height: height, Width: width, Why: why}
	multiple, side := max(t.multiple, 1), max(height, width)
	for n := side / 2; n >= multiple; n /= 2 {
		h, w := max(height*n/side/multiple, 1)*multiple, max(width*n/side/multiple, 1)*multiple
		if why, err := t.fit(h, w, have); err == nil && why == "" {
			e.LargestHeight, e.LargestWidth = h, w
			break
		}
	}
	if !t.tileable() {
		e.Why += ", and tiles of it would become other than the whole"
	}
	if e.LargestHeight > 0 {
		e.Why += fmt.Sprintf("; one of %d x %d fits", e.LargestWidth, e.LargestHeight)
	}
	return e
}

// graphBytes is the size of all arrays that a graph of one example needs on a device.
func graphBytes(saved *nn.Saved) (uint64, error) {
	g := nn.NewGraph("size", dtype)
	y, _, err := saved.Build(g, 1)
	if err != nil {
		return 0, err
	}
	var outputs []nn.Output
	for i, n := range y {
		outputs = append(outputs, nn.Output{Node: n, At: arg(resultOf(i))})
	}
	p, err := g.Compile(outputs...)
	if err != nil {
		return 0, err
	}
	total := uint64(0)
	for _, s := range p.Storages {
		total += uint64(s.Len) * uint64(s.DType.Size())
	}
	return total, nil
}

// Close frees what the translator holds on the device.
func (t *Translator) Close() error {
	if t.runner == nil {
		return nil
	}
	err := t.runner.Close()
	t.runner = nil
	return err
}
