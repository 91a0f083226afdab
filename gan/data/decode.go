package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	_ "image/jpeg" // for image.Decode, like those below
	_ "image/png"
	"io"
	"math"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// maxDecoded bounds a picture's pixels: each worker holds one picture, of up to 8 bytes a pixel.
const maxDecoded = 200_000_000

// A header is what a file says of its picture before the pixels.
type header struct {
	format      string      // png, jpeg, gif, webp, bmp, tiff
	size        image.Point // upright
	grey        bool
	alpha       bool // it may have transparent pixels
	deep        bool // 16 bits a channel
	orientation int  // 1 to 8, as EXIF numbers them
	stored      image.Point
}

// readHeader reads what comes before the pixels. An error is a *fileError.
func readHeader(content []byte) (h header, err error) {
	defer recoverDecoder(&err)
	if len(content) == 0 {
		return h, &fileError{"empty", "is empty"}
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return h, explain(content, err)
	}
	h = header{format: format, stored: image.Pt(config.Width, config.Height), orientation: orientation(format, content)}
	h.size = h.stored
	if h.orientation > 4 {
		h.size = image.Pt(h.size.Y, h.size.X)
	}
	switch {
	case h.size.X < 1 || h.size.Y < 1:
		return h, &fileError{"damaged", "has no pixels"}
	case h.size.X > maxDecoded/h.size.Y:
		return h, &fileError{"too large", fmt.Sprintf("has %d x %d pixels, more than the %d that are read", h.size.X, h.size.Y, maxDecoded)}
	}
	switch m := config.ColorModel; m {
	case color.GrayModel:
		h.grey = true
	case color.Gray16Model:
		h.grey, h.deep = true, true
	case color.RGBA64Model:
		h.deep = true
	case color.NRGBA64Model:
		h.deep, h.alpha = true, true
	case color.NRGBAModel, color.NYCbCrAModel, color.AlphaModel:
		h.alpha = true
	default:
		if palette, ok := m.(color.Palette); ok {
			h.grey = len(palette) > 0
			for _, c := range palette {
				r, g, b, a := c.RGBA()
				h.grey = h.grey && r == g && g == b
				h.alpha = h.alpha || a != 0xffff
			}
		}
	}
	// The decoder has no model for grey with transparency: the PNG's colour type tells.
	if format == "png" && len(content) > 25 && (content[25] == 0 || content[25] == 4) {
		h.grey = true
	}
	return h, nil
}

// decode reads a picture, as it is stored. An error is a *fileError.
func decode(content []byte) (img image.Image, h header, err error) {
	defer recoverDecoder(&err)
	if h, err = readHeader(content); err != nil {
		return nil, h, err
	}
	if h.format == "gif" {
		// The first frame may cover a part of the picture only; image.Decode says where.
		frame, err := gif.Decode(bytes.NewReader(content))
		if err != nil {
			return nil, h, explain(content, err)
		}
		if frame.Bounds() == (image.Rectangle{Max: h.stored}) {
			return frame, h, nil
		}
		whole := image.NewNRGBA(image.Rectangle{Max: h.stored})
		draw.Draw(whole, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
		return whole, h, nil
	}
	img, _, err = image.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, h, explain(content, err)
	}
	if h.format == "webp" {
		fullRange(img)
	}
	return img, h, nil
}

// fullRange spreads the values of a lossy WebP. They are those of video (RFC 6386, 9.2: ITU-R BT.601, luma from 16 to
// 235, chroma from 16 to 240), but the decoder hands them out as image.YCbCr, whose values go from 0 to 255.
func fullRange(img image.Image) {
	p, ok := img.(*image.YCbCr)
	if a, alpha := img.(*image.NYCbCrA); alpha {
		p, ok = &a.YCbCr, true
	}
	if !ok {
		return
	}
	var luma, chroma [256]uint8
	for v := range luma {
		spread := func(from, span, to float64) uint8 {
			return uint8(min(max(math.Round((float64(v)-from)*255/span+to), 0), 255))
		}
		luma[v], chroma[v] = spread(16, 219, 0), spread(128, 224, 128)
	}
	for i, v := range p.Y {
		p.Y[i] = luma[v]
	}
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = chroma[p.Cb[i]], chroma[p.Cr[i]]
	}
}

// recoverDecoder turns a decoder's panic into an error: a decoder that a damaged file upsets is no reason to stop.
func recoverDecoder(err *error) {
	if p := recover(); p != nil {
		*err = &fileError{"damaged", fmt.Sprintf("is damaged: its decoder fails (%v)", p)}
	}
}

// A fileError says what is wrong with one file.
type fileError struct {
	kind string // of problem
	text string // goes on after the file's name
}

func (e *fileError) Error() string { return e.text }

// explain says in plain words why content is not read as a picture.
func explain(content []byte, err error) *fileError {
	text := strings.ToLower(err.Error())
	switch {
	case errors.Is(err, image.ErrFormat):
		if kind := unreadKind(content); kind != "" {
			return &fileError{"not read", fmt.Sprintf("is %s, which is not read: convert it to PNG or JPEG", kind)}
		}
		return &fileError{"no picture", "is no picture" + looksLike(content)}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), strings.Contains(text, "eof"),
		strings.Contains(text, "not enough"), strings.Contains(text, "too short"), strings.Contains(text, "short "):
		return &fileError{"cut", fmt.Sprintf("is cut: its %d bytes end in the middle of the picture", len(content))}
	case strings.Contains(text, "unsupported"):
		return &fileError{"not read", fmt.Sprintf("is of a kind that is not read: %v", err)}
	}
	return &fileError{"damaged", fmt.Sprintf("is damaged: %v", err)}
}

// unreadKind names the formats of pictures that have no decoder here, by how they begin.
func unreadKind(content []byte) string {
	at := func(offset int, mark string) bool {
		return len(content) >= offset+len(mark) && string(content[offset:offset+len(mark)]) == mark
	}
	switch {
	case at(4, "ftypavif"), at(4, "ftypavis"):
		return "AVIF"
	case at(4, "ftyphei"), at(4, "ftyphev"), at(4, "ftypmif1"), at(4, "ftypmsf1"):
		return "HEIC"
	case at(0, "\xff\x0a"), at(0, "\x00\x00\x00\x0cJXL "):
		return "JPEG XL"
	case at(0, "\x00\x00\x00\x0cjP  "), at(0, "\xff\x4f\xff\x51"):
		return "JPEG 2000"
	case at(0, "8BPS"):
		return "Photoshop's format"
	case at(0, "\x00\x00\x01\x00"):
		return "an icon"
	case at(0, "P1"), at(0, "P2"), at(0, "P3"), at(0, "P4"), at(0, "P5"), at(0, "P6"):
		return "PNM"
	case at(0, "\x76\x2f\x31\x01"):
		return "OpenEXR"
	case at(0, "<svg"), at(0, "<?xml") && bytes.Contains(content[:min(len(content), 1000)], []byte("<svg")):
		return "SVG"
	}
	return ""
}

// looksLike says what a file that is no picture may be.
func looksLike(content []byte) string {
	begin := strings.ToLower(string(bytes.TrimSpace(content[:min(len(content), 200)])))
	switch {
	case strings.HasPrefix(begin, "<!doctype html"), strings.HasPrefix(begin, "<html"):
		return ": it begins like a web page"
	case strings.HasPrefix(begin, "version https://git-lfs"):
		return ": it is a pointer of Git LFS, whose content was not fetched"
	case strings.Trim(begin, "\x00") == "":
		return ": it begins with zeros"
	case strings.HasPrefix(begin, "{"), strings.HasPrefix(begin, "<"):
		return ": it is text"
	case strings.HasPrefix(begin, "pk\x03\x04"):
		return ": it is an archive"
	}
	return ""
}
