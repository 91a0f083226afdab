package data_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"gangpu/gan/data"
)

// A folder of pictures, a class a folder, in batches of floats from -1 to 1.
func Example() {
	ctx := context.Background()
	root, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	draw(filepath.Join(root, "shapes", "light"), 3, color.White)
	draw(filepath.Join(root, "shapes", "dark"), 3, color.Black)

	d, err := data.Open(ctx, data.Options{Folder: filepath.Join(root, "shapes"), Width: 4, Height: 4, Cache: filepath.Join(root, "cache")})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	train := d.Split("train")
	l, err := data.NewLoader(ctx, data.LoaderOptions{
		Fields: train.Fields, Batch: 2, Low: -1, High: 1,
		// Which rows a step sees is a function of the step, so that a run can go on anywhere.
		Indices: func(step uint64, rows []int32) {
			for i := range rows {
				rows[i] = int32((step + 3*uint64(i)) % uint64(train.Fields[0].Count))
			}
		},
		Augment: data.Augment{Seed: 1, Flip: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	for range 2 {
		b, err := l.Next()
		if err != nil {
			log.Fatal(err)
		}
		for i, row := range b.Rows {
			fmt.Println(b.Step, d.Classes[train.Labels[row]], b.Values[0][i*4*4*3])
		}
	}
	// Output:
	// 0 dark -1
	// 0 light 1
	// 1 dark -1
	// 1 light 1
}

// draw makes n pictures of one colour.
func draw(folder string, n int, c color.Color) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		log.Fatal(err)
	}
	for i := range n {
		f, err := os.Create(filepath.Join(folder, fmt.Sprint(i, ".png")))
		if err != nil {
			log.Fatal(err)
		}
		img := image.NewRGBA(image.Rect(0, 0, 8, 8))
		for y := range 8 {
			for x := range 8 {
				img.Set(x, y, c)
			}
		}
		if err := png.Encode(f, img); err != nil {
			log.Fatal(err)
		}
		f.Close()
	}
}
