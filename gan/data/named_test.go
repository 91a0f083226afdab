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
	user, err := cacheFolder("")
	if err != nil {
		t.Skip(err)
	}
	if entries, err := os.ReadDir(filepath.Join(user, name)); err != nil || len(entries) == 0 {
		t.Skipf("%s is not in %s: gangpu data %s fetches it", name, user, name)
	}
	cache = t.TempDir()
	if err := os.Symlink(filepath.Join(user, name), filepath.Join(cache, name)); err != nil {
		t.Skip(err)
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
		`no dataset "cifar"; there are`:                         {Dataset: "cifar"},
		"it is not of the layout pairs":                         {Dataset: "mnist", Layout: Pairs},
	} {
		o.Cache = t.TempDir()
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
