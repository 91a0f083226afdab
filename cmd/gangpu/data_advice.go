package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gangpu/mnist"
)

// How to come to IDX files from what a folder has instead.

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

var archives = map[string]string{".zip": "unzip ", ".tar": "tar -xf ", ".tgz": "tar -xf ", ".tar.gz": "tar -xf "}

// adviseData adds to the error of a folder without IDX files how to come to them from the files that it has.
func adviseData(err error) error {
	others := (*mnist.OtherFilesError)(nil)
	if !errors.As(err, &others) {
		return err
	}
	if others.Pictures > 0 {
		return fmt.Errorf("%w; gangpu reads IDX files, no pictures: this makes one of all %d, enough to train without --conditional: %s%s",
			err, others.Pictures, picturesCommand, shellQuote(others.Path))
	}
	for _, file := range others.Examples {
		if advice := convert(file); advice != "" {
			return fmt.Errorf("%w; %s", err, advice)
		}
	}
	return fmt.Errorf("%w; gangpu reads IDX files, as MNIST's", err)
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
			return fmt.Sprintf("an archive has to be unpacked: %s%s%s%s", command, shellQuote(path), into, shellQuote(filepath.Dir(path)))
		}
	}
	if strings.HasSuffix(name, ".npz") {
		return fmt.Sprintf("gangpu reads IDX files: this makes them beside a mnist.npz of Keras: %s%s", npzCommand, shellQuote(path))
	}
	return ""
}
