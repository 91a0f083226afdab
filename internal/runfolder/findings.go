package runfolder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"gangpu/internal/atomicfile"
)

// Finding is a line of findings.txt: what was found in a row, and where. People count from 1.
func (r Row) Finding(text string) string {
	return fmt.Sprintf("epoch %d, iteration %d: %s", r.Epoch+1, r.Iteration+1, text)
}

// KeepFindings drops from findings.txt what was found after the given number of iterations, by the
// epoch and iteration that a line begins with.
func (r Folder) KeepFindings(iterations, perEpoch int) error {
	text, err := os.ReadFile(r.Findings())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("continuing the findings: %w", err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		var epoch, iteration int
		_, err := fmt.Sscanf(line, "epoch %d, iteration %d:", &epoch, &iteration)
		if err != nil || (epoch-1)*perEpoch+iteration <= iterations {
			kept.WriteString(line)
		}
	}
	if kept.Len() == len(text) {
		return nil
	}
	return atomicfile.Write(r.Findings(), func(w io.Writer) error {
		_, err := io.WriteString(w, kept.String())
		return err
	})
}
