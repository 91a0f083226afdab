package data

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A source is where a dataset's files are: a folder, a zip archive, or a font's drawings.
type source struct {
	name  string // for people to read, and for the cache
	files fs.FS
	close func() error
	fresh string // says which state the files are in, if their times do not
}

// openSource opens a folder or a zip archive.
func openSource(folder string) (*source, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return &source{name: abs, files: os.DirFS(folder), close: func() error { return nil }}, nil
	}
	if !strings.EqualFold(filepath.Ext(folder), ".zip") {
		return nil, fmt.Errorf("%s is neither a folder nor a .zip", folder)
	}
	archive, err := zip.OpenReader(folder)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", folder, err)
	}
	// Entries have times of their own, which a new archive may share with the one before.
	fresh := fmt.Sprint(info.Size(), info.ModTime().UnixNano())
	return &source{name: abs, files: archive, close: archive.Close, fresh: fresh}, nil
}

// A listing is what a source holds.
type listing struct {
	files []file // in the order of their names
	dirs  []string
}

// A file is one of a source's.
type file struct {
	name string // slashes between folders
	kind fileKind
	size int64
	time time.Time
}

type fileKind int

const (
	otherFile   fileKind = iota
	pictureFile          // by its name, or how it begins
	unreadFile           // a picture of a format that has no decoder here
	tableFile            // of annotations
	textFile
)

var kindsByEnding = map[string]fileKind{
	".png": pictureFile, ".jpg": pictureFile, ".jpeg": pictureFile, ".jpe": pictureFile, ".jfif": pictureFile,
	".gif": pictureFile, ".webp": pictureFile, ".bmp": pictureFile, ".dib": pictureFile, ".tif": pictureFile, ".tiff": pictureFile,
	".heic": unreadFile, ".heif": unreadFile, ".avif": unreadFile, ".jxl": unreadFile, ".jp2": unreadFile, ".j2k": unreadFile,
	".svg": unreadFile, ".psd": unreadFile, ".ico": unreadFile, ".tga": unreadFile, ".ppm": unreadFile, ".pgm": unreadFile,
	".pbm": unreadFile, ".exr": unreadFile, ".hdr": unreadFile, ".dng": unreadFile, ".cr2": unreadFile, ".nef": unreadFile,
	".csv": tableFile, ".tsv": tableFile, ".jsonl": tableFile, ".txt": textFile,
}

// list walks through a source's folders, links to folders included.
func (s *source) list(ctx context.Context) (*listing, error) {
	l := &listing{}
	root, err := fs.Stat(s.files, ".")
	if err != nil {
		return nil, err
	}
	if err := s.walk(ctx, ".", []fs.FileInfo{root}, l); err != nil {
		return nil, err
	}
	slices.SortFunc(l.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	slices.Sort(l.dirs)
	return l, nil
}

// walk adds what is in dir. above are the folders that hold it: a link to one of them is not followed.
func (s *source) walk(ctx context.Context, dir string, above []fs.FileInfo, l *listing) error {
	entries, err := fs.ReadDir(s.files, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		// What systems put beside pictures, such as .DS_Store and ._1.jpg.
		if strings.HasPrefix(e.Name(), ".") || e.Name() == "__MACOSX" || strings.EqualFold(e.Name(), "thumbs.db") {
			continue
		}
		name := path.Join(dir, e.Name())
		info, err := fs.Stat(s.files, name)
		if err != nil {
			// A link that leads nowhere is told of as a file that cannot be read.
			l.files = append(l.files, file{name: name, kind: kindOf(name)})
			continue
		}
		if info.IsDir() {
			if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
				continue
			}
			l.dirs = append(l.dirs, name)
			if err := s.walk(ctx, name, append(slices.Clip(above), info), l); err != nil {
				return err
			}
			continue
		}
		if !info.Mode().IsRegular() {
			continue
		}
		f := file{name: name, kind: kindOf(name), size: info.Size(), time: info.ModTime()}
		if f.kind == otherFile && path.Ext(name) == "" && s.beginsLikePicture(name) {
			f.kind = pictureFile
		}
		l.files = append(l.files, f)
	}
	return nil
}

func kindOf(name string) fileKind { return kindsByEnding[strings.ToLower(path.Ext(name))] }

// beginsLikePicture looks into a file whose name tells nothing.
func (s *source) beginsLikePicture(name string) bool {
	f, err := s.files.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	begin := make([]byte, 16)
	n, _ := io.ReadFull(f, begin)
	for _, mark := range []string{"\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "BM", "II*\x00", "MM\x00*"} {
		if strings.HasPrefix(string(begin[:n]), mark) {
			return true
		}
	}
	return strings.HasPrefix(string(begin[:n]), "RIFF") && n > 12 && string(begin[8:12]) == "WEBP"
}

// under is the part of a listing in a folder, with names from there on.
func (l *listing) under(dir string) *listing {
	if dir == "." {
		return l
	}
	part := &listing{}
	for _, f := range l.files {
		if rest, ok := strings.CutPrefix(f.name, dir+"/"); ok {
			f.name = rest
			part.files = append(part.files, f)
		}
	}
	for _, d := range l.dirs {
		if rest, ok := strings.CutPrefix(d, dir+"/"); ok {
			part.dirs = append(part.dirs, rest)
		}
	}
	return part
}

// top are the folders that are not in another one.
func (l *listing) top() []string {
	var list []string
	for _, d := range l.dirs {
		if !strings.Contains(d, "/") {
			list = append(list, d)
		}
	}
	return list
}

// folders are the top ones that have pictures.
func (l *listing) folders() []string {
	have := map[string]bool{}
	for _, f := range l.files {
		if top, _, ok := strings.Cut(f.name, "/"); ok && f.kind == pictureFile {
			have[top] = true
		}
	}
	return slices.Sorted(maps.Keys(have))
}

// pictures are the names of those in the listing.
func (l *listing) pictures() []string {
	var list []string
	for _, f := range l.files {
		if f.kind == pictureFile {
			list = append(list, f.name)
		}
	}
	return list
}

// loose are the pictures that are in no folder.
func (l *listing) loose() []string {
	return slices.DeleteFunc(l.pictures(), func(name string) bool { return strings.Contains(name, "/") })
}

// stem is a file's name without its ending.
func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }
