package mnist

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gangpu/internal/fetch"
)

// digits is a dataset of small files, gzipped, that has the given sources.
func digits(module string, mirrors ...string) (dataset, [4][]byte) {
	d := dataset{name: "digits", module: module, mirrors: mirrors}
	files := small()
	for i := range files {
		files[i] = gzipped(files[i])
		d.files[i] = officialFile{name: dataNames[i], size: int64(len(files[i])), sha256: sum(files[i])}
	}
	return d, files
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// server serves files, by name, under /data/, and counts its answers.
func server(t *testing.T, files [4][]byte) (url string, answers *atomic.Int64) {
	answers = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers.Add(1)
		for i, name := range dataNames {
			if r.URL.Path == "/data/"+name && files[i] != nil {
				// As servers do that know .gz as an encoding; a client that undoes it gets another file.
				if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
					w.Header().Set("Content-Encoding", "gzip")
				}
				w.Write(files[i])
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/data/", answers
}

// testFetcher has no go command.
func testFetcher() *fetch.Fetcher {
	f := fetch.New()
	f.GoCommand = "gangpu-test-no-such-command"
	return f
}

// wantFolder fails unless dir holds exactly these files: nothing missing, damaged, or left over.
func wantFolder(t *testing.T, dir string, files [4][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(files) {
		t.Errorf("%s holds %v", dir, entries)
	}
	for i, name := range dataNames {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, files[i]) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestFetchFromMirror(t *testing.T) {
	ds, files := digits("")
	url, answers := server(t, files)
	ds.mirrors = []string{url}
	cache := t.TempDir()
	var last Progress
	var seen []string
	o := Options{Dataset: "digits", Cache: cache, Progress: func(p Progress) {
		if p.Dataset != "digits" || p.Source != url || p.Done < last.Done {
			t.Errorf("progress %+v after %+v", p, last)
		}
		if p.File != last.File {
			seen = append(seen, p.File)
		}
		last = p
	}}
	d, err := open(context.Background(), o, []dataset{ds}, testFetcher())
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	dir := filepath.Join(cache, "digits")
	wantFolder(t, dir, files)
	if d.Name != "digits" || d.Dir != dir {
		t.Errorf("name %q, folder %q", d.Name, d.Dir)
	}
	for i, f := range d.Files {
		if f.SHA256 != ds.files[i].sha256 || !f.Official {
			t.Errorf("%+v", f)
		}
	}
	var total int64
	for _, f := range files {
		total += int64(len(f))
	}
	if last.Done != total || last.Total != total || fmt.Sprint(seen) != fmt.Sprint(dataNames) {
		t.Errorf("progress ended at %+v of %d, over %v", last, total, seen)
	}

	// From now on the cache is enough.
	o.Progress = func(Progress) { t.Error("progress called for what is in the cache") }
	if _, err = open(context.Background(), o, []dataset{ds}, testFetcher()); err != nil {
		t.Fatal(err)
	}
	if n := answers.Load(); n != 4 {
		t.Errorf("the mirror answered %d times, not 4", n)
	}
}

// What one mirror cannot give, or gives wrong, the next is asked for.
func TestFetchFallsBack(t *testing.T) {
	ds, files := digits("")
	bad := files
	bad[2] = bytes.Clone(files[2])
	bad[2][len(bad[2])-9] ^= 1
	bad[3] = nil
	first, _ := server(t, bad)
	second, answers := server(t, files)
	ds.mirrors = []string{first, second}
	cache := t.TempDir()
	var last Progress
	d, err := open(context.Background(), Options{Dataset: "digits", Cache: cache, Progress: func(p Progress) { last = p }},
		[]dataset{ds}, testFetcher())
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	wantFolder(t, d.Dir, files)
	if n := answers.Load(); n != 2 {
		t.Errorf("the second mirror answered %d times, not 2", n)
	}
	if last.Done != last.Total || last.Source != second {
		t.Errorf("progress ended at %+v", last)
	}
}

func TestFetchRepairsCache(t *testing.T) {
	ds, files := digits("")
	url, answers := server(t, files)
	ds.mirrors = []string{url}
	o := Options{Dataset: "digits", Cache: t.TempDir()}
	d, err := open(context.Background(), o, []dataset{ds}, testFetcher())
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{nil, files[0][:20], append([]byte{files[0][0] ^ 1}, files[0][1:]...)} {
		if err := os.WriteFile(d.Files[0].Path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		before := answers.Load()
		if d, err = open(context.Background(), o, []dataset{ds}, testFetcher()); err != nil {
			t.Fatal(err)
		}
		checkSmall(t, d)
		wantFolder(t, d.Dir, files)
		if n := answers.Load() - before; n != 1 {
			t.Errorf("%d files fetched to repair one", n)
		}
	}

	if err := os.WriteFile(d.Files[0].Path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	ds.mirrors = nil
	_, err = open(context.Background(), o, []dataset{ds}, testFetcher())
	wantError(t, err, d.Files[0].Path, "1 bytes, but the official file has")
}

func TestFetchErrors(t *testing.T) {
	ds, files := digits("example.org/digits@v1.0.0")
	longer, forged := files, files
	longer[0] = append(bytes.Clone(files[0]), 0)
	forged[0] = bytes.Clone(files[0])
	forged[0][4] ^= 1
	missing, _ := server(t, [4][]byte{})
	long, _ := server(t, longer)
	forge, _ := server(t, forged)
	ds.mirrors = []string{missing, long, forge, "http://127.0.0.1:1/"}
	cache := t.TempDir()
	_, err := open(context.Background(), Options{Dataset: "digits", Cache: cache}, []dataset{ds}, testFetcher())
	wantError(t, err, "fetching digits", "Go module example.org/digits@v1.0.0: no go command",
		missing+": "+dataNames[0]+": the server answers 404", long+": "+dataNames[0]+": more than the official",
		forge+": "+dataNames[0]+": its SHA-256", "http://127.0.0.1:1/: "+dataNames[0]+": dial")
	if entries, _ := os.ReadDir(filepath.Join(cache, "digits")); len(entries) != 0 {
		t.Errorf("left over: %v", entries)
	}
}

func TestFetchStoreError(t *testing.T) {
	ds, files := digits("")
	url, _ := server(t, files)
	other, answers := server(t, files)
	ds.mirrors = []string{url, other}
	cache := t.TempDir()

	t.Run("a file for the cache folder", func(t *testing.T) {
		path := filepath.Join(cache, "file")
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := open(context.Background(), Options{Dataset: "digits", Cache: path}, []dataset{ds}, testFetcher())
		wantError(t, err, path)
	})
	t.Run("a folder for a file", func(t *testing.T) {
		path := filepath.Join(cache, "digits", dataNames[0])
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := open(context.Background(), Options{Dataset: "digits", Cache: cache}, []dataset{ds}, testFetcher())
		wantError(t, err, path)
	})
	t.Run("a read-only folder", func(t *testing.T) {
		if runtime.GOOS == "windows" || os.Geteuid() == 0 {
			t.Skip("this user may write to read-only folders")
		}
		dir := filepath.Join(t.TempDir(), "digits")
		if err := os.Mkdir(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		_, err := open(context.Background(), Options{Dataset: "digits", Cache: filepath.Dir(dir)}, []dataset{ds}, testFetcher())
		wantError(t, err, dir, "permission denied")
	})
	if n := answers.Load(); n != 0 {
		t.Errorf("another mirror was asked %d times for what cannot be stored", n)
	}
}

// silentServer sends content, which is the beginning of a file, and then nothing more.
func silentServer(t *testing.T, content []byte) (url string) {
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if content != nil {
			w.Write(content)
			w.(http.Flusher).Flush()
		}
		<-over
	}))
	t.Cleanup(func() { close(over); s.Close() })
	return s.URL + "/"
}

func TestFetchCancelled(t *testing.T) {
	ds, files := digits("")
	for name, content := range map[string][]byte{"before the answer": nil, "in the middle": files[0][:10]} {
		ds.mirrors = []string{silentServer(t, content), "http://127.0.0.1:1/"}
		reason := errors.New("the user pressed Ctrl-C")
		ctx, cancel := context.WithCancelCause(context.Background())
		cache := t.TempDir()
		_, err := open(ctx, Options{Dataset: "digits", Cache: cache, Progress: func(p Progress) {
			if p.Done == int64(len(content)) {
				cancel(reason)
			}
		}}, []dataset{ds}, testFetcher())
		if !errors.Is(err, reason) {
			t.Errorf("%s: error %v, want %v", name, err, reason)
		}
		if entries, _ := os.ReadDir(filepath.Join(cache, "digits")); len(entries) != 0 {
			t.Errorf("%s: left over: %v", name, entries)
		}
	}
}

func TestFetchConcurrently(t *testing.T) {
	ds, files := digits("")
	url, _ := server(t, files)
	ds.mirrors = []string{url}
	cache := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d, err := open(context.Background(), Options{Dataset: "digits", Cache: cache}, []dataset{ds}, testFetcher())
			if err != nil {
				t.Error(err)
				return
			}
			checkSmall(t, d)
		})
	}
	wg.Wait()
	wantFolder(t, filepath.Join(cache, "digits"), files)
}

// The official files of one dataset are not to be taken for another.
func TestOpenDirOfAnotherDataset(t *testing.T) {
	ds, files := digits("")
	other := dataset{name: "letters"}
	dir := t.TempDir()
	write(t, dir, dataNames, files)
	for _, name := range []string{"", "digits"} {
		d, err := open(context.Background(), Options{Dataset: name, Dir: dir}, []dataset{ds, other}, testFetcher())
		if err != nil {
			t.Fatal(err)
		}
		if d.Name != "digits" || !d.Files[3].Official {
			t.Errorf("asked for %q: name %q, %+v", name, d.Name, d.Files[3])
		}
	}
	_, err := open(context.Background(), Options{Dataset: "letters", Dir: dir}, []dataset{ds, other}, testFetcher())
	wantError(t, err, dir, "holds digits, not letters")

	// One file of the user's own makes it another dataset.
	if err := os.WriteFile(filepath.Join(dir, dataNames[3]), idx([]byte{1, 2, 3}, 3), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := open(context.Background(), Options{Dataset: "letters", Dir: dir}, []dataset{ds, other}, testFetcher())
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "letters" || d.Files[3].Official || !d.Files[0].Official {
		t.Errorf("name %q, %+v", d.Name, d.Files)
	}
}
