package data

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"gangpu/internal/fetch"
)

// madeSet is a dataset whose pictures are made of published files: once, as PNG files in a folder of the cache, which is
// read like any other folder after that.
type madeSet struct {
	name   string
	layout Layout
	// version changes when make would make others.
	version string
	credit  string // what a user has to know of whose pictures these are
	make    func(ctx context.Context, o Options, put putPicture) error
}

// putPicture writes a picture of the dataset under its name, with slashes between folders.
type putPicture func(name string, img image.Image) error

// madeSets are all of them.
var madeSets = []madeSet{
	{mapsName, Pairs, "1", basemapCredit, makeMaps},
	{satelliteName, Classes, "1", basemapCredit, makeSatellite},
	{photosName, Plain, "1", photosCredit, makePhotos},
	{edgesName, Pairs, "1", emojiCredit, makeEdges},
	{tonesName, Classes, "1", emojiCredit, makeTones},
}

// find makes the pictures, if they are not there, and plans them.
func (s madeSet) find(ctx context.Context, o Options) (*found, error) {
	if o.Layout != "" && o.Layout != s.layout {
		return nil, fmt.Errorf("%s is of the layout %s, not %s", s.name, s.layout, o.Layout)
	}
	folder := filepath.Join(o.Cache, s.name, s.version)
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		err = s.fill(ctx, o, folder)
		if err != nil {
			return nil, fmt.Errorf("making the pictures of %s: %w", s.name, err)
		}
	}
	src, err := openSource(folder)
	if err != nil {
		return nil, err
	}
	f := &found{name: s.name, src: src}
	if f.list, err = src.list(ctx); err == nil {
		f.plan, err = makePlan(ctx, src, f.list, s.layout)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listing %s: %w", folder, err), src.close())
	}
	f.plan.notes = append(f.plan.notes, s.credit)
	return f, nil
}

// fill makes the folder whole or not at all, whatever else makes it at the same time.
func (s madeSet) fill(ctx context.Context, o Options, folder string) (err error) {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(folder), "*.partial")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(partial)) }()
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	err = s.make(ctx, o, func(name string, img image.Image) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return writePNG(filepath.Join(partial, filepath.FromSlash(name)), img)
	})
	if err != nil {
		return err
	}
	if err := os.Rename(partial, folder); err != nil {
		if _, there := os.Stat(folder); there != nil {
			return err
		}
	}
	return nil
}

func writePNG(path string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, img)
	return errors.Join(err, w.Flush(), f.Close())
}

// fetched is the path of a file that a dataset is made of, in the cache.
func fetched(ctx context.Context, o Options, s fetch.Set, client string) (string, error) {
	dir := filepath.Join(o.Cache, s.Name)
	if err := fetch.New().Fetch(ctx, s, dir, o.Fetching); err != nil {
		return "", fmt.Errorf("%w; %s fetches it, or put the file %s into %s", err, client, s.Files[0].Name, dir)
	}
	return filepath.Join(dir, s.Files[0].Name), nil
}
