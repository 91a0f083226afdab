package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	pictures "gangpu/gan/data"
	"gangpu/mnist"
)

// How to come to images from what a folder has instead.

// npzCommand makes IDX files of a mnist.npz, by Python's usual packages. It takes the file as its argument.
const npzCommand = `python3 -c 'import sys,os,numpy;d=numpy.load(sys.argv[1]);` +
	`[open(os.path.join(os.path.dirname(sys.argv[1]),n),"wb").write(bytes([0,0,8,d[k].ndim])+` +
	`b"".join(s.to_bytes(4,"big") for s in d[k].shape)+d[k].astype("uint8").tobytes()) for k,n in ` +
	`(("x_train","train-images-idx3-ubyte"),("y_train","train-labels-idx1-ubyte"),` +
	`("x_test","t10k-images-idx3-ubyte"),("y_test","t10k-labels-idx1-ubyte"))]' `

var archives = map[string]string{".zip": "unzip ", ".tar": "tar -xf ", ".tgz": "tar -xf ", ".tar.gz": "tar -xf "}

// withoutImages is the error of a path where there are neither pictures nor IDX files: it says what there is.
func withoutImages(path string) error {
	_, err := mnist.Open(context.Background(), mnist.Options{Dir: path})
	return err
}

// isWithoutImages reports whether an error of opening pictures is that there are none.
func isWithoutImages(path string, err error) bool {
	if problems := (*pictures.Problems)(nil); errors.As(err, &problems) {
		return len(problems.List) == 1 && problems.List[0].Kind == pictures.NoPictures
	}
	info, statErr := os.Stat(path)
	return statErr == nil && !info.IsDir() && !strings.EqualFold(filepath.Ext(path), ".zip")
}

// adviseData adds to the error of a folder without images how to come to them from the files that it has.
func adviseData(err error) error {
	others := (*mnist.OtherFilesError)(nil)
	if !errors.As(err, &others) {
		return err
	}
	for _, file := range others.Examples {
		if advice := convert(file); advice != "" {
			return fmt.Errorf("%w; %s", err, advice)
		}
	}
	return fmt.Errorf("%w; gangpu reads pictures, and IDX files as MNIST's", err)
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
		return fmt.Sprintf("gangpu reads pictures and IDX files: this makes these beside a mnist.npz of Keras: %s%s", npzCommand, shellQuote(path))
	}
	return ""
}
