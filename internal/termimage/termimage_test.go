package termimage

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"
)

func write(t *testing.T, picture *image.Gray, form Form) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, picture, form); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// picture has the given rows of greys.
func picture(rows ...[]uint8) *image.Gray {
	p := image.NewGray(image.Rect(0, 0, len(rows[0]), len(rows)))
	for y, row := range rows {
		for x, v := range row {
			p.SetGray(x, y, color.Gray{Y: v})
		}
	}
	return p
}

func TestWrite(t *testing.T) {
	p := picture([]uint8{0, 0, 200}, []uint8{255, 255, 0}, []uint8{0, 8, 238})
	for form, want := range map[Form]string{
		TrueColour: "\x1b[38;2;0;0;0;48;2;255;255;255m▀▀\x1b[38;2;200;200;200;48;2;0;0;0m▀\x1b[0m\n" +
			"\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[38;2;8;8;8;48;2;255;255;255m▀\x1b[38;2;238;238;238;48;2;255;255;255m▀\x1b[0m\n",
		Palette256: "\x1b[38;5;16;48;5;231m▀▀\x1b[38;5;251;48;5;16m▀\x1b[0m\n" +
			"\x1b[38;5;16;48;5;231m▀\x1b[38;5;232;48;5;231m▀\x1b[38;5;255;48;5;231m▀\x1b[0m\n",
		Plain: "==+\n== \n",
	} {
		if got := write(t, p, form); got != want {
			t.Errorf("form %d:\n%q, want\n%q", form, got, want)
		}
	}
	if got := write(t, picture([]uint8{0, 255}, []uint8{0, 255}), Plain); got != "@ \n" {
		t.Errorf("ink and paper are %q", got)
	}
}

// Each grey gets the nearest that a terminal of 256 colours has.
func TestIndex256(t *testing.T) {
	greys := map[int]int{16: 0, 231: 255}
	for i := range 24 {
		greys[232+i] = 8 + 10*i
	}
	distance := func(index, v int) int { return max(greys[index]-v, v-greys[index]) }
	for v := range 256 {
		got := index256(uint8(v))
		for index := range greys {
			if distance(index, v) < distance(got, v) {
				t.Errorf("%d is drawn as %d, %d is nearer", v, greys[got], greys[index])
			}
		}
	}
}

func TestFormOf(t *testing.T) {
	for environment, want := range map[string]Form{
		"TERM=xterm-256color COLORTERM=truecolor LANG=en_GB.UTF-8":            TrueColour,
		"TERM=xterm COLORTERM=24bit":                                          TrueColour,
		"TERM=tmux-256color LANG=de_DE.utf8":                                  Palette256,
		"TERM=xterm-256color COLORTERM=truecolor LANG=C":                      Plain,
		"TERM=xterm-256color LANG=en_GB.UTF-8 LC_ALL=POSIX":                   Plain,
		"TERM=xterm-256color LANG=C LC_CTYPE=C.UTF-8":                         Palette256,
		"TERM=xterm-256color COLORTERM=truecolor LANG=en_GB.UTF-8 NO_COLOR=1": Plain,
		"TERM=dumb COLORTERM=truecolor":                                       Plain,
		"TERM=linux":                                                          Plain,
		"":                                                                    Plain,
	} {
		got := FormOf(func(name string) string {
			for _, v := range strings.Fields(environment) {
				if n, value, _ := strings.Cut(v, "="); n == name {
					return value
				}
			}
			return ""
		})
		if got != want {
			t.Errorf("%q: form %d, want %d", environment, got, want)
		}
	}
}

// A grid fits, and no image is too small to be seen unless even one is.
func TestFit(t *testing.T) {
	for _, size := range []image.Point{{28, 28}, {64, 64}, {8, 8}, {32, 16}} {
		for columns := 1; columns < 300; columns += 9 {
			for _, lines := range []int{0, 1, 23, 50} {
				l := Fit(25, size, columns, lines)
				rows := (l.Count + l.PerRow - 1) / l.PerRow
				whole := image.NewGray(image.Rect(0, 0, l.PerRow*(size.X+Gap)+Gap, rows*(size.Y+Gap)+Gap))
				got := Shrink(whole, l.Width).Bounds().Size()
				what := fmt.Sprintf("%v in %d columns, %d lines: %+v, %v", size, columns, lines, l, got)
				if got.X > max(columns, 1) || (got.Y+1)/2 > max(lines, 1) {
					t.Fatalf("does not fit: %s", what)
				}
				if scale := float64(got.X) / float64(whole.Bounds().Dx()); l.Count > 1 && scale*float64(min(size.X, size.Y)) < min(least, float64(min(size.X, size.Y)))-1 {
					t.Fatalf("too small: %s", what)
				}
			}
		}
	}
	for in, want := range map[image.Point]Layout{
		{80, 23}:   {15, 5, 76},
		{152, 76}:  {25, 5, 152},
		{400, 200}: {25, 5, 152},
	} {
		if got := Fit(25, image.Pt(28, 28), in.X, in.Y); got != want {
			t.Errorf("%v: %+v, want %+v", in, got, want)
		}
	}
}

// Shrinking keeps the mean.
func TestShrink(t *testing.T) {
	p := image.NewGray(image.Rect(0, 0, 40, 40))
	for i := range p.Pix {
		p.Pix[i] = 255 * uint8((i/40+i)%2)
	}
	small := Shrink(p, 10).(*image.Gray)
	if small.Bounds().Size() != image.Pt(10, 10) {
		t.Fatalf("shrunk to %v", small.Bounds())
	}
	for _, v := range small.Pix {
		if v < 117 || v > 138 {
			t.Fatalf("a chequerboard shrinks to %v", small.Pix)
		}
	}
	if Shrink(p, 41) != image.Image(p) {
		t.Error("a picture that fits was redrawn")
	}
}

// Colours stay colours, by the nearest of the palette where there are 256, and become greys in plain characters.
func TestColours(t *testing.T) {
	p := image.NewRGBA(image.Rect(0, 0, 2, 2))
	for i, c := range []color.RGBA{{255, 0, 0, 255}, {0, 96, 200, 255}, {60, 130, 250, 255}, {128, 128, 128, 255}} {
		p.SetRGBA(i%2, i/2, c)
	}
	var b strings.Builder
	for _, f := range []Form{TrueColour, Palette256, Plain} {
		if err := Write(&b, p, f); err != nil {
			t.Fatal(err)
		}
	}
	want := "\x1b[38;2;255;0;0;48;2;60;130;250m▀\x1b[38;2;0;96;200;48;2;128;128;128m▀\x1b[0m\n" +
		"\x1b[38;5;196;48;5;69m▀\x1b[38;5;26;48;5;244m▀\x1b[0m\n++\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if small, ok := Shrink(p, 1).(*image.RGBA); !ok || small.Bounds().Size() != image.Pt(1, 1) {
		t.Error("a coloured picture does not shrink to a coloured one")
	}
}
