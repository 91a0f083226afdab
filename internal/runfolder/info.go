package runfolder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"gangpu/internal/atomicfile"
)

// State is how a run stands.
type State string

const (
	Running     State = "running"
	Interrupted State = "interrupted" // stopped in good order before its end
	Finished    State = "finished"
	Failed      State = "failed"
	Died        State = "died" // ended without a word; Open finds it, no run.json says it
)

// Info is what run.json holds.
type Info struct {
	Format       string          `json:"format"`
	State        State           `json:"state"`
	Reason       string          `json:"reason,omitempty"` // of a state that was not asked for
	Architecture string          `json:"architecture"`     // the model's name
	Settings     json.RawMessage `json:"settings"`         // the trainer's, an object
	Dataset      Dataset         `json:"dataset"`

	Iterations         int      `json:"iterations"` // made
	IterationsAsked    int      `json:"iterations_asked"`
	IterationsPerEpoch int      `json:"iterations_per_epoch"`
	Columns            []Column `json:"columns"`
	Guides             []Guide  `json:"guides,omitempty"`
	Metrics            *Metrics `json:"metrics,omitempty"` // of the last iteration whose numbers were all finite

	CheckpointEvery int         `json:"checkpoint_every"`      // iterations; 0: each epoch
	Keep            int         `json:"keep"`                  // of the newest checkpoints
	JudgeEvery      *int        `json:"judge_every,omitempty"` // epochs; 0: never; nil of early versions
	Measure         *Measure    `json:"measure,omitempty"`     // that states are compared by; nil of a run that was never judged
	Score           *float64    `json:"score,omitempty"`       // by the measure, the last
	Best            *Checkpoint `json:"best,omitempty"`        // of the best score

	Notes    map[string]string `json:"notes,omitempty"` // what else whoever trains the run wants to find again
	Sessions []Session         `json:"sessions"`        // the newest last
}

// Metrics are the numbers of an iteration by the names of their columns: one object of JSON.
type Metrics struct {
	Epoch, Iteration int // as in Row
	Values           map[string]float32
}

// metricsOf are those of a row.
func metricsOf(columns []Column, r Row) *Metrics {
	m := &Metrics{r.Epoch, r.Iteration, map[string]float32{}}
	for i, v := range r.Values {
		m.Values[columns[i].Name] = v
	}
	return m
}

// SetMetrics keeps a row as the last whose numbers were all finite.
func (i *Info) SetMetrics(r Row) { i.Metrics = metricsOf(i.Columns, r) }

func (m Metrics) MarshalJSON() ([]byte, error) {
	all := map[string]any{rowColumns[0]: m.Epoch, rowColumns[1]: m.Iteration}
	for name, v := range m.Values {
		all[name] = v
	}
	return json.Marshal(all)
}

func (m *Metrics) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &m.Values); err != nil {
		return err
	}
	where := struct{ Epoch, Iteration *int }{&m.Epoch, &m.Iteration}
	for _, name := range rowColumns {
		delete(m.Values, name)
	}
	return json.Unmarshal(b, &where)
}

// Dataset is what a run is trained on.
type Dataset struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	SHA256 string `json:"pixels_sha256"`    // of the training images
	Folder string `json:"folder,omitempty"` // that holds them, unless they were fetched; absolute
}

// Session is one process's part of a run: from its beginning or from where it was resumed.
type Session struct {
	Begun       time.Time `json:"begun"`
	Seconds     float64   `json:"seconds"`         // taken
	From        int       `json:"from_iterations"` // made before
	Command     []string  `json:"command"`
	Version     string    `json:"version"`
	Device      string    `json:"device"`
	Description string    `json:"device_description"`
	Precision   string    `json:"precision"`
	PID         int       `json:"pid"`
}

// infoFormat is of run.json as this package writes it.
const infoFormat = "gangpu-run/2"

// Session is the newest one.
func (i *Info) Session() *Session { return &i.Sessions[len(i.Sessions)-1] }

// begun is when the newest session did; the zero time if there is none.
func (i *Info) begun() time.Time {
	if len(i.Sessions) == 0 {
		return time.Time{}
	}
	return i.Session().Begun
}

// Seconds is the time that all sessions took.
func (i *Info) Seconds() float64 {
	sum := 0.0
	for _, s := range i.Sessions {
		sum += s.Seconds
	}
	return sum
}

// Epochs is how many were made, and EpochsAsked how many are to be: parts of one too.
func (i *Info) Epochs() float64 { return float64(i.Iterations) / float64(i.IterationsPerEpoch) }
func (i *Info) EpochsAsked() float64 {
	return float64(i.IterationsAsked) / float64(i.IterationsPerEpoch)
}

// WriteInfo makes or replaces run.json.
func (r Folder) WriteInfo(i *Info) error {
	i.Format = infoFormat
	return atomicfile.Write(r.Info(), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(i)
	})
}

// ReadInfo reads run.json as it was written last: a run that died is still running there.
func (r Folder) ReadInfo() (*Info, error) {
	b, err := os.ReadFile(r.Info())
	if err != nil {
		return nil, err
	}
	i := &Info{}
	if err := json.Unmarshal(b, i); err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.Info(), err)
	}
	if i.Format == earlyFormat {
		if err := i.addEarly(b); err != nil {
			return nil, fmt.Errorf("reading %s: %w", r.Info(), err)
		}
		i.Format = infoFormat
	}
	switch {
	case i.Format != infoFormat:
		return nil, fmt.Errorf("reading %s: its format is %q, want %q", r.Info(), i.Format, infoFormat)
	case i.IterationsPerEpoch < 1 || len(i.Sessions) == 0:
		return nil, fmt.Errorf("reading %s: iterations_per_epoch or sessions are missing", r.Info())
	}
	if err := CheckColumns(i.Columns); err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.Info(), err)
	}
	var settings bytes.Buffer // without run.json's own indentation
	if err := json.Compact(&settings, i.Settings); err != nil && len(i.Settings) > 0 {
		return nil, fmt.Errorf("reading %s: the settings: %w", r.Info(), err)
	}
	i.Settings = settings.Bytes()
	return i, nil
}

// Run is a run as it is found.
type Run struct {
	Folder Folder `json:"folder"`
	Info
}

// Open reads the run in a folder. As long as a process trains it, its state is Running, and what was
// made since run.json was written is counted. A folder that holds no run is an error that wraps
// fs.ErrNotExist.
func Open(path string) (*Run, error) {
	r := Folder(path)
	i, err := r.ReadInfo()
	if err != nil {
		return nil, err
	}
	locked, err := r.locked()
	if err != nil {
		return nil, err
	}
	switch {
	case locked:
		i.State = Running
		r.addNewest(i)
	case i.State == Running:
		i.State = Died
	}
	return &Run{r, *i}, nil
}

// addNewest brings i up to what metrics.csv and the clock say of a run that is being trained. What
// cannot be read there can be later.
func (r Folder) addNewest(i *Info) {
	made := 0
	rows, _ := (&Run{r, *i}).Rows()
	if len(rows) > 0 {
		last := rows[len(rows)-1]
		made = last.Epoch*i.IterationsPerEpoch + last.Iteration + 1
	}
	if made > i.Iterations {
		i.Iterations = made
		for _, row := range slices.Backward(rows) {
			if row.Finite() {
				i.SetMetrics(row)
				break
			}
		}
	}
	i.Session().Seconds = max(i.Session().Seconds, time.Since(i.Session().Begun).Seconds())
}
