package run

import (
	"fmt"

	"gangpu/internal/runfolder"
	"gangpu/internal/runpage"
	"gangpu/internal/runplot"
)

// Found is a run as it is found: its Folder, and what is known of it, which is Info. As long as a process trains it, what
// was made since run.json was written is counted.
type Found = runfolder.Run

// List finds the runs in a folder, or the one that it is. The one whose newest session began last is the last; those
// that cannot be read are the first.
func List(folder string) ([]*Found, error) { return runfolder.List(folder) }

// Plot makes or replaces the file at path, a .png or an .svg, with the curves of the runs in these folders: a panel an
// axis of their columns, and one a measure if they were judged.
func Plot(path string, folders ...string) error {
	var runs []runplot.Run
	for _, folder := range folders {
		r, err := runfolder.Open(folder)
		if err != nil {
			return fmt.Errorf("opening the run %s: %w", folder, err)
		}
		rows, err := r.Rows()
		if err != nil {
			return err
		}
		judgements, err := r.Folder.ReadJudgements(r.Measure)
		if err != nil {
			return err
		}
		runs = append(runs, runplot.Run{Name: folder, IterationsPerEpoch: r.IterationsPerEpoch, Columns: r.Columns, Guides: r.Guides,
			Rows: rows, Measure: r.Measure, Judgements: judgements})
	}
	return runplot.Save(path, runs)
}

// Report makes or replaces the report of the run in a folder, as it stands, and returns its path: a page that needs
// nothing else. Train does so when a run ends.
func Report(folder string) (path string, err error) {
	r, err := runpage.Open(folder)
	if err != nil {
		return "", fmt.Errorf("opening the run %s: %w", folder, err)
	}
	return r.ReportPath(), r.WriteReport()
}
