package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// inMemory is a field of pictures whose pixels all differ, as far as bytes can.
func inMemory(name string, count, height, width, channels int) *Field {
	f := &Field{Name: name, Count: count, Height: height, Width: width, Channels: channels}
	pixels := make([]uint8, f.Bytes())
	for i := range pixels {
		pixels[i] = uint8(i*7 + i/256)
	}
	f.at = bytes.NewReader(pixels)
	return f
}

// some rows, another of them for each step.
func some(count int) func(uint64, []int32) {
	return func(step uint64, rows []int32) {
		for i := range rows {
			rows[i] = int32((step*31 + uint64(i)*17) % uint64(count))
		}
	}
}

// take copies the next batches.
func take(t *testing.T, l *Loader, n int) []Batch {
	t.Helper()
	var list []Batch
	for range n {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		c := Batch{Step: b.Step, Rows: slices.Clone(b.Rows)}
		for _, v := range b.Values {
			c.Values = append(c.Values, slices.Clone(v))
		}
		list = append(list, c)
	}
	return list
}

func load(t *testing.T, o LoaderOptions) *Loader {
	t.Helper()
	l, err := NewLoader(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// A batch has the rows that it was asked for, in order, in the asked range; every step comes once, in order.
func TestLoader(t *testing.T) {
	for _, ahead := range []int{1, 2, 5} {
		a, b := inMemory("a", 40, 5, 4, 3), inMemory("b", 40, 2, 3, 1)
		l := load(t, LoaderOptions{Fields: []*Field{a, b}, Batch: 6, Indices: some(40), First: 7, Low: -1, High: 1, Ahead: ahead})
		for i, batch := range take(t, l, 20) {
			want := make([]int32, 6)
			some(40)(uint64(7+i), want)
			if batch.Step != uint64(7+i) || !slices.Equal(batch.Rows, want) {
				t.Fatalf("batch %d is of step %d, rows %v, want %v", i, batch.Step, batch.Rows, want)
			}
			for k, f := range []*Field{a, b} {
				picture := make([]uint8, f.Size())
				for j, row := range want {
					if err := f.Read(int(row), picture); err != nil {
						t.Fatal(err)
					}
					for p, v := range picture {
						if got, want := batch.Values[k][j*len(picture)+p], float64(v)/127.5-1; math.Abs(float64(got)-want) > 1e-6 {
							t.Fatalf("value %d of row %d is %v, want %v", p, row, got, want)
						}
					}
				}
			}
		}
		if l.Step() != 27 {
			t.Errorf("the next step is %d", l.Step())
		}
	}
}

func equal(a, b []Batch) error {
	for i := range a {
		if a[i].Step != b[i].Step || !slices.Equal(a[i].Rows, b[i].Rows) {
			return fmt.Errorf("step %d of rows %v, and step %d of rows %v", a[i].Step, a[i].Rows, b[i].Step, b[i].Rows)
		}
		for k := range a[i].Values {
			if !slices.Equal(a[i].Values[k], b[i].Values[k]) {
				return fmt.Errorf("step %d has other values", a[i].Step)
			}
		}
	}
	return nil
}

// A loader that begins at a later step goes on as the one before would have, however many are made ahead.
func TestLoaderResumes(t *testing.T) {
	o := LoaderOptions{Fields: []*Field{inMemory("image", 50, 8, 8, 3)}, Batch: 5, Indices: some(50),
		Augment: Augment{Seed: 3, Stream: 9, Flip: true, Shift: 2, CropHeight: 6, CropWidth: 5}}
	whole := take(t, load(t, o), 12)
	o.First, o.Ahead = 5, 3
	if err := equal(whole[5:], take(t, load(t, o), 7)); err != nil {
		t.Error(err)
	}
	o.Augment.Seed = 4
	if equal(whole[5:], take(t, load(t, o), 7)) == nil {
		t.Error("another seed changes nothing")
	}
	o.Augment.Seed, o.Augment.Stream = 3, 10
	if equal(whole[5:], take(t, load(t, o), 7)) == nil {
		t.Error("another stream changes nothing")
	}
}

// Augmented pictures are cut, moved and mirrored as their definition says, each kind about as often as it should be,
// and both pictures of a pair alike.
func TestAugment(t *testing.T) {
	const height, width, channels, cropHeight, cropWidth, shift = 9, 8, 3, 6, 5, 2
	a := inMemory("a", 10, height, width, channels)
	o := LoaderOptions{Fields: []*Field{a, a}, Batch: 10, Indices: func(_ uint64, rows []int32) {
		for i := range rows {
			rows[i] = int32(i)
		}
	}, High: 255, Augment: Augment{Seed: 1, Flip: true, Shift: shift, CropHeight: cropHeight, CropWidth: cropWidth}}
	l := load(t, o)
	tops, lefts, flips, total := map[int]int{}, map[int]int{}, 0, 0
	picture := make([]uint8, a.Size())
	for range 200 {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.Values[0], b.Values[1]) {
			t.Fatal("the pictures of a pair differ")
		}
		for i := range 10 {
			if err := a.Read(i, picture); err != nil {
				t.Fatal(err)
			}
			got := b.Values[0][i*cropHeight*cropWidth*channels:][:cropHeight*cropWidth*channels]
			top, left, flip, ok := findCrop(picture, got, height, width, channels, cropHeight, cropWidth, shift)
			if !ok {
				t.Fatalf("picture %d is no part of what is stored", i)
			}
			tops[top]++
			lefts[left]++
			total++
			if flip {
				flips++
			}
		}
	}
	if len(tops) != height-cropHeight+1+2*shift || len(lefts) != width-cropWidth+1+2*shift {
		t.Errorf("%d and %d places", len(tops), len(lefts))
	}
	for name, counts := range map[string]map[int]int{"top": tops, "left": lefts} {
		for at, n := range counts {
			mean := float64(total) / float64(len(counts))
			if math.Abs(float64(n)-mean) > 5*math.Sqrt(mean) {
				t.Errorf("%s %d comes %d times of %d, %.0f expected", name, at, n, total, mean)
			}
		}
	}
	if n, mean := float64(flips), float64(total)/2; math.Abs(n-mean) > 5*math.Sqrt(mean) {
		t.Errorf("%d of %d are mirrored", flips, total)
	}
}

// findCrop tries all parts of a picture that an augmented one may be.
func findCrop(from []uint8, got []float32, height, width, channels, cropHeight, cropWidth, shift int) (top, left int, flip, ok bool) {
	for top = -shift; top <= height-cropHeight+shift; top++ {
		for left = -shift; left <= width-cropWidth+shift; left++ {
			for _, flip = range []bool{false, true} {
				same := true
				for y := range cropHeight {
					for x := range cropWidth {
						column := left + x
						if flip {
							column = left + cropWidth - 1 - x
						}
						at := (min(max(top+y, 0), height-1)*width + min(max(column, 0), width-1)) * channels
						for c := range channels {
							same = same && got[(y*cropWidth+x)*channels+c] == float32(from[at+c])
						}
					}
				}
				if same {
					return top, left, flip, true
				}
			}
		}
	}
	return 0, 0, false, false
}

// Turned pictures are the stored one by quarters against the clock, mirrored or not, each of the eight about as often; of
// parts that are cut out too.
func TestAugmentTurns(t *testing.T) {
	const side, channels, count = 4, 2, 4000
	f := inMemory("image", 1, side, side, channels)
	stored := make([]uint8, f.Size())
	if err := f.Read(0, stored); err != nil {
		t.Fatal(err)
	}
	turn := func(from []float32) []float32 { // what is at the top comes to the left
		to := make([]float32, len(from))
		for y := range side {
			for x := range side {
				copy(to[((side-1-x)*side+y)*channels:][:channels], from[(y*side+x)*channels:])
			}
		}
		return to
	}
	all := map[string]int{}
	whole, mirrored := make([]float32, len(stored)), make([]float32, len(stored))
	for i, v := range stored {
		whole[i] = float32(v)
		mirrored[(i/channels/side*side+side-1-i/channels%side)*channels+i%channels] = float32(v)
	}
	for range 4 {
		all[fmt.Sprint(whole)], all[fmt.Sprint(mirrored)] = 0, 0
		whole, mirrored = turn(whole), turn(mirrored)
	}
	o := LoaderOptions{Fields: []*Field{f}, Batch: count, Indices: func(uint64, []int32) {}, High: 255, Augment: Augment{Seed: 1, Flip: true, Turn: true}}
	b, err := load(t, o).Next()
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		all[fmt.Sprint(b.Values[0][i*f.Size():(i+1)*f.Size()])]++
	}
	if len(all) != 8 {
		t.Fatalf("%d pictures, want the 8 that one can become", len(all))
	}
	for _, n := range all {
		if mean := count / 8.0; math.Abs(float64(n)-mean) > 5*math.Sqrt(mean) {
			t.Errorf("one of eight comes %d times of %d", n, count)
		}
	}
	o.Batch, o.Fields[0] = 50, inMemory("image", 1, 6, 5, 1)
	o.Augment = Augment{Turn: true, CropHeight: 3, CropWidth: 3, Shift: 1}
	if _, err := load(t, o).Next(); err != nil {
		t.Error(err)
	}
}

func TestLoaderErrors(t *testing.T) {
	f := inMemory("image", 4, 2, 2, 1)
	good := LoaderOptions{Fields: []*Field{f}, Batch: 2, Indices: some(4)}
	for want, change := range map[string]func(*LoaderOptions){
		"0 fields":                func(o *LoaderOptions) { o.Fields = nil },
		"batches of 0":            func(o *LoaderOptions) { o.Batch = 0 },
		"fields of 4 and 5 rows":  func(o *LoaderOptions) { o.Fields = []*Field{f, inMemory("b", 5, 2, 2, 1)} },
		"parts of 3 x 1":          func(o *LoaderOptions) { o.Augment.CropHeight, o.Augment.CropWidth = 3, 1 },
		"by quarters":             func(o *LoaderOptions) { o.Augment = Augment{Turn: true, CropHeight: 2, CropWidth: 1} },
		"shifted by up to -1":     func(o *LoaderOptions) { o.Augment.Shift = -1 },
		"a loader of 1 fields in": func(o *LoaderOptions) { o.Indices = nil },
	} {
		o := good
		change(&o)
		if _, err := NewLoader(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	// A row that is not there is told of when its batch is due, and ever after.
	o := good
	o.Indices = func(step uint64, rows []int32) { rows[1] = int32(step) }
	l := load(t, o)
	take(t, l, 4)
	for range 3 {
		if _, err := l.Next(); err == nil || !strings.Contains(err.Error(), "picture 4 of 4") {
			t.Fatalf("error %v", err)
		}
	}
	l.Close()
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	if l, err := NewLoader(ctx, good); err != nil {
		t.Fatal(err)
	} else {
		cancel(reason)
		for err == nil {
			_, err = l.Next()
		}
		if !errors.Is(err, reason) {
			t.Errorf("error %v", err)
		}
		l.Close()
	}
}

// A batch costs no memory.
func TestLoaderAllocates(t *testing.T) {
	l := load(t, LoaderOptions{Fields: []*Field{inMemory("image", 64, 8, 8, 3)}, Batch: 16, Indices: some(64), Augment: Augment{Flip: true}})
	take(t, l, 4)
	if n := testing.AllocsPerRun(50, func() {
		if _, err := l.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// BenchmarkLoader makes batches of 64 pictures of 64 x 64 in colour, mirrored, out of a file.
func BenchmarkLoader(b *testing.B) {
	f := inMemory("image", 2000, 64, 64, 3)
	l, err := NewLoader(b.Context(), LoaderOptions{Fields: []*Field{f}, Batch: 64, Indices: some(2000), Augment: Augment{Flip: true}})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		if _, err := l.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
