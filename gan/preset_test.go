package gan

import (
	"reflect"
	"testing"
)

// Every preset can be trained as it stands.
func TestPresets(t *testing.T) {
	for _, p := range Presets() {
		t.Run(p.Name, func(t *testing.T) {
			if err := p.Settings.Validate(); err != nil {
				t.Error(err)
			}
			m, err := p.Model(p.Settings)
			if err != nil {
				t.Fatal(err)
			}
			l, err := m.layouts()
			if err != nil {
				t.Fatal(err)
			}
			if l.latent() != p.Settings.Latent {
				t.Errorf("the model takes %d normals, the settings have %d", l.latent(), p.Settings.Latent)
			}
		})
	}
}

func TestFirstPresetIsTheTutorials(t *testing.T) {
	p := Presets()[0]
	m, err := p.Model(p.Settings)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Tutorial(DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	if p.Settings != DefaultSettings() || !reflect.DeepEqual(m, want) {
		t.Errorf("the first preset is %+v", p)
	}
}
