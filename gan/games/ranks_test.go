package games_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gangpu/engine/collective"
	"gangpu/gan/games/acgan"
	"gangpu/gan/games/cyclegan"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// One rank, two and four make the same model file of three games: by the tutorial's recipe, with a classifier, and with
// pools of two domains.
func TestRanksMakeTheSameFile(t *testing.T) {
	best := tutorial.Best()
	best.Latent, best.K = 8, 2
	classes := acgan.System.Presets[0].Settings.(acgan.Settings)
	classes.Filters, classes.Latent, classes.Embedding = 4, 8, 4
	cycle := cyclegan.System.Presets[1].Settings.(cyclegan.Settings)
	cycle.Filters, cycle.DFilters, cycle.DLayers, cycle.Blocks, cycle.Pool = 2, 2, 1, 1, 3
	for _, c := range []struct {
		system   train.System
		settings any
		in       train.Input
		data     train.Data
	}{
		{tutorial.System, best, train.Input{Height: 8, Width: 8, Channels: 1, Classes: 3}, traintest.Images(20, 8, 8, 1, 3)},
		{acgan.System, classes, train.Input{Height: 16, Width: 16, Channels: 3, Classes: 5}, traintest.Images(20, 16, 16, 3, 5)},
		{cyclegan.System, cycle, train.Input{Height: 8, Width: 8, Channels: 3, Fields: []string{"a", "b"}, Iterations: 6},
			traintest.Pairs(6, 8, 8, 3)},
	} {
		g, err := c.system.New(c.settings, c.in)
		if err != nil {
			t.Fatal(err)
		}
		want := ranksFile(t, 1, g, c.data)
		for _, size := range []int{2, 4} {
			if ranksFile(t, size, g, c.data) != want {
				t.Errorf("%s: %d ranks make another file than one", c.system.Name, size)
			}
		}
	}
}

// ranksFile is the hash of the model file that so many ranks make.
func ranksFile(t *testing.T, size int, g train.Game, d train.Data) (sum [32]byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	lead := func(tr *train.Trainer) error {
		for range 4 {
			if err := tr.Step(); err != nil {
				return err
			}
		}
		m, err := tr.Snapshot()
		if err != nil {
			return err
		}
		return m.Save(path)
	}
	errs := make([]error, size)
	var wg sync.WaitGroup
	for i, group := range collective.Local(size) {
		dev := traintest.CPU(t)
		wg.Go(func() {
			tr, err := train.NewRank(train.Ranks{Group: group, Limit: time.Minute}, dev, g, train.Settings{Batch: 8, Shards: 4, Seed: 3}, d)
			if err != nil {
				errs[i] = err
				return
			}
			if i == 0 {
				err = lead(tr)
			} else {
				err = tr.Follow(context.Background())
			}
			errs[i] = errors.Join(err, tr.Close())
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(content)
}
