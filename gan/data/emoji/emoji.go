// Package emoji reads the drawings of a colour font of emoji, with what they show: Unicode's names and groups, and
// skin tones, genders and hair by their code points.
package emoji

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
)

// A Drawing is one emoji of a font.
type Drawing struct {
	Codes []rune
	Name  string // "waving hand: light skin tone"
	Group string // "People & Body"
	PNG   []byte

	// Base is the same of all drawings that are variants of one another: by skin tone, by gender, by hair.
	Base string

	// Has says which of Attributes it has.
	Has []bool
}

// Attributes are what code points tell of people. A drawing of two people may have several of a kind.
var Attributes = []string{
	"light skin", "medium-light skin", "medium skin", "medium-dark skin", "dark skin",
	"woman", "man", "person", "red hair", "curly hair", "white hair", "bald",
}

// attributeOf is the attribute that a code point stands for.
var attributeOf = map[rune]string{
	0x1F3FB: "light skin", 0x1F3FC: "medium-light skin", 0x1F3FD: "medium skin", 0x1F3FE: "medium-dark skin", 0x1F3FF: "dark skin",
	0x1F469: "woman", 0x2640: "woman", 0x1F468: "man", 0x2642: "man", 0x1F9D1: "person",
	0x1F9B0: "red hair", 0x1F9B1: "curly hair", 0x1F9B3: "white hair", 0x1F9B2: "bald",
}

// ID is a drawing's name for files: its code points in hexadecimal.
func (d Drawing) ID() string { return id(d.Codes) }

func id(codes []rune) string {
	var parts []string
	for _, c := range codes {
		parts = append(parts, strconv.FormatInt(int64(c), 16))
	}
	return strings.Join(parts, "-")
}

const (
	joiner    = 0x200D
	asEmoji   = 0xFE0F // a variation selector
	firstTone = 0x1F3FB
	lastTone  = 0x1F3FF
)

// sameAs are emoji whose variants by gender have code points of their own, and others that are variants of one another.
var sameAs = map[rune]rune{
	0x1F468: 0x1F9D1, 0x1F469: 0x1F9D1, // man, woman: person
	0x1F466: 0x1F9D2, 0x1F467: 0x1F9D2, // boy, girl: child
	0x1F474: 0x1F9D3, 0x1F475: 0x1F9D3, // old man, old woman: older person
	0x1F934: 0x1FAC5, 0x1F478: 0x1FAC5, // prince, princess: person with crown
	0x1F930: 0x1FAC4, 0x1FAC3: 0x1FAC4, // pregnant woman, pregnant man: pregnant person
	0x1F483: 0x1F57A,                   // woman dancing: man dancing
	0x1F385: 0x1F936,                   // Santa Claus: Mrs. Claus
	0x1F46C: 0x1F46B, 0x1F46D: 0x1F46B, // men, women holding hands: woman and man holding hands
}

// joined are sequences, as base leaves them, that have a code point too.
var joined = map[string]rune{
	"1f9d1-1f91d-1f9d1":      0x1F46B, // people holding hands
	"1f9d1-2764-1f48b-1f9d1": 0x1F48F, // kiss
	"1f9d1-2764-1f9d1":       0x1F491, // couple with heart
	"1f9d1-1f384":            0x1F936, // mx claus
}

// base is what a sequence comes to without what makes variants.
func base(codes []rune) string {
	var rest []rune
	people := true // and no one else
	for _, c := range codes {
		if same, ok := sameAs[c]; ok {
			c = same
		}
		switch {
		case c == joiner || c == asEmoji || c >= firstTone && c <= lastTone && len(codes) > 1:
		case (c == 0x2640 || c == 0x2642 || c >= 0x1F9B0 && c <= 0x1F9B3) && len(rest) > 0:
		default:
			rest = append(rest, c)
			people = people && (c == 0x1F9D1 || c == 0x1F9D2)
		}
	}
	if one, ok := joined[id(rest)]; ok {
		rest = []rune{one}
	}
	if people && len(rest) > 1 {
		rest = []rune{0x1F46A} // family
	}
	return id(rest)
}

//go:embed emoji.txt
var table string

// Version changes when Read would return others of the same font.
const Version = 1

// Read returns the drawings of a font in the order of the table. Of those that are the same to the byte, as some
// territories' flags and a snowboarder under any skin tone, it returns the first.
// The font has bitmaps in PNG (CBDT) and substitutes ligatures for sequences (GSUB), as Noto Color Emoji.
func Read(ttf []byte) ([]Drawing, error) {
	face, err := font.ParseTTF(bytes.NewReader(ttf))
	if err != nil {
		return nil, fmt.Errorf("reading the font: %w", err)
	}
	shaper := harfbuzz.NewFont(face)
	seen := map[[sha256.Size]byte]bool{}
	var list []Drawing
	err = eachOfTable(func(codes []rune, name, group string) {
		text := harfbuzz.NewBuffer()
		text.AddRunes(codes, 0, -1)
		text.GuessSegmentProperties()
		text.Shape(shaper, nil)
		if len(text.Info) != 1 {
			return
		}
		bitmap, ok := face.GlyphData(text.Info[0].Glyph).(font.GlyphBitmap)
		if !ok || bitmap.Format != font.PNG || len(bitmap.Data) == 0 {
			return
		}
		sum := sha256.Sum256(bitmap.Data)
		if seen[sum] {
			return
		}
		seen[sum] = true
		d := Drawing{Codes: codes, Name: name, Group: group, PNG: bitmap.Data, Base: base(codes), Has: make([]bool, len(Attributes))}
		for i, c := range codes {
			// What stands first is a person, or a sign of its own: that of Venus is no woman.
			if a, ok := attributeOf[c]; ok && (i > 0 || sameAs[c] == 0x1F9D1 || c == 0x1F9D1) {
				d.Has[slices.Index(Attributes, a)] = true
			}
		}
		list = append(list, d)
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("the font has no bitmaps of emoji")
	}
	return list, err
}

// eachOfTable calls do for each emoji that Unicode names.
func eachOfTable(do func(codes []rune, name, group string)) error {
	tones := map[rune]string{firstTone: "light", firstTone + 1: "medium-light", firstTone + 2: "medium", firstTone + 3: "medium-dark", lastTone: "dark"}
	group, named := "", ""
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "@ "); ok {
			group = rest
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		hex, name, _ := strings.Cut(line, " ")
		var codes []rune
		var toned []string
		for part := range strings.SplitSeq(hex, "-") {
			c, err := strconv.ParseUint(part, 16, 32)
			if err != nil {
				return fmt.Errorf("the table of emoji: %q: %w", line, err)
			}
			codes = append(codes, rune(c))
			if tone := tones[rune(c)]; tone != "" {
				toned = append(toned, tone+" skin tone")
			}
		}
		if name != "" {
			named = name
		} else {
			name = named + ": " + strings.Join(toned, ", ")
			if strings.Contains(named, ":") {
				name = named + ", " + strings.Join(toned, ", ")
			}
		}
		do(codes, name, group)
	}
	return nil
}
