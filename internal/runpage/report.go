package runpage

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"gangpu/internal/atomicfile"

	_ "embed"
)

// page is the whole page: it shows the message that stands in it or, if there is none, what
// "events" beside it tells.
//
//go:embed page.html
var page string

// policyPlace is where the page's policy is put into it.
const policyPlace = "POLICY"

// messagePlace is where a message is put into the page.
const messagePlace = `<script id="message" type="application/json">`

// ReportPath is where the run's report is.
func (r *Recorder) ReportPath() string { return r.folder.Report() }

// WriteReport makes or replaces the run's report: a page of the run as it stands, in one file that
// needs nothing else.
func (r *Recorder) WriteReport() error {
	path := r.ReportPath()
	text, err := json.Marshal(r.message(&had{})) // which escapes "<"
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	before, after, _ := strings.Cut(withPolicy(page), messagePlace)
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, before+messagePlace+string(text)+after)
		return err
	})
}
