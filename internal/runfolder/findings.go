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

// KeepFindings drops from findings.txt what was found after the given number of iterations, by the
// epoch and iteration that a line, a gan.Finding, begins with.
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
