package bench

import (
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/acgan"
	"gangpu/gan/train"
)

func TestRunGame(t *testing.T) {
	system := acgan.System
	preset := system.Presets[0]
	s := preset.Settings.(acgan.Settings)
	s.Filters = 2
	preset.Settings = s
	system.Presets = []train.Preset{preset}
	dev := openCPU(t)
	r, err := RunGame([]program.Device{dev, dev}, GameOptions{System: system, Batch: 4, Measurements: 2, Warmup: 1,
		Input: train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Devices) != 2 || r.Devices[0].Iteration.Median <= 0 || r.Devices[1].Ratio <= 0 || r.FLOPs <= 0 {
		t.Errorf("%+v", r)
	}
	var out strings.Builder
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "acgan, preset auxiliary: 16 x 16 pixels of 3 channels, batch 4") {
		t.Error(out.String())
	}
	if _, err := RunGame([]program.Device{dev}, GameOptions{System: system, Measurements: 1, Input: train.Input{Height: 16, Width: 16, Channels: 3}}); err == nil {
		t.Error("a game of classes is measured without any")
	}
}
