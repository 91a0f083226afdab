package mnist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gangpu/internal/fetch"
)

// The test binary plays the go command when this variable says how.
const fakeGo = "GANGPU_TEST_FAKE_GO"

func TestMain(m *testing.M) {
	if how, ok := os.LookupEnv(fakeGo); ok {
		os.Exit(playGo(how))
	}
	os.Exit(m.Run())
}

func playGo(how string) int {
	_, inModule := os.Stat("go.mod")
	switch {
	case strings.Join(os.Args[1:], " ") != "mod download -json example.org/digits@v1.0.0":
		fmt.Fprintln(os.Stderr, "arguments:", os.Args[1:])
	case os.Getenv("GO111MODULE") != "on" || os.Getenv("GOWORK") != "off" || inModule == nil:
		fmt.Fprintln(os.Stderr, "run inside a module or workspace")
	case how == "refuse":
		fmt.Println(`{"Path": "example.org/digits", "Error": "module lookup\n\tdisabled"}`)
	case how == "crash":
		fmt.Fprintln(os.Stderr, "go: no space\ngo: really")
	case how == "babble":
		fmt.Println("hello")
		return 0
	case how == "hang":
		time.Sleep(time.Minute)
	default:
		json.NewEncoder(os.Stdout).Encode(map[string]string{"Dir": how})
		return 0
	}
	return 1
}

func fakeGoFetcher(t *testing.T, how string) *fetch.Fetcher {
	t.Helper()
	f := fetch.New()
	var err error
	if f.GoCommand, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	t.Setenv(fakeGo, how)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else it takes a second to end, under the race detector
	return f
}

func TestFetchFromModule(t *testing.T) {
	ds, files := digits("example.org/digits@v1.0.0")
	module := t.TempDir()
	if err := os.Mkdir(filepath.Join(module, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(module, "data"), dataNames, files)
	t.Setenv("GO111MODULE", "off")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("go.mod", []byte("module example.org/mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var source string
	d, err := open(context.Background(), Options{Dataset: "digits", Cache: t.TempDir(), Progress: func(p Progress) { source = p.Source }},
		[]dataset{ds}, fakeGoFetcher(t, module))
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	wantFolder(t, d.Dir, files)
	if source != "Go module example.org/digits@v1.0.0" {
		t.Errorf("source %q", source)
	}
}

func TestFetchFromModuleErrors(t *testing.T) {
	ds, files := digits("example.org/digits@v1.0.0")
	url, _ := server(t, files)
	empty := t.TempDir()
	for how, want := range map[string]string{
		"refuse": "module lookup disabled",
		"crash":  "go: no space go: really",
		"babble": "reading its answer",
		"hang":   "not downloaded within 500ms",
		"":       "names no folder",
		empty:    filepath.Join(empty, "data", dataNames[0]),
	} {
		f := fakeGoFetcher(t, how)
		if how == "hang" {
			f.ModuleTimeout = 500 * time.Millisecond
		}
		ds.mirrors = nil
		_, err := open(context.Background(), Options{Dataset: "digits", Cache: t.TempDir()}, []dataset{ds}, f)
		wantError(t, err, "Go module", want)

		ds.mirrors = []string{url}
		if _, err := open(context.Background(), Options{Dataset: "digits", Cache: t.TempDir()}, []dataset{ds}, f); err != nil {
			t.Errorf("%s: a mirror did not stand in: %v", how, err)
		}
	}
}

func TestFetchFromModuleCancelled(t *testing.T) {
	ds, _ := digits("example.org/digits@v1.0.0")
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := open(ctx, Options{Dataset: "digits", Cache: t.TempDir()}, []dataset{ds}, fakeGoFetcher(t, "hang"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
