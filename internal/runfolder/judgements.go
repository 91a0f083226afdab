package runfolder

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
)

// Judgement is the score of a model at the end of an epoch.
type Judgement struct {
	Epoch int // from 1
	Score float64
}

// ReadJudgements reads the scores of judge.csv by a measure: none of a run that was not judged, whose measure is nil. A
// last line without its end is left out.
func (r Folder) ReadJudgements(measure *Measure) ([]Judgement, error) {
	if measure == nil {
		return nil, nil
	}
	text, err := os.ReadFile(r.Judge())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text[:bytes.LastIndexByte(text, '\n')+1])).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.Judge(), err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	epoch, score := slices.Index(rows[0], "epoch"), slices.Index(rows[0], measure.Name)
	if epoch < 0 || score < 0 {
		return nil, fmt.Errorf("reading %s: no scores by %s: it has the columns %q", r.Judge(), measure.Name, rows[0])
	}
	var all []Judgement
	for i, row := range rows[1:] {
		n, err := strconv.Atoi(row[epoch])
		d, err2 := strconv.ParseFloat(row[score], 64)
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("reading %s: line %d: %w", r.Judge(), i+2, err)
		}
		all = append(all, Judgement{n, d})
	}
	return all, nil
}
