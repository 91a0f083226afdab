package acgan_test

import (
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/acgan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// drawn is a toy of the game for drawings: three classes and two attributes.
func drawn() acgan.Settings {
	s := acgan.System.Presets[3].Settings.(acgan.Settings)
	s.Filters, s.Latent, s.Blocks = 4, 3, 1
	return s
}

var tagged = train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3, Attributes: 2}

func withTags(rows int) train.Data {
	d := traintest.Images(rows, 16, 16, 3, 3)
	a := train.Field{Name: "attributes", Shape: []int{2}, Bytes: make([]byte, 2*rows)}
	for i := range rows {
		a.Bytes[2*i], a.Bytes[2*i+1] = byte(255*(i/2%2)), byte(255*(i/3%2))
	}
	d.Tables[0].Fields = append(d.Tables[0].Fields, a)
	return d
}

func TestDrawings(t *testing.T) {
	for device, open := range map[string]func(testing.TB) program.Device{"cpu": traintest.CPU, "emulated": traintest.Emulated} {
		t.Run(device, func(t *testing.T) {
			if device == "emulated" && testing.Short() {
				t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
			}
			g, err := acgan.New(drawn(), tagged)
			if err != nil {
				t.Fatal(err)
			}
			traintest.Resumes(t, open(t), g, withTags(12), map[string]int{"cpu": 4, "emulated": 2}[device])
		})
	}
	// Attributes alone, and classes alone.
	for _, in := range []train.Input{{Height: 16, Width: 16, Channels: 3, Attributes: 2}, {Height: 16, Width: 16, Channels: 3, Classes: 3}} {
		g, err := acgan.New(drawn(), in)
		if err != nil {
			t.Fatal(err)
		}
		traintest.Run(t, g, withTags(12))
	}
}

// The networks for 128 pixels and 34 tags have the parameters of the paper's figures, 4.35 and 19.08 million.
func TestDrawingsParameters(t *testing.T) {
	in := train.Input{Height: 128, Width: 128, Channels: 3, Attributes: 34}
	g, err := acgan.New(acgan.System.Presets[2].Settings.(acgan.Settings), in)
	if err != nil {
		t.Fatal(err)
	}
	image := train.Field{Name: "image", Shape: []int{128, 128, 3}, Bytes: make([]byte, 128*128*3)}
	tags := train.Field{Name: "attributes", Shape: []int{34}, Bytes: make([]byte, 34)}
	d := train.Data{Tables: []train.Table{{Rows: 1, Fields: []train.Field{image, tags}}}}
	for network, want := range map[string]int{"generator": 4_352_643, "discriminator": 19_078_531} {
		if got := traintest.Parameters(t, g, network, d); got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
	}
}

func TestDrawingsRefusals(t *testing.T) {
	for want, c := range map[string]struct {
		change func(s *acgan.Settings)
		in     train.Input
	}{
		"needs images with tags":    {func(*acgan.Settings) {}, train.Input{Height: 16, Width: 16, Channels: 3}},
		"want multiples of 8":       {func(*acgan.Settings) {}, train.Input{Height: 20, Width: 16, Channels: 3, Attributes: 2}},
		"want dcgan or drawings":    {func(s *acgan.Settings) { s.Networks = "resnet" }, tagged},
		"of the networks drawings":  {func(s *acgan.Settings) { s.Networks, s.Embedding = "dcgan", 3 }, tagged},
		"neither spectral norm nor": {func(s *acgan.Settings) { s.Spectral = true }, tagged},
		"penalty is -1":             {func(s *acgan.Settings) { s.Penalty = -1 }, tagged},
		"blocks is 0":               {func(s *acgan.Settings) { s.Blocks = 0 }, tagged},
	} {
		s := drawn()
		c.change(&s)
		if _, err := acgan.New(s, c.in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
