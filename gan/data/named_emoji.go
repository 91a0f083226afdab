package data

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"gangpu/gan/data/emoji"
	"gangpu/internal/fetch"
)

const (
	emojiName   = "emoji"
	emojiCredit = "the drawings are those of Noto Color Emoji, under the SIL Open Font License 1.1"
)

// emojiFont is Noto Color Emoji as a Go module has it: 3,711 drawings of 136 x 128 pixels, of Unicode 15.
var emojiFont = fetch.Set{
	Name:   emojiName,
	Module: "eliasnaur.com/font@v0.0.0-20230308162249-dd43949cb42d",
	Folder: "noto/emoji/color",
	Files: []fetch.File{{Name: "NotoColorEmoji.ttf", Size: 10353636,
		SHA256: "2eeac855a08803c6d209f8eb74ed5f798af46e128bc93dd3913e04de57523a7c"}},
}

const (
	// minimumBases is how many emoji a class has at least that are no variants of one another.
	minimumBases = 50
	// testShare is the part of each class's emoji to test by, with all their variants: MNIST's, one of seven.
	testShare = 7
)

// findEmoji fetches the font and plans its drawings, by Unicode's groups.
func findEmoji(ctx context.Context, o Options) (*found, error) {
	if o.Layout != "" && o.Layout != Classes {
		return nil, fmt.Errorf("%s has pictures with classes: it is not of the layout %s", emojiName, o.Layout)
	}
	drawings, path, err := emojiDrawings(ctx, o)
	if err != nil {
		return nil, err
	}
	p, files := planEmoji(drawings)
	p.notes = append(p.notes, emojiCredit)
	src := &source{name: path, files: files, close: func() error { return nil }, fresh: fmt.Sprint(emojiFont.Files[0].SHA256, emoji.Version)}
	return &found{emojiName, src, &listing{}, p}, nil
}

// emojiDrawings are those of the font, which is fetched, and the font's path.
func emojiDrawings(ctx context.Context, o Options) (list []emoji.Drawing, path string, err error) {
	if path, err = fetched(ctx, o, emojiFont, "the go command (go.dev/dl)"); err != nil {
		return nil, "", err
	}
	font, err := os.ReadFile(path)
	if err != nil {
		return nil, path, err
	}
	if list, err = emoji.Read(font); err != nil {
		return nil, path, fmt.Errorf("%s: %w", path, err)
	}
	return list, path, nil
}

// basesOf are the emoji of each group that are no variants of one another, in an order that their hashes give.
func basesOf(drawings []emoji.Drawing) map[string][]string {
	bases := map[string][]string{}
	for _, d := range drawings {
		if !slices.Contains(bases[d.Group], d.Base) {
			bases[d.Group] = append(bases[d.Group], d.Base)
		}
	}
	for _, list := range bases {
		slices.SortFunc(list, func(a, b string) int {
			x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
			return cmp.Or(bytes.Compare(x[:], y[:]), cmp.Compare(a, b))
		})
	}
	return bases
}

// testedBases are the emoji that are tested by, with all their variants.
func testedBases(bases map[string][]string) map[string]bool {
	test := map[string]bool{}
	for _, list := range bases {
		for _, base := range list[:len(list)/testShare] {
			test[base] = true
		}
	}
	return test
}

// planEmoji makes classes of the groups that are large enough, and splits each by the emoji that are no variants of
// one another.
func planEmoji(drawings []emoji.Drawing) (*plan, drawn) {
	bases := basesOf(drawings)
	test := testedBases(bases)
	p := &plan{layout: Classes, attributes: emoji.Attributes}
	files := drawn{}
	into := map[bool]*part{false: p.partOf("train", "image"), true: p.partOf("test", "image")}
	for _, d := range drawings {
		if len(bases[d.Group]) < minimumBases {
			continue
		}
		name := d.ID() + ".png"
		files[name] = d.PNG
		r := row{files: []string{name}, class: d.Group, captions: []string{d.Name}}
		for _, has := range d.Has {
			v := float32(0)
			if has {
				v = 1
			}
			r.attributes = append(r.attributes, v)
		}
		part := into[test[d.Base]]
		part.rows = append(part.rows, r)
	}
	p.finish()
	return p, files
}

// drawn is a file system of drawings that are in memory.
type drawn map[string][]byte

func (d drawn) Open(name string) (fs.File, error) {
	content, ok := d[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openDrawing{bytes.NewReader(content), name}, nil
}

type openDrawing struct {
	*bytes.Reader
	name string
}

func (f *openDrawing) Stat() (fs.FileInfo, error) { return f, nil }
func (f *openDrawing) Close() error               { return nil }
func (f *openDrawing) Name() string               { return f.name }
func (f *openDrawing) Mode() fs.FileMode          { return 0o444 }
func (f *openDrawing) ModTime() time.Time         { return time.Time{} }
func (f *openDrawing) IsDir() bool                { return false }
func (f *openDrawing) Sys() any                   { return nil }
