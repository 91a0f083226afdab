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

// Judgement is how far a model's images were from real ones at the end of an epoch.
type Judgement struct {
	Epoch    int     // from 1
	Distance float64 // classifier Fréchet distance
}

// ReadJudgements reads judge.csv: none of a run that was not judged. A last line without its end is
// left out.
func (r Folder) ReadJudgements() ([]Judgement, error) {
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
	epoch, distance := slices.Index(rows[0], "epoch"), slices.Index(rows[0], "classifier_frechet_distance")
	if epoch < 0 || distance < 0 {
		return nil, fmt.Errorf("reading %s: no judgements: it has the columns %q", r.Judge(), rows[0])
	}
	var all []Judgement
	for i, row := range rows[1:] {
		n, err := strconv.Atoi(row[epoch])
		d, err2 := strconv.ParseFloat(row[distance], 64)
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("reading %s: line %d: %w", r.Judge(), i+2, err)
		}
		all = append(all, Judgement{n, d})
	}
	return all, nil
}
