//go:build linux || darwin

package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/gan/picture"
)

// Tests of the folders that people have, by the command as a process.

var idxNames = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

// The folders that torchvision, EMNIST and archives make are read as they are, and files with an axis of grey or
// with the zeros that fill up a block.
func TestFoldersOfOthers(t *testing.T) {
	for name, where := range map[string]func(file string) string{
		"torchvision":   func(file string) string { return filepath.Join("MNIST", "raw", file) },
		"own folders":   func(file string) string { return filepath.Join(file, file) },
		"EMNIST":        func(file string) string { return "emnist-digits-" + strings.Replace(file, "t10k", "test", 1) },
		"grey axis":     func(file string) string { return file },
		"gzip and zero": func(file string) string { return file + ".gz" },
	} {
		root := t.TempDir()
		for _, file := range idxNames {
			content := readFile(t, os.Getenv("GANGPU_DATA"), file)
			switch {
			case name == "grey axis" && strings.Contains(file, "images"):
				content = append(append(content[:16:16], 0, 0, 0, 1), content[16:]...)
				content[3] = 4
			case name == "gzip and zero":
				var packed bytes.Buffer
				w := gzip.NewWriter(&packed)
				if _, err := w.Write(content); err != nil || w.Close() != nil {
					t.Fatal("cannot be packed")
				}
				content = append(packed.Bytes(), make([]byte, 512)...)
			}
			path := filepath.Join(root, where(file))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		r := asProcess(t, "", noEnvironment, "data", "--data", root)
		if r.code != exitOK || r.stderr != "" || !strings.Contains(r.stdout, "[4 4 4 4 4 4 4 4 4 4]") || !strings.Contains(r.stdout, "[2 2 1 1 1 1 1 1 1 1]") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Of a folder without IDX files it is said what it has, what is wanted, and the command that helps.
func TestFoldersThatHelpIsSaidOf(t *testing.T) {
	dir := t.TempDir()
	pictures := filepath.Join(dir, "my pictures")
	for i, class := range []string{"0", "1"} {
		p := picture.Pixels{Count: 1, Height: 30, Width: 30, Channels: 1, Values: make([]uint8, 900)}
		p.Values[400+i] = 255
		if err := os.MkdirAll(filepath.Join(pictures, class), 0o777); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a.png", "b.png"} {
			if err := (picture.Grid{}).SavePNG(filepath.Join(pictures, class, name), p); err != nil {
				t.Fatal(err)
			}
		}
	}
	args := trainArgs(filepath.Join(dir, "run"), "--batch", "2", "--iterations", "1", "--data", pictures)
	checkFailure(t, asProcess(t, "", nil, args...), exitUsage, "images of 30x30: the generator makes such as divide by 4", args)
	if r := asProcess(t, "", nil, append(args, "--size", "28")...); r.code != exitOK || !strings.Contains(r.stdout, "4 of 28 x 28, 1 channel") {
		t.Errorf("trained on the pictures: %+v", r)
	}

	for file, want := range map[string]string{
		"mnist.npz": "numpy.load", "archive.zip": "unzip ", "raw.tar.gz": "tar -xf ", "train.csv": "it has train.csv; gangpu reads pictures, and IDX files",
	} {
		folder := filepath.Join(dir, "folder of "+file)
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		fail(t, exitFailed, want, "data", "--data", folder)
		if file != "train.csv" && file != "archive.zip" {
			fail(t, exitFailed, "is not a folder; ", "data", "--data", path)
			fail(t, exitFailed, want, "data", "--data", path)
		}
	}

	linked := filepath.Join(dir, "linked")
	if err := os.CopyFS(linked, os.DirFS(os.Getenv("GANGPU_DATA"))); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(linked, idxNames[0])
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/gone/images", link); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		linked:                                 link + " is a link to /gone/images, which is not there",
		filepath.Join(linked, idxNames[1]):     "is not a folder: want that of the file, " + linked,
		filepath.Join(linked, "emnist-digits"): "no such file or directory",
	} {
		args := []string{"data", "--data", folder}
		checkFailure(t, asProcess(t, "", nil, args...), exitFailed, want, args)
	}
	// So it is said of any file that a command reads.
	gone := filepath.Join(dir, "gone.safetensors")
	if err := os.Symlink("/gone/model", gone); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"generate", "--npy", "x.npy", "--model", gone}, {"evaluate", "--device", "cpu", gone}, {"train", "--from", gone},
		{"train", "--resume", gone}, {"import", "--out", "x", "--keras", gone}, {"report", gone}} {
		checkFailure(t, asProcess(t, dir, nil, args...), exitFailed, gone+" is a link to /gone/model, which is not there", args)
	}
	home := append([]string{"HOME", "XDG_CACHE_HOME"}, noEnvironment...)
	checkFailure(t, asProcess(t, "", home, "data"), exitFailed, "--data FOLDER reads the images from a folder instead", []string{"data"})
}

// A command with a smaller -n leaves no images of one with a larger; other files in the folder stay.
func TestGenerateImagesAnew(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	images := filepath.Join(t.TempDir(), "images")
	for _, n := range []string{"5", "2"} {
		if r := asProcess(t, "", nil, "generate", "--device", "cpu", "--model", model, "--images", images, "-n", n); r.code != exitOK {
			t.Fatalf("%+v", r)
		}
		if n == "5" {
			for _, other := range []string{"mine.png", "0004.png", "000004.png"} {
				if err := os.WriteFile(filepath.Join(images, other), nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var names []string
	for name := range folder(t, images) {
		names = append(names, name)
	}
	if len(names) != 5 || len(readFile(t, images, "00001.png")) == 0 {
		t.Errorf("the folder holds %q", names)
	}
}
