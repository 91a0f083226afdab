package data

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"slices"

	"gangpu/mnist"
)

// isIDX reports whether a dataset is one of MNIST's form: it is so by its name, or its folder has IDX files.
func (o Options) isIDX() bool {
	if o.Folder == "" {
		return slices.Contains(mnist.Datasets(), o.Dataset)
	}
	return mnist.IsFolder(o.Folder)
}

// openIDX opens a dataset of MNIST's form, which is kept in memory: grey, of the size of its images if no other is asked
// for, with 0 for its background. What a folder lacks besides the training images is told of in the dataset's notes.
func openIDX(ctx context.Context, o Options) (*Dataset, error) {
	if o.Layout != "" && o.Layout != Classes {
		return nil, fmt.Errorf("%s has pictures with classes: it is not of the layout %s", cmp.Or(o.Dataset, o.Folder), o.Layout)
	}
	read, err := mnist.Open(ctx, mnist.Options{Dataset: o.Dataset, Dir: o.Folder, Cache: o.Cache, Progress: o.Fetching,
		Optional: []mnist.Part{mnist.TrainLabels, mnist.TestImages, mnist.TestLabels}})
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: read.Name, Source: read.Dir, Layout: Classes, Ink: true}
	for p := mnist.TrainLabels; p <= mnist.TestLabels; p++ {
		if err := read.Missing[p]; err != nil && (p != mnist.TestLabels || !errors.Is(err, mnist.ErrAbsent)) {
			d.Notes = append(d.Notes, fmt.Sprintf("without %s: %v", p, err))
		}
	}
	f := form{o.Width, o.Height, max(o.Channels, 1), o.Fit, o.Background}
	if f.Width == 0 {
		f.Width, f.Height = read.Train.Cols, read.Train.Rows
	}
	hash := sha256.New()
	for _, set := range []struct {
		name string
		mnist.Set
	}{{"train", read.Train}, {"test", read.Test}} {
		if set.Count == 0 {
			continue
		}
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
