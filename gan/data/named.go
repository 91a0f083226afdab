package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"slices"

	"gangpu/mnist"
)

// Datasets returns the names that Options.Dataset may have, sorted.
func Datasets() []string {
	names := append(mnist.Datasets(), emojiName)
	slices.Sort(names)
	return names
}

// findNamed fetches and plans a dataset whose pictures are decoded.
func findNamed(ctx context.Context, o Options) (*found, error) {
	switch o.Dataset {
	case emojiName:
		return findEmoji(ctx, o)
	case "":
		return nil, fmt.Errorf("neither a folder nor the name of a dataset: there are %s", words(Datasets()))
	}
	return nil, fmt.Errorf("no dataset %q of pictures; there are %s", o.Dataset, words(Datasets()))
}

// openIDX opens a dataset of MNIST's form, which is kept in memory: grey, of 28 x 28 pixels if no others are asked for,
// with 0 for its background.
func openIDX(ctx context.Context, o Options) (*Dataset, error) {
	if o.Layout != "" && o.Layout != Classes {
		return nil, fmt.Errorf("%s has pictures with classes: it is not of the layout %s", o.Dataset, o.Layout)
	}
	read, err := mnist.Open(ctx, mnist.Options{Dataset: o.Dataset, Cache: o.Cache, Progress: o.Fetching})
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: read.Name, Source: read.Dir, Layout: Classes}
	f := form{o.Width, o.Height, max(o.Channels, 1), o.Fit, o.Background}
	if f.Width == 0 {
		f.Width, f.Height = read.Train.Cols, read.Train.Rows
	}
	hash := sha256.New()
	for _, set := range []struct {
		name string
		mnist.Set
	}{{"train", read.Train}, {"test", read.Test}} {
		pixels, err := remade(ctx, &set.Set, f, o.Progress)
		if err != nil {
			return nil, err
		}
		s := &Split{Name: set.name, paired: true}
		s.Fields = []*Field{{Name: "image", Count: set.Count, Height: f.Height, Width: f.Width, Channels: f.Channels, at: bytes.NewReader(pixels)}}
		for _, label := range set.Labels {
			for len(d.Classes) <= int(label) {
				d.Classes = append(d.Classes, fmt.Sprint(len(d.Classes)))
			}
			s.Labels = append(s.Labels, int32(label))
		}
		hash.Write(pixels)
		d.Splits = append(d.Splits, s)
	}
	d.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return d, nil
}

// remade are a set's images made to a form.
func remade(ctx context.Context, set *mnist.Set, f form, progress func(Progress)) ([]uint8, error) {
	if f.Width == set.Cols && f.Height == set.Rows && f.Channels == 1 {
		return set.Images, nil
	}
	pixels := make([]uint8, set.Count*f.bytes())
	p := &pass{ctx: ctx, parts: []*part{{rows: make([]row, set.Count)}}, task: "resizing pictures", progress: progress}
	_, err := p.run(func(_, _, i int) (string, error) {
		img := &image.Gray{Pix: set.Image(i), Stride: set.Cols, Rect: image.Rect(0, 0, set.Cols, set.Rows)}
		return "", render(img, img.Rect, 1, f, pixels[i*f.bytes():(i+1)*f.bytes()])
	})
	return pixels, err
}
