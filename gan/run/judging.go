package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"gangpu/internal/atomicfile"
)

// judgingHeader is the first line of judge.csv. Epochs are counted from 1, as the samples' are.
func judgingHeader(measures []Measure) string {
	header := "epoch,iterations,"
	for _, m := range measures {
		header += m.Name + ","
	}
	return header + "seconds\n"
}

// keepJudgements makes judge.csv, of a run that is judged, or drops what a resumed run will make again from the one
// that is there.
func (s *session) keepJudgements() error {
	path, header := s.folder.Judge(), ""
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("continuing the judgements: %w", err)
	}
	if s.Judging.Score != nil {
		header = judgingHeader(s.Judging.Measures)
	} else if err != nil {
		return nil
	}
	var kept strings.Builder
	for line := range strings.Lines(string(old)) {
		if kept.Len() == 0 {
			if header != "" && line != header && strings.HasSuffix(line, "\n") {
				return fmt.Errorf("continuing the judgements: %s begins with %.200q, want %q; without this file the run can go on", path, line, header)
			}
			header = line
			kept.WriteString(line)
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) != strings.Count(header, ",")+1 || !strings.HasSuffix(line, "\n") {
			continue
		}
		if n, err := strconv.Atoi(fields[1]); err == nil && n <= s.iterations {
			kept.WriteString(line)
		}
	}
	if kept.Len() == 0 || !strings.HasSuffix(header, "\n") {
		kept.Reset()
		kept.WriteString(judgingHeader(s.Judging.Measures))
	}
	return atomicfile.Write(path, func(to io.Writer) error {
		_, err := io.WriteString(to, kept.String())
		return err
	})
}

// judge scores the model after an epoch, if it is to be judged then: the score, by the first measure, is nil if not.
// What could not be kept of a judgement is an error beside the score.
func (s *session) judge() (score *float64, err error) {
	j := s.Judging
	if j.Score == nil || j.Every == 0 || s.epoch()%j.Every != 0 {
		return nil, nil
	}
	begin := time.Now()
	scores, err := j.Score()
	if err == nil && len(scores) != len(j.Measures) {
		err = fmt.Errorf("%d scores, of %d measures", len(scores), len(j.Measures))
	}
	if err != nil {
		return nil, fmt.Errorf("judging: %w", err)
	}
	s.judged = true
	line, words := fmt.Sprintf("%d,%d", s.epoch(), s.iterations), []string{}
	for i, v := range scores {
		line += fmt.Sprintf(",%g", v)
		words = append(words, fmt.Sprintf("%s %.4g", j.Measures[i].Title(), v))
	}
	told := strings.Join(words, ", ")
	if j.Line != nil {
		told = j.Line(scores)
	}
	fmt.Fprintf(s.Out, "judged  %s\n", told)
	if err := appendLine(s.folder.Judge(), fmt.Sprintf("%s,%.3f", line, time.Since(begin).Seconds()), 0); err != nil {
		return &scores[0], fmt.Errorf("writing a judgement: %w", err)
	}
	return &scores[0], nil
}
