// Package termimage draws pictures in a terminal.
package termimage

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"io"
	"strings"

	"golang.org/x/image/draw"
)

// Form is how pixels become characters.
type Form int

const (
	// Plain is ASCII: a character stands for two pixels, one above the other.
	Plain Form = iota
	// Palette256 is half blocks in the 26 greys, and 216 colours, of a terminal of 256: a character shows two
	// pixels, one above the other.
	Palette256
	// TrueColour is half blocks in all colours.
	TrueColour
)

// FormOf is what a terminal can show by its environment: COLORTERM and TERM name the colours, the
// locale tells whether half blocks can be written; NO_COLOR (no-color.org) asks for none.
func FormOf(getenv func(string) string) Form {
	locale := ""
	for _, name := range []string{"LANG", "LC_CTYPE", "LC_ALL"} { // the last that is set counts
		if v := getenv(name); v != "" {
			locale = strings.ToLower(v)
		}
	}
	utf8 := locale == "" || strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
	switch colours := getenv("COLORTERM"); {
	case !utf8 || getenv("NO_COLOR") != "" || getenv("TERM") == "dumb":
		return Plain
	case colours == "truecolor" || colours == "24bit":
		return TrueColour
	case strings.Contains(getenv("TERM"), "256color"):
		return Palette256
	}
	return Plain
}

// Shrink is the picture reduced to that width, or as it is if it is no wider.
func Shrink(picture image.Image, width int) image.Image {
	size := picture.Bounds().Size()
	if width >= size.X || width < 1 {
		return picture
	}
	to := image.Rect(0, 0, width, max(1, (size.Y*width+size.X/2)/size.X))
	var small draw.Image = image.NewRGBA(to)
	if _, grey := picture.(*image.Gray); grey {
		small = image.NewGray(to)
	}
	draw.BiLinear.Scale(small, small.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	return small
}

// Write draws the picture, a column a pixel, from the beginning of a line. It ends with a line feed
// in the terminal's own colours.
func Write(w io.Writer, picture image.Image, form Form) error {
	out := bufio.NewWriter(w)
	b := picture.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA) }
	for y := b.Min.Y; y < b.Max.Y; y += 2 {
		var last [2]color.RGBA // colours of the character before, of which there is none that is transparent
		for x := b.Min.X; x < b.Max.X; x++ {
			upper, lower := at(x, y), color.RGBA{255, 255, 255, 255} // paper below the last row
			if y+1 < b.Max.Y {
				lower = at(x, y+1)
			}
			if form == Plain {
				out.WriteByte(character(grey(upper), grey(lower)))
				continue
			}
			if pair := [2]color.RGBA{upper, lower}; pair != last {
				fmt.Fprintf(out, "\x1b[38;%s;48;%sm", colour(upper, form), colour(lower, form))
				last = pair
			}
			out.WriteRune('▀')
		}
		if form != Plain {
			out.WriteString("\x1b[0m")
		}
		out.WriteByte('\n')
	}
	return out.Flush()
}

// ramp is from paper to ink.
const ramp = " .:-=+*#%@"

func character(upper, lower uint8) byte {
	ink := 510 - int(upper) - int(lower)
	return ramp[ink*(len(ramp)-1)/510]
}

// grey is how light a colour is.
func grey(c color.RGBA) uint8 { return color.GrayModel.Convert(c).(color.Gray).Y }

// colour is what follows 38; or 48; in the control sequence (ECMA-48, SGR).
func colour(c color.RGBA, form Form) string {
	if form == TrueColour {
		return fmt.Sprintf("2;%d;%d;%d", c.R, c.G, c.B)
	}
	if c.R == c.G && c.G == c.B {
		return fmt.Sprintf("5;%d", index256(c.R))
	}
	return fmt.Sprintf("5;%d", 16+36*level(c.R)+6*level(c.G)+level(c.B))
}

// level is the nearest of the six of a channel: 0, then 95 to 255 in steps of 40.
func level(v uint8) int {
	if v < 48 {
		return 0
	}
	return max(1, (int(v)-35)/40)
}

// index256 is the nearest of black, the ramp of 24 greys from 8 to 238, and white.
func index256(grey uint8) int {
	switch {
	case grey < 4:
		return 16
	case grey > 246:
		return 231
	}
	return 232 + min((max(int(grey)-3, 0))/10, 23)
}
