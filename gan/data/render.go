package data

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
)

// Fit says how a picture of another shape becomes one of the wanted width and height.
type Fit string

// The fits.
const (
	Crop    Fit = "crop"    // the largest part in the middle that has the wanted shape
	Pad     Fit = "pad"     // the whole picture, with background beside or above it
	Stretch Fit = "stretch" // the whole picture, distorted
	Tiles   Fit = "tiles"   // as many pictures of the wanted size as lie side by side in it, from its left upper corner, not resampled
)

// Fits are all of them.
var Fits = []Fit{Crop, Pad, Stretch, Tiles}

// A form is what every picture of a dataset is made to.
type form struct {
	Width, Height, Channels int
	Fit                     Fit
	Background              color.NRGBA // opaque
}

// bytes are those of one picture.
func (f form) bytes() int { return f.Width * f.Height * f.Channels }

// render makes a picture, or a part of it, upright and of the wanted form. into is [Height, Width, Channels].
//
// Resampling is by the Catmull-Rom spline, which is stretched over as many pixels as become one where a picture
// shrinks, in 16 bits, with colours weighed by their opacity. Where size and shape fit, pixels stay as they are.
func render(img image.Image, part image.Rectangle, orientation int, f form, into []uint8) error {
	if len(into) != f.bytes() {
		return fmt.Errorf("a picture of %d bytes into %d", f.bytes(), len(into))
	}
	// The small picture is turned, not the large one.
	turned := image.Pt(f.Width, f.Height)
	if orientation > 4 {
		turned = image.Pt(f.Height, f.Width)
	}
	from, to := f.Fit.rectangles(part, turned)
	canvas := image.NewRGBA64(image.Rectangle{Max: turned})
	if from.Size() == to.Size() {
		draw.Copy(canvas, to.Min, img, from, draw.Src, nil)
	} else {
		draw.CatmullRom.Scale(canvas, to, img, from, draw.Src, nil)
	}
	background := [3]uint32{uint32(f.Background.R) * 0x101, uint32(f.Background.G) * 0x101, uint32(f.Background.B) * 0x101}
	for y := range f.Height {
		for x := range f.Width {
			at := upright(orientation, x, y, f.Width, f.Height)
			px := canvas.Pix[canvas.PixOffset(at.X, at.Y):]
			var c [3]uint32
			clear := 0xffff - (uint32(px[6])<<8 | uint32(px[7]))
			for i := range c {
				c[i] = uint32(px[2*i])<<8 | uint32(px[2*i+1])
				c[i] += (background[i]*clear + 0x7fff) / 0xffff
			}
			out := into[(y*f.Width+x)*f.Channels:]
			if f.Channels == 1 {
				// ITU-R BT.601's weights, as color.GrayModel and others have them.
				c[0] = uint32((19595*uint64(c[0]) + 38470*uint64(c[1]) + 7471*uint64(c[2]) + 1<<15) >> 16)
			}
			for i := range f.Channels {
				out[i] = uint8((min(c[i], 0xffff)*0xff + 0x7fff) / 0xffff)
			}
		}
	}
	return nil
}

// rectangles are which part of a picture is drawn, and where.
func (fit Fit) rectangles(part image.Rectangle, size image.Point) (from, to image.Rectangle) {
	from, to = part, image.Rectangle{Max: size}
	w, h := float64(part.Dx()), float64(part.Dy())
	W, H := float64(size.X), float64(size.Y)
	switch fit {
	case Crop:
		from = middle(part, math.Min(w, h*W/H), math.Min(h, w*H/W))
	case Pad:
		to = middle(to, math.Min(W, w*H/h), math.Min(H, h*W/w))
	}
	return from, to
}

// middle is the part of r in its middle of about that size.
func middle(r image.Rectangle, width, height float64) image.Rectangle {
	w, h := max(1, int(math.Round(width))), max(1, int(math.Round(height)))
	at := r.Min.Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
}

// upright is where the pixel (x, y) of an upright picture of width x height is stored.
func upright(orientation, x, y, width, height int) image.Point {
	right, bottom := width-1-x, height-1-y
	switch orientation {
	case 2:
		return image.Pt(right, y)
	case 3:
		return image.Pt(right, bottom)
	case 4:
		return image.Pt(x, bottom)
	case 5:
		return image.Pt(y, x)
	case 6:
		return image.Pt(y, right)
	case 7:
		return image.Pt(bottom, right)
	case 8:
		return image.Pt(bottom, x)
	}
	return image.Pt(x, y)
}

// halves are the left and the right half of a picture, which is stored in an orientation.
func halves(bounds image.Rectangle, orientation int) (left, right image.Rectangle) {
	left, right = bounds, bounds
	switch orientation {
	case 5, 8: // what is left is stored above
		left.Max.Y = bounds.Min.Y + bounds.Dy()/2
		right.Min.Y = left.Max.Y
	case 6, 7:
		right.Max.Y = bounds.Min.Y + bounds.Dy()/2
		left.Min.Y = right.Max.Y
	default:
		left.Max.X = bounds.Min.X + bounds.Dx()/2
		right.Min.X = left.Max.X
		if orientation == 2 || orientation == 3 {
			left, right = right, left
		}
	}
	return left, right
}
