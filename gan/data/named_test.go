package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/mnist"
)

// cached links a dataset's files in the user's cache to a cache of the test's own; the test is skipped where they are
// not there, as nothing is downloaded for it.
func cached(t *testing.T, name string) (cache string) {
	t.Helper()
	if testing.Short() {
		t.Skip("whole datasets are read only without -short")
	}
	user, err := cacheFolder("")
	if err != nil {
		t.Skipf("there is no folder for caches here, in which %s could be: %v", name, err)
	}
	if entries, err := os.ReadDir(filepath.Join(user, name)); err != nil || len(entries) == 0 {
		t.Skipf("%s is not in %s: gangpu data %s fetches it", name, user, name)
	}
	cache = t.TempDir()
	if err := os.Symlink(filepath.Join(user, name), filepath.Join(cache, name)); err != nil {
		t.Skipf("no symbolic link can be made here, by which to read the dataset where it lies: %v", err)
	}
	return cache
}

func TestMNIST(t *testing.T) {
	cache := cached(t, "mnist")
	read, err := mnist.Open(t.Context(), mnist.Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Dataset: "mnist", Cache: cache})
	if d.Name != "mnist" || len(d.Classes) != 10 || len(d.Splits) != 2 {
		t.Fatalf("%+v", d)
	}
	for name, set := range map[string]mnist.Set{"train": read.Train, "test": read.Test} {
		s := d.Split(name)
		all, err := s.Field("image").All()
		if err != nil || !slices.Equal(all, set.Images) {
			t.Errorf("%s: other pictures: %v", name, err)
		}
		for i, label := range s.Labels {
			if label != int32(set.Labels[i]) {
				t.Fatalf("%s: label %d is %d", name, i, label)
			}
		}
	}
}

func TestNamedErrors(t *testing.T) {
	for want, o := range map[string]Options{
		"neither a folder nor the name of a dataset: there are": {},
		`no dataset "cifar" of pictures; there are`:             {Dataset: "cifar"},
		"it is not of the layout pairs":                         {Dataset: "mnist", Layout: Pairs},
	} {
		o.Cache = t.TempDir()
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// The emoji: complete, of classes that are large enough, and no variant of what is tested by in training.
func TestEmoji(t *testing.T) {
	d := open(t, Options{Dataset: "emoji", Cache: cached(t, "emoji"), Width: 32, Height: 32})
	want := []string{"Activities", "Animals & Nature", "Flags", "Food & Drink", "Objects", "People & Body", "Smileys & Emotion", "Symbols", "Travel & Places"}
	if !slices.Equal(d.Classes, want) {
		t.Fatalf("classes %q", d.Classes)
	}
	train, test := d.Split("train"), d.Split("test")
	if n := train.Fields[0].Count + test.Fields[0].Count; n != 3642 || train.Fields[0].Channels != 3 {
		t.Errorf("%d drawings of %d channels", n, train.Fields[0].Channels)
	}
	counts := make([]int, len(d.Classes))
	for _, label := range test.Labels {
		counts[label]++
	}
	for i, n := range counts {
		if n < 10 {
			t.Errorf("%d drawings to test %s by", n, d.Classes[i])
		}
	}
	// A grinning face is yellow in its middle, on white.
	at := slices.Index(train.Field("image").Files, "1f600.png")
	split := train
	if at < 0 {
		split, at = test, slices.Index(test.Field("image").Files, "1f600.png")
	}
	if got := split.Captions[at]; len(got) != 1 || got[0] != "grinning face" {
		t.Errorf("captions %q", got)
	}
	picture := make([]uint8, split.Field("image").Size())
	if err := split.Field("image").Read(at, picture); err != nil {
		t.Fatal(err)
	}
	if m := picture[(10*32+16)*3:]; m[0] < 200 || m[1] < 150 || m[2] > 150 || picture[0] != 255 {
		t.Errorf("its middle is %v, its corner %v", m[:3], picture[:3])
	}
	// Names that differ by skin tone or gender only are in one split.
	strip := func(name string) string {
		name, _, _ = strings.Cut(name, ": ")
		for _, who := range []string{"woman ", "man ", "person "} {
			name = strings.TrimPrefix(name, who)
		}
		return name
	}
	trained := map[string]bool{}
	for i, c := range train.Captions {
		if d.Classes[train.Labels[i]] == "People & Body" {
			trained[strip(c[0])] = true
		}
	}
	for i, c := range test.Captions {
		if d.Classes[test.Labels[i]] == "People & Body" && trained[strip(c[0])] {
			t.Errorf("%s is tested by, and a variant is trained on", c[0])
		}
	}
}
