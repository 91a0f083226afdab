package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"gangpu/internal/atomicfile"

	"github.com/gofrs/flock"
)

// In the cache, pictures/KEY/STATE/ holds a dataset: pixels, all fields' arrays one after another, and manifest.json.
// KEY stands for the folder and what its pictures are made to, STATE for the files' names, sizes and times.
const (
	cacheVersion = 1
	pixelsName   = "pixels"
	manifestName = "manifest.json"
	lockName     = "lock"
	partialName  = "partial"
)

// A manifest says what is in a dataset's folder in the cache.
type manifest struct {
	Source string
	Form   form
	Bad    []badRow // rows of the plan whose pictures are not there
	SHA256 string   // of pixels
}

func cacheFolder(given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the cache of pictures: %w", err)
	}
	return filepath.Join(user, "gangpu"), nil
}

// entry is where a dataset is in the cache.
type entry struct{ folder, state string }

func entryOf(src *source, l *listing, p *plan, o Options) entry {
	key := sha256.New()
	fmt.Fprintf(key, "%d\n%q\n%s %d %d %s %d %v\n", cacheVersion, src.name, o.Layout, o.Width, o.Height, o.Fit, o.Channels, o.Background)
	state := sha256.New()
	fmt.Fprintf(state, "%s\n", src.fresh)
	for _, f := range l.files {
		if f.kind != otherFile || f.name == datasetJSON {
			fmt.Fprintf(state, "%q %d %d\n", f.name, f.size, f.time.UnixNano())
		}
	}
	for _, s := range p.splits {
		for _, part := range s.parts {
			fmt.Fprintf(state, "%s %q %v\n", s.name, part.fields, part.halved)
			for _, r := range part.rows {
				fmt.Fprintf(state, "%q\n", r.files)
			}
		}
	}
	name := func(sum []byte) string { return hex.EncodeToString(sum[:16]) }
	return entry{filepath.Join(o.Cache, "pictures", name(key.Sum(nil))), name(state.Sum(nil))}
}

func (e entry) path(name string) string { return filepath.Join(e.folder, e.state, name) }

// load returns what is there, or nil if there is nothing that fits.
func (e entry) load(p *plan) *manifest {
	content, err := os.ReadFile(e.path(manifestName))
	if err != nil {
		return nil
	}
	m := &manifest{}
	if json.Unmarshal(content, m) != nil {
		return nil
	}
	var sizes int64
	for i, part := range p.parts() {
		rows := int64(len(part.rows))
		for _, b := range m.Bad {
			if b.Part == i {
				rows--
			}
		}
		sizes += rows * int64(len(part.fields)) * int64(m.Form.bytes())
	}
	if info, err := os.Stat(e.path(pixelsName)); err != nil || info.Size() != sizes {
		return nil
	}
	return m
}

// prepare brings a plan's pictures into the cache, if they are not there, and opens them.
func prepare(ctx context.Context, src *source, l *listing, p *plan, o Options) (*Dataset, error) {
	fail := func(list []Problem) error { return &Problems{Source: src.name, List: list} }
	if o.Fit == Tiles {
		if err := p.cut(ctx, src, o); err != nil {
			return nil, err
		}
	}
	strict := !o.SkipBad || !(&Problems{List: p.problems}).Skippable()
	rows := 0
	for _, part := range p.parts() {
		rows += len(part.rows)
	}
	few := p.enough(o.AtLeast)
	switch {
	case rows == 0:
		return nil, fail(append(p.problems, few...))
	case strict && len(p.problems) > 0 || len(few) > 0:
		// It cannot be used: what else is wrong is told along.
		_, bad, err := check(ctx, src, p, o.Progress)
		if err != nil {
			return nil, err
		}
		return nil, fail(append(few, problemsOf(p, bad)...))
	}
	e := entryOf(src, l, p, o)
	m := e.load(p)
	if m == nil {
		if err := os.MkdirAll(e.folder, 0o755); err != nil {
			return nil, fmt.Errorf("the cache of pictures: %w", err)
		}
		lock := flock.New(filepath.Join(e.folder, lockName))
		if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
			return nil, fmt.Errorf("waiting for another process that fills %s: %w", e.folder, err)
		}
		defer lock.Unlock()
		if m = e.load(p); m == nil {
			var err error
			if m, err = e.fill(ctx, src, p, o); err != nil {
				return nil, err
			}
		}
	}
	if len(m.Bad) > 0 && strict {
		return nil, fail(problemsOf(p, m.Bad))
	}
	skipped := problemsOf(p, m.Bad)
	p.drop(m.Bad)
	if few = p.enough(o.AtLeast); len(few) > 0 {
		return nil, fail(append(few, skipped...))
	}
	d := p.dataset(m.Form)
	d.Source, d.Skipped, d.SHA256 = src.name, skipped, m.SHA256
	d.Cached = filepath.Join(e.folder, e.state)
	pixels, err := os.Open(e.path(pixelsName))
	if err != nil {
		return nil, fmt.Errorf("the cache of pictures: %w", err)
	}
	d.closers = append(d.closers, pixels)
	at := int64(0)
	for _, s := range d.Splits {
		for _, f := range s.Fields {
			f.at, f.base = pixels, at
			at += f.Bytes()
		}
	}
	return d, nil
}

// fill decodes all pictures. What was there of an earlier state of the files is removed. The caller holds the lock.
func (e entry) fill(ctx context.Context, src *source, p *plan, o Options) (*manifest, error) {
	fail := func(list []Problem) error { return &Problems{Source: src.name, List: list} }
	s := &stats{}
	var bad []badRow
	if o.Width == 0 || o.Channels == 0 {
		var err error
		if s, bad, err = headers(ctx, src, p, o); err != nil {
			return nil, err
		}
		if len(bad) > 0 && !o.SkipBad {
			_, bad, err = check(ctx, src, p, o.Progress)
			if err != nil {
				return nil, err
			}
			return nil, fail(problemsOf(p, bad))
		}
	}
	m := &manifest{Source: src.name}
	var wrong *Problem
	if s.Files == 0 && (o.Width == 0 || o.Channels == 0) {
		return nil, fail(problemsOf(p, bad))
	}
	if m.Form, wrong = formOf(s, o); wrong != nil {
		return nil, fail(append([]Problem{*wrong}, problemsOf(p, bad)...))
	}
	parts := p.parts()
	var bases [][]int64 // of each part's fields
	total := int64(0)
	for _, part := range parts {
		var list []int64
		for range part.fields {
			list = append(list, total)
			total += int64(len(part.rows)) * int64(m.Form.bytes())
		}
		bases = append(bases, list)
	}
	if o.Begin != nil {
		if err := o.Begin(total, e.folder); err != nil {
			return nil, err
		}
	}
	partial := filepath.Join(e.folder, partialName)
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o755)); err != nil {
		return nil, fmt.Errorf("the cache of pictures: %w", err)
	}
	defer os.RemoveAll(partial)
	pixels, err := os.Create(filepath.Join(partial, pixelsName))
	if err != nil {
		return nil, fmt.Errorf("the cache of pictures: %w", err)
	}
	defer pixels.Close()
	decoding := &pass{ctx, src, parts, "decoding pictures", o.Progress}
	drawers := make([]drawer, runtime.GOMAXPROCS(0))
	m.Bad, err = decoding.run(func(worker, part, row int) (string, error) {
		d := &drawers[worker]
		d.src, d.form = src, m.Form
		return d.draw(parts[part], parts[part].rows[row], func(field int, picture []uint8) error {
			if _, err := pixels.WriteAt(picture, bases[part][field]+int64(row)*int64(len(picture))); err != nil {
				return fmt.Errorf("the cache of pictures: %w", err)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if len(m.Bad) > 0 && !o.SkipBad {
		return nil, fail(problemsOf(p, m.Bad))
	}
	if err := e.finish(pixels, m, parts, bases); err != nil {
		return nil, fmt.Errorf("the cache of pictures: %w", err)
	}
	return m, nil
}

// finish closes the gaps that bad rows left, and gives the folder its name.
func (e entry) finish(pixels *os.File, m *manifest, parts []*part, bases [][]int64) error {
	size := int64(m.Form.bytes())
	to := int64(0)
	buf := make([]byte, size)
	for i, part := range parts {
		gone := map[int]bool{}
		for _, b := range m.Bad {
			if b.Part == i {
				gone[b.Row] = true
			}
		}
		for _, base := range bases[i] {
			for row := range part.rows {
				from := base + int64(row)*size
				if gone[row] {
					continue
				}
				if from != to {
					if _, err := pixels.ReadAt(buf, from); err != nil {
						return err
					}
					if _, err := pixels.WriteAt(buf, to); err != nil {
						return err
					}
				}
				to += size
			}
		}
	}
	if err := pixels.Truncate(to); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(pixels, 0, to)); err != nil {
		return err
	}
	m.SHA256 = hex.EncodeToString(hash.Sum(nil))
	if err := errors.Join(pixels.Sync(), pixels.Close()); err != nil {
		return err
	}
	partial := filepath.Join(e.folder, partialName)
	err := atomicfile.Write(filepath.Join(partial, manifestName), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(m)
	})
	if err != nil {
		return err
	}
	// Earlier states: a process that reads one has it open still, or, on Windows, keeps it from being removed.
	entries, err := os.ReadDir(e.folder)
	if err != nil {
		return err
	}
	for _, old := range entries {
		if old.IsDir() && old.Name() != partialName {
			_ = os.RemoveAll(filepath.Join(e.folder, old.Name()))
		}
	}
	return os.Rename(partial, filepath.Join(e.folder, e.state))
}

// dataset is what a plan comes to, without its pixels.
func (p *plan) dataset(f form) *Dataset {
	d := &Dataset{Layout: p.layout, Classes: p.classes, Attributes: p.attributes, Notes: p.notes}
	for _, planned := range p.splits {
		s := &Split{Name: planned.name, paired: len(planned.parts) == 1}
		for _, part := range planned.parts {
			for i, name := range part.fields {
				field := &Field{Name: name, Count: len(part.rows), Height: f.Height, Width: f.Width, Channels: f.Channels}
				for _, r := range part.rows {
					field.Files = append(field.Files, r.files[min(i, len(r.files)-1)])
				}
				s.Fields = append(s.Fields, field)
			}
			if !s.paired {
				continue
			}
			captioned := false
			for _, r := range part.rows {
				captioned = captioned || r.captions != nil
			}
			for _, r := range part.rows {
				if p.classes != nil {
					s.Labels = append(s.Labels, r.label)
				}
				s.Attributes = append(s.Attributes, r.attributes...)
				if captioned {
					s.Captions = append(s.Captions, r.captions)
				}
			}
		}
		d.Splits = append(d.Splits, s)
	}
	return d
}
