package mnist

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// What a folder without IDX files has instead, and how to come to them from there.

// Commands that make IDX files, by Python's usual packages. Each takes what it reads as its argument.
const (
	picturesCommand = `python3 -c 'import sys,pathlib;from PIL import Image;d=pathlib.Path(sys.argv[1]);` +
		`f=sorted(p for p in d.rglob("*") if p.suffix.lower() in (".png",".jpg",".jpeg",".bmp",".gif"));` +
		`w=lambda n:n.to_bytes(4,"big");(d/"train-images-idx3-ubyte").write_bytes(w(2051)+w(len(f))+w(28)+w(28)+` +
		`b"".join(Image.open(p).convert("L").resize((28,28)).tobytes() for p in f))' `
	npzCommand = `python3 -c 'import sys,os,numpy;d=numpy.load(sys.argv[1]);` +
		`[open(os.path.join(os.path.dirname(sys.argv[1]),n),"wb").write(bytes([0,0,8,d[k].ndim])+` +
		`b"".join(s.to_bytes(4,"big") for s in d[k].shape)+d[k].astype("uint8").tobytes()) for k,n in ` +
		`(("x_train","train-images-idx3-ubyte"),("y_train","train-labels-idx1-ubyte"),` +
		`("x_test","t10k-images-idx3-ubyte"),("y_test","t10k-labels-idx1-ubyte"))]' `
)

var (
	pictures = []string{".png", ".jpg", ".jpeg", ".bmp", ".gif"}
	archives = map[string]string{".zip": "unzip ", ".tar": "tar -xf ", ".tgz": "tar -xf ", ".tar.gz": "tar -xf "}
)

// adviceForFile goes on after "is not a folder".
func adviceForFile(path string) string {
	if _, _, ok := partOf(filepath.Base(path)); ok {
		return fmt.Sprintf(": want that of the file, %s", filepath.Dir(path))
	}
	return convert(path)
}

// adviceForFolder says what a folder without training images has, and what to do with it.
func adviceForFolder(folder string) string {
	const enough = 100_000 // entries to look at
	count, seen := map[string]int{}, 0
	first := map[string]string{}
	folders := 0
	_ = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error { // what cannot be read is not told of
		seen++
		switch {
		case err != nil || path == folder:
			return nil
		case seen > enough:
			return fs.SkipAll
		case e.IsDir():
			folders++
			return nil
		}
		kind := strings.ToLower(filepath.Ext(path))
		if count[kind]++; first[kind] == "" {
			first[kind] = path
		}
		return nil
	})
	if len(count) == 0 && folders == 0 {
		return "; it is empty"
	}
	kinds := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	pictured := 0
	for _, k := range kinds {
		if slices.Contains(pictures, k) {
			pictured += count[k]
		}
		switch {
		case len(parts) == 4:
			parts = append(parts, "others")
		case len(parts) > 4:
		case count[k] == 1:
			parts = append(parts, filepath.Base(first[k]))
		case k == "":
			parts = append(parts, fmt.Sprintf("%d files without an ending", count[k]))
		default:
			parts = append(parts, fmt.Sprintf("%d files *%s", count[k], k))
		}
	}
	if folders > 0 {
		parts = append(parts, fmt.Sprintf("%d folders", folders))
	}
	advice := "; it has " + strings.Join(parts, ", ")
	if pictured > 0 {
		return fmt.Sprintf("%s; gangpu reads IDX files, no pictures: this makes one of all %d, enough to train without --conditional: %s%s",
			advice, pictured, picturesCommand, quote(folder))
	}
	for _, k := range kinds {
		if c := convert(first[k]); c != "" {
			return advice + c
		}
	}
	return advice + "; gangpu reads IDX files, as MNIST's"
}

// convert says how to come from a file to a folder of IDX files; empty if nobody knows.
func convert(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for end, command := range archives {
		if strings.HasSuffix(name, end) {
			into := " -C "
			if command == "unzip " {
				into = " -d "
			}
			return fmt.Sprintf("; an archive has to be unpacked: %s%s%s%s", command, quote(path), into, quote(filepath.Dir(path)))
		}
	}
	if strings.HasSuffix(name, ".npz") {
		return fmt.Sprintf("; gangpu reads IDX files: this makes them beside a mnist.npz of Keras: %s%s", npzCommand, quote(path))
	}
	return ""
}

// quote is a path as a shell takes it for one word.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
