package data

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

func TestCache(t *testing.T) {
	dir := folder(t, map[string][]byte{"1.png": numbered(t, 1), "x/2.png": numbered(t, 2), "read me.md": []byte("hello")})
	o := Options{Folder: dir, Cache: t.TempDir()}
	var told int64
	begun, stages := 0, map[string]int{}
	o.Begin = func(bytes int64, folder string) error {
		if begun++; !strings.HasPrefix(folder, o.Cache) {
			t.Errorf("the cache is in %s", folder)
		}
		told = bytes
		return nil
	}
	o.Progress = func(p Progress) {
		if p.Total != 2 || p.Done != stages[p.Task]+1 {
			t.Errorf("%+v after %v", p, stages)
		}
		stages[p.Task] = p.Done
	}
	expect := func(what string, times int) *Dataset {
		t.Helper()
		d := open(t, o)
		if begun != times {
			t.Errorf("%s: decoded %d times, want %d", what, begun, times)
		}
		begun, stages = times, map[string]int{}
		return d
	}
	d := expect("at first", 1)
	if told != 2*4*4*3 || len(d.SHA256) != 64 || d.Name != filepath.Base(dir) {
		t.Errorf("%d bytes told; %+v", told, d)
	}
	again := expect("again", 1)
	if again.SHA256 != d.SHA256 || describe(again) != describe(d) {
		t.Errorf("again: %+v, before %+v", again, d)
	}
	// Another file of no concern changes nothing; another time, size or name does.
	put(t, dir, "read me.md", []byte("hello, hello"))
	expect("another text", 1)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "1.png"), later, later); err != nil {
		t.Fatal(err)
	}
	expect("another time", 2)
	put(t, dir, "1.png", numbered(t, 3))
	changed := expect("another picture", 3)
	if changed.SHA256 == d.SHA256 || pixel(t, changed.Split("train").Field("image"), 0) != testColour(3) {
		t.Error("the old picture is shown")
	}
	// The dataset that is open still reads what it was opened on.
	if pixel(t, d.Split("train").Field("image"), 0) != testColour(1) {
		t.Error("an open dataset changed")
	}
	if err := os.Rename(filepath.Join(dir, "1.png"), filepath.Join(dir, "9.png")); err != nil {
		t.Fatal(err)
	}
	expect("another name", 4)
	bytes, err := Cached(o.Cache)
	if err != nil || bytes < told || bytes > 2*told+2000 {
		t.Errorf("%d bytes in the cache: %v", bytes, err) // the earlier states are gone
	}
	// Other settings are another entry; the first one stays.
	o.Channels = 1
	if f := expect("grey", 5).Split("train").Field("image"); f.Channels != 1 {
		t.Errorf("%+v", f)
	}
	o.Channels = 0
	expect("colours again", 5)
	o.Background = color.NRGBA{0, 0, 0, 255}
	expect("another background", 6)
	// What is damaged is made anew.
	pixels, err := filepath.Glob(filepath.Join(o.Cache, "pictures", "*", "*", pixelsName))
	if err != nil || len(pixels) != 3 {
		t.Fatalf("%v, %v", pixels, err)
	}
	for _, path := range pixels {
		if err := os.Truncate(path, 10); err != nil {
			t.Fatal(err)
		}
	}
	expect("a file that is cut", 7)
}

func TestClear(t *testing.T) {
	cache := t.TempDir()
	put(t, cache, "mnist/train-images-idx3-ubyte.gz", []byte("stays"))
	dir := folder(t, map[string][]byte{"1.png": numbered(t, 1)})
	d := open(t, Options{Folder: dir, Cache: cache})
	open(t, Options{Folder: dir, Cache: cache, Width: 9, Height: 9})
	// One of them is being made by another process.
	lock := flock.New(filepath.Join(filepath.Dir(d.Cached), lockName))
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	before, err := Cached(cache)
	if err != nil || before < 4*4*3+9*9*3 {
		t.Fatal(before, err)
	}
	freed, err := Clear(cache)
	if err != nil || freed < 9*9*3 {
		t.Errorf("%d bytes freed: %v", freed, err)
	}
	if _, err := os.Stat(d.Cached); err != nil {
		t.Errorf("what another process is making is gone: %v", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if freed, err = Clear(cache); err != nil || freed < 4*4*3 {
		t.Errorf("%d bytes freed: %v", freed, err)
	}
	if after, err := Cached(cache); err != nil || after != 0 {
		t.Errorf("%d bytes are left: %v", after, err)
	}
	if _, err := os.Stat(filepath.Join(cache, "mnist", "train-images-idx3-ubyte.gz")); err != nil {
		t.Error(err)
	}
	if freed, err = Clear(filepath.Join(cache, "nothing")); err != nil || freed != 0 {
		t.Errorf("%d bytes freed of no cache: %v", freed, err)
	}
}

// Two that open the same folder at once decode it once, and have the same.
func TestOpenAtOnce(t *testing.T) {
	files := map[string][]byte{}
	for i := range 50 {
		files[string(rune('a'+i/26))+string(rune('a'+i%26))+".png"] = numbered(t, i)
	}
	dir, cache := folder(t, files), t.TempDir()
	var wg sync.WaitGroup
	var mu sync.Mutex
	decoded, sums := 0, map[string]bool{}
	for range 4 {
		wg.Go(func() {
			d, err := Open(t.Context(), Options{Folder: dir, Cache: cache, Begin: func(int64, string) error {
				mu.Lock()
				defer mu.Unlock()
				decoded++
				return nil
			}})
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			mu.Lock()
			defer mu.Unlock()
			sums[d.SHA256] = true
		})
	}
	wg.Wait()
	if decoded != 1 || len(sums) != 1 {
		t.Errorf("decoded %d times to %d datasets", decoded, len(sums))
	}
}

func TestOpenStops(t *testing.T) {
	files := map[string][]byte{}
	for i := range 20 {
		files[string(rune('a'+i))+".png"] = numbered(t, i)
	}
	o := Options{Folder: folder(t, files), Cache: t.TempDir()}
	reason := errors.New("the user pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	o.Progress = func(p Progress) {
		if p.Task == "decoding pictures" && p.Done == 3 {
			cancel(reason)
		}
	}
	if _, err := Open(ctx, o); !errors.Is(err, reason) {
		t.Errorf("error %v", err)
	}
	full := errors.New("that is too much")
	o.Begin, o.Progress = func(int64, string) error { return full }, nil
	if _, err := Open(t.Context(), o); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if n, err := Cached(o.Cache); err != nil || n != 0 {
		t.Errorf("%d bytes are left in the cache: %v", n, err)
	}
	o.Begin = nil
	open(t, o)
}

// The pictures in the cache are those of the files at any number of workers.
func TestOrder(t *testing.T) {
	files := map[string][]byte{}
	for i := range 200 {
		files[string([]byte{'0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10)})+".png"] = numbered(t, i)
	}
	f := open(t, Options{Folder: folder(t, files)}).Split("train").Field("image")
	all, err := f.All()
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Count {
		if want := testColour(i); pixel(t, f, i) != want || all[i*f.Size()] != want.R {
			t.Fatalf("picture %d begins with %v, %v, want %v", i, pixel(t, f, i), all[i*f.Size()], want)
		}
	}
	if err := f.Read(200, make([]uint8, f.Size())); err == nil {
		t.Error("read beyond the last picture")
	}
}

// Sizes and channels are found from headers, whatever an orientation does.
func TestAutomaticForm(t *testing.T) {
	turned, err := os.ReadFile("testdata/orientation-6.png")
	if err != nil {
		t.Fatal(err)
	}
	grey := pngOf(t, image.NewGray(image.Rect(0, 0, 24, 16)))
	for want, files := range map[int]map[string][]byte{
		1: {"a.png": grey, "b.png": grey},
		3: {"a.png": grey, "b.png": turned},
	} {
		f := open(t, Options{Folder: folder(t, files)}).Split("train").Field("image")
		if f.Width != 24 || f.Height != 16 || f.Channels != want {
			t.Errorf("%+v, want %d channels", f, want)
		}
	}
}
