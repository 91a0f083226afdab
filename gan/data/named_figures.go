package data

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"gangpu/gan/data/emoji"
)

const (
	edgesName = "edges-emoji"
	tonesName = "emoji-tones"
)

// drawnAt is a drawing on white, without the empty columns beside it, of tileSide pixels.
func drawnAt(d emoji.Drawing) (*image.RGBA, error) {
	img, err := png.Decode(bytes.NewReader(d.PNG))
	if err != nil {
		return nil, fmt.Errorf("the drawing %s: %w", d.ID(), err)
	}
	to := image.NewRGBA(image.Rect(0, 0, tileSide, tileSide))
	f := form{Width: tileSide, Height: tileSide, Channels: 3, Fit: Crop, Background: color.NRGBA{R: 255, G: 255, B: 255, A: 255}}
	pixels := make([]uint8, f.bytes())
	if err := render(img, img.Bounds(), 1, f, pixels); err != nil {
		return nil, err
	}
	for i := range tileSide * tileSide {
		copy(to.Pix[4*i:], pixels[3*i:3*i+3])
		to.Pix[4*i+3] = 255
	}
	return to, nil
}

// edges are the lines of a picture, black on white: where Sobel's gradient of red, green or blue is longer than a
// quarter of the range, and longer than that of both neighbours in its direction (as Canny, 1986, thins lines).
func edges(img *image.RGBA) *image.Gray {
	size := img.Bounds().Size()
	at := func(x, y, c int) float64 {
		x, y = min(max(x, 0), size.X-1), min(max(y, 0), size.Y-1)
		return float64(img.Pix[img.PixOffset(x, y)+c])
	}
	length := make([]float64, size.X*size.Y)
	direction := make([]image.Point, len(length))
	for y := range size.Y {
		for x := range size.X {
			for c := range 3 {
				dx := at(x+1, y-1, c) + 2*at(x+1, y, c) + at(x+1, y+1, c) - at(x-1, y-1, c) - 2*at(x-1, y, c) - at(x-1, y+1, c)
				dy := at(x-1, y+1, c) + 2*at(x, y+1, c) + at(x+1, y+1, c) - at(x-1, y-1, c) - 2*at(x, y-1, c) - at(x+1, y-1, c)
				if l := math.Hypot(dx, dy) / 4; l > length[y*size.X+x] {
					length[y*size.X+x] = l
					direction[y*size.X+x] = image.Pt(int(math.Round(dx/(4*l))), int(math.Round(dy/(4*l))))
				}
			}
		}
	}
	lines := image.NewGray(img.Bounds())
	beside := func(p image.Point) float64 {
		if !p.In(image.Rectangle{Max: size}) {
			return 0
		}
		return length[p.Y*size.X+p.X]
	}
	for i, l := range length {
		p := image.Pt(i%size.X, i/size.X)
		lines.Pix[i] = 255
		// Of two neighbours of one length, as beside a sharp step, the second one is the line.
		if l > 255/4.0 && l >= beside(p.Add(direction[i])) && l > beside(p.Sub(direction[i])) {
			lines.Pix[i] = 0
		}
	}
	return lines
}

// makeEdges makes pairs of all drawings: a is their lines, b the drawing.
func makeEdges(ctx context.Context, o Options, put putPicture) error {
	drawings, _, err := emojiDrawings(ctx, o)
	if err != nil {
		return err
	}
	test := testedBases(basesOf(drawings))
	for _, d := range drawings {
		img, err := drawnAt(d)
		if err != nil {
			return err
		}
		split := "train"
		if test[d.Base] {
			split = "test"
		}
		for folder, picture := range map[string]image.Image{"a": edges(img), "b": img} {
			if err := put(split+"/"+folder+"/"+d.ID()+".png", picture); err != nil {
				return err
			}
		}
	}
	return nil
}

// tones are the classes of emoji-tones; the code points of all but the first follow each other.
var tones = []string{"yellow", "light", "medium-light", "medium", "medium-dark", "dark"}

const firstToneCode = 0x1F3FB

// toneOf is the number of a sequence's tone, and the sequence without it; false if it has several tones.
func toneOf(codes []rune) (tone int, figure string, ok bool) {
	d := emoji.Drawing{}
	for _, c := range codes {
		if c < firstToneCode || int(c) >= firstToneCode+len(tones)-1 {
			if c != 0xFE0F { // a variation selector, which a tone stands in the place of
				d.Codes = append(d.Codes, c)
			}
			continue
		}
		if tone > 0 {
			return 0, "", false
		}
		tone = int(c-firstToneCode) + 1
	}
	return tone, d.ID(), len(d.Codes) > 0
}

// makeTones makes the figures that are drawn in all six tones, each in the same pose: a class is a tone, and a file's name
// is that of the figure.
func makeTones(ctx context.Context, o Options, put putPicture) error {
	drawings, _, err := emojiDrawings(ctx, o)
	if err != nil {
		return err
	}
	test := testedBases(basesOf(drawings))
	figures := map[string][]*emoji.Drawing{}
	for i, d := range drawings {
		if tone, figure, ok := toneOf(d.Codes); ok {
			if figures[figure] == nil {
				figures[figure] = make([]*emoji.Drawing, len(tones))
			}
			figures[figure][tone] = &drawings[i]
		}
	}
	for figure, all := range figures {
		whole := true
		for _, d := range all {
			whole = whole && d != nil
		}
		if !whole {
			continue
		}
		split := "train"
		if test[all[0].Base] {
			split = "test"
		}
		for tone, d := range all {
			img, err := drawnAt(*d)
			if err != nil {
				return err
			}
			if err := put(fmt.Sprintf("%s/%s/%s.png", split, tones[tone], figure), img); err != nil {
				return err
			}
		}
	}
	return nil
}
