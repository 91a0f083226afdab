package runpage

import (
	"bytes"
	"encoding/base64"
	"os"
	"strconv"
	"strings"

	"gangpu/internal/runfolder"
)

// message is what a page is told: all at first, and then what it has not got yet.
type message struct {
	About      *about          `json:"about,omitempty"`
	State      runfolder.State `json:"state"`
	Reason     string          `json:"reason,omitempty"`
	Iterations int             `json:"iterations"` // made
	Latest     []string        `json:"latest"`     // numbers of the last iteration
	Pace       number          `json:"pace"`       // seconds an iteration
	Seconds    number          `json:"seconds"`    // that all iterations took
	Curves     curvesPart      `json:"curves"`
	Epochs     []epochPart     `json:"epochs"`
	Scores     [][2]number     `json:"scores,omitempty"` // epoch and score of each judgement, if one is new
	Findings   []string        `json:"findings"`
}

// about is what does not change while a run is trained.
type about struct {
	runfolder.Info
	Folder string     `json:"folder"`
	Labels []string   `json:"labels"`           // of the columns, for people
	Axes   []axisPart `json:"axes"`             // what is drawn
	Judged string     `json:"judged,omitempty"` // the measure, for people
}

// axisPart is what is drawn of an axis' columns: curves and levels.
type axisPart struct {
	Name   string            `json:"name"`
	Share  bool              `json:"share"` // whether all are shares
	Series []seriesPart      `json:"series"`
	Guides []runfolder.Guide `json:"guides,omitempty"`
}

// seriesPart is a curve.
type seriesPart struct {
	Column int    `json:"column"` // its index
	Name   string `json:"name"`   // beside its axis
}

// epochPart is an epoch that ended.
type epochPart struct {
	Number int    `json:"number"` // from 1
	Means  means  `json:"means"`
	Grid   string `json:"grid,omitempty"` // a data URL of its samples
}

// had is what a page has been told.
type had struct {
	something  bool
	width      int          // of the bins
	whole      int          // bins that will not change unless their width does
	epochs     map[int]bool // by number
	judgements int
}

// message is what to tell a page that had this.
func (r *Recorder) message(h *had) message {
	now := r.copy()
	m := message{State: now.state, Reason: now.reason, Iterations: now.iterations,
		Pace: number(now.pace.Seconds()), Seconds: number(now.taken.Seconds()), Findings: r.findings()}
	if !h.something {
		h.something, h.epochs = true, map[int]bool{}
		m.About = &r.about
	}
	if now.known {
		for _, x := range now.latest {
			format, digits := byte('f'), 4
			if size := max(x, -x); size >= 1e6 || size > 0 && size < 1e-3 { // what is not worth writing out
				format = 'g'
			}
			m.Latest = append(m.Latest, strconv.FormatFloat(float64(x), format, digits, 32))
		}
	}
	if h.width != now.curves.width {
		h.width, h.whole = now.curves.width, 0
	}
	m.Curves = now.curves.part(h.whole)
	h.whole = max(now.curves.n-1, 0)
	if judgements := r.judgements(); len(judgements) != h.judgements {
		h.judgements = len(judgements)
		m.Scores = judgements
	}
	for _, e := range keptEpochs(len(now.epochs)) {
		if !h.epochs[e] {
			h.epochs[e] = true
			m.Epochs = append(m.Epochs, epochPart{Number: e, Means: now.epochs[e-1], Grid: r.grid(e)})
		}
	}
	return m
}

// mostEpochs is how many grids a page holds at most, beside the newest: it is to stay light.
const mostEpochs = 200

// keptEpochs are the epochs, counted from 1, that a page shows of n: all or, of many, the first,
// the newest and every second, or every fourth, and so on between.
func keptEpochs(n int) []int {
	stride := 1
	for n/stride > mostEpochs {
		stride *= 2
	}
	var kept []int
	for e := 1; e <= n; e++ {
		if e == 1 || e == n || e%stride == 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

// grid is an epoch's picture, or nothing if it cannot be read: somebody may have deleted it.
func (r *Recorder) grid(epoch int) string {
	png, err := os.ReadFile(r.folder.Sample(epoch))
	if err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
		return ""
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(png)
}

// judgements are the scores, where they are measured and can be read.
func (r *Recorder) judgements() [][2]number {
	all, _ := r.folder.ReadJudgements(r.about.Measure)
	var pairs [][2]number
	for _, j := range all {
		pairs = append(pairs, [2]number{number(j.Epoch), number(j.Score)})
	}
	return pairs
}

// findings are what the diagnosis found, which has no file as long as it found nothing.
func (r *Recorder) findings() []string {
	text, err := os.ReadFile(r.folder.Findings())
	if err != nil {
		return nil
	}
	return strings.FieldsFunc(string(text), func(c rune) bool { return c == '\n' })
}
