// Package terminal asks whether what is written comes to a terminal, and how large that is.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Filer is a writer to a file that does something beside writing.
type Filer interface{ File() *os.File }

// FileOf is the file that w writes to, nil if it is none.
func FileOf(w io.Writer) *os.File {
	switch w := w.(type) {
	case Filer:
		return w.File()
	case *os.File:
		return w
	}
	return nil
}

// Is reports whether what is written can be overwritten, as a progress bar does.
func Is(w io.Writer) bool {
	f := FileOf(w)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// Size is that of the terminal that is written to, and what most have if it is none.
func Size(w io.Writer) (columns, lines int) {
	if f := FileOf(w); f != nil {
		if columns, lines, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 && lines > 0 {
			return columns, lines
		}
	}
	return 80, 24
}
