package runfolder

import (
	"encoding/json"
	"math"
)

// earlyFormat is of run.json as versions wrote it that had four columns, one measure, and a loss by name.
const earlyFormat = "gangpu-run/1"

// addEarly adds to what run.json says what such a version left unsaid, or said otherwise.
func (i *Info) addEarly(text []byte) error {
	var early struct {
		Settings struct {
			Loss string `json:"loss"`
		} `json:"settings"`
		Classifier string   `json:"classifier"`
		Distance   *float64 `json:"distance"`
		Best       *struct {
			Distance *float64 `json:"distance"`
		} `json:"best"`
	}
	if err := json.Unmarshal(text, &early); err != nil {
		return err
	}
	i.Columns = []Column{{Name: "d_loss"}, {Name: "g_loss"},
		{Name: "accuracy_real", Axis: "accuracy", Share: true}, {Name: "accuracy_fake", Axis: "accuracy", Share: true}}
	switch early.Settings.Loss {
	case "non-saturating", "minimax":
		i.Guides = []Guide{{Axis: "loss", Value: math.Ln2, Label: "log 2"}}
	case "least-squares":
		i.Guides = []Guide{{Axis: "loss", Value: 1, Label: "cannot tell"}}
	case "hinge":
		i.Guides = []Guide{{Axis: "loss", Value: 2, Label: "cannot tell"}}
	}
	if early.Classifier != "" {
		i.Notes = map[string]string{"classifier": early.Classifier}
	}
	i.Measure, i.Score = &Measure{Name: "classifier_frechet_distance", Label: "classifier Fréchet distance"}, early.Distance
	if i.Best != nil && early.Best != nil {
		i.Best.Score = early.Best.Distance
	}
	return nil
}
