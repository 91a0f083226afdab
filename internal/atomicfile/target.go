package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// target is where what is written to a path goes.
type target struct {
	path   string   // of the file to replace or, if device is set, of what to write to in place
	device bool     // a device, a named pipe: no regular file
	open   *os.File // what the process has open already, as /dev/stdout names it; nil for none
}

// missingFolder is a file's folder that is not there.
type missingFolder struct{ folder string }

func (e *missingFolder) Error() string        { return "there is no folder " + e.folder }
func (e *missingFolder) Is(target error) bool { return target == fs.ErrNotExist }

// mostLinks is how many links Linux follows.
const mostLinks = 40

// resolve follows links to what is written to. A link to a file that is not there yet is followed too.
func resolve(path string) (target, error) {
	at := path
	for range mostLinks {
		dir, base := filepath.Split(at)
		if dir == "" {
			dir = "."
		}
		// Links of the folder are followed here: what ".." in the next link means depends on where they lead.
		folder, err := filepath.EvalSymlinks(dir)
		if errors.Is(err, fs.ErrNotExist) {
			err = &missingFolder{strings.TrimSuffix(dir, string(filepath.Separator))}
			if at != path {
				return target{}, fmt.Errorf("it is a link to %s, and %w", at, err)
			}
		}
		if err != nil {
			return target{}, err
		}
		if open := descriptor(folder, base); open != nil {
			if _, err := open.Stat(); err != nil {
				return target{}, err
			}
			return target{open: open}, nil
		}
		at = filepath.Join(folder, base)
		info, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && base != "":
			return target{path: at}, nil
		case err != nil:
			return target{}, err
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(at)
			if err != nil {
				return target{}, err
			}
			if at = link; !filepath.IsAbs(link) {
				at = folder + string(filepath.Separator) + link
			}
			continue
		case info.IsDir():
			return target{}, errors.New("it is a folder")
		case info.Mode()&fs.ModeSocket != 0:
			return target{}, errors.New("it is a socket")
		}
		return target{path: at, device: !info.Mode().IsRegular()}, nil
	}
	return target{}, errors.New("it is a link to itself")
}

// descriptors is the folder, its links followed, of the files that a process has open.
var descriptors = regexp.MustCompile(`^/(dev|proc/` + strconv.Itoa(os.Getpid()) + `(/task/[0-9]+)?)/fd$`)

// descriptor is the process's open file that a name in the folder stands for, nil if for none. Another
// opening of it would write to its beginning, and of a socket is not possible.
func descriptor(folder, name string) *os.File {
	number, err := strconv.ParseUint(name, 10, 16)
	if err != nil || !descriptors.MatchString(filepath.ToSlash(folder)) {
		return nil
	}
	switch f := uintptr(number); f {
	case os.Stdout.Fd():
		return os.Stdout
	case os.Stderr.Fd():
		return os.Stderr
	default:
		return os.NewFile(f, filepath.Join(folder, name))
	}
}

// IsStdout reports whether what is written to path goes to the process's stdout, as of /dev/stdout.
func IsStdout(path string) bool {
	t, err := resolve(path)
	return err == nil && t.open == os.Stdout
}

// Same reports whether two paths are of one regular file, by whatever links, or would be if they were written.
func Same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX == nil && errY == nil {
		return x.Mode().IsRegular() && os.SameFile(x, y)
	}
	s, errX := resolve(a)
	t, errY := resolve(b)
	return errX == nil && errY == nil && s.path != "" && s == t
}

// Check reports why Write could not write to path, as far as that can be known before. It leaves
// everything as it is.
func Check(path string) error {
	t, err := resolve(path)
	if err == nil && t.open == nil {
		if t.device {
			err = writable(t.path)
		} else {
			err = checkFile(t.path)
		}
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// CheckFolder reports why no files could be written in a folder, which is made if it is not there. It
// leaves everything as it is.
func CheckFolder(path string) error {
	at := filepath.Clean(path)
	for {
		info, err := os.Stat(at)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("writing to the folder %s: %s is not a folder", path, at)
		case err == nil:
			if err := checkFile(filepath.Join(at, filepath.Base(path))); err != nil {
				return fmt.Errorf("writing to the folder %s: %w", path, err)
			}
			return nil
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("writing to the folder %s: %w", path, err)
		}
		if link, err := os.Readlink(at); err == nil {
			return fmt.Errorf("writing to the folder %s: %s is a link to %s, which is not there", path, at, link)
		}
		at = filepath.Dir(at)
	}
}

// checkFile reports why no file can be made beside path.
func checkFile(path string) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
