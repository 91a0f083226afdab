package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRuns(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if got := succeed(t, "runs"); got != "no run in runs; gangpu train makes one\n" {
		t.Errorf("without any: %q", got)
	}
	if got := succeed(t, "runs", "--json"); got != "[]\n" {
		t.Errorf("without any: %q", got)
	}
	fail(t, exitFailed, "nowhere", "runs", "nowhere")
	fail(t, exitUsage, "want one folder", "runs", "a", "b")

	succeed(t, "train", "--device", "cpu", "--batch", "4", "--iterations", "5")
	failed := filepath.Join("runs", "new")
	gangpu(trainArgs(failed, "--lr", "1e38", "--iterations", "6")...)
	if err := os.MkdirAll(filepath.Join("runs", "damaged"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("runs", "damaged", "run.json"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	form := `^run +state +epochs +d loss +accuracy real +accuracy fake +g loss +score +device +time +begun
runs/damaged +unreadable
runs/001 +finished +0\.5/0\.5 +0\.\d{3} +\d+% +\d+% +0\.\d{3} +cpu +\S+ +\d{4}-\d\d-\d\d \d\d:\d\d
runs/new +failed +0\.\d+/0\.6 .* cpu .*
runs/damaged: reading runs/damaged/run.json: unexpected end of JSON input
runs/new: training diverged: .*
$`
	stdout := succeed(t, "runs")
	if !regexp.MustCompile(form).MatchString(stdout) {
		t.Errorf("got\n%s", stdout)
	}
	var runs []struct {
		Folder, State string
		Iterations    int
		Settings      struct{ Batch int }
	}
	if err := json.Unmarshal([]byte(succeed(t, "runs", "--json", "runs/001")), &runs); err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 || runs[0].Folder != filepath.Join("runs", "001") || runs[0].State != "finished" || runs[0].Iterations != 5 || runs[0].Settings.Batch != 4 {
		t.Errorf("got %+v", runs)
	}

	// Runs of another game have a table of their own, and what cannot be read is told of below.
	about, err := os.ReadFile(filepath.Join("runs", "001", "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join("runs", "other"), 0o777); err != nil {
		t.Fatal(err)
	}
	other := strings.NewReplacer(`"tutorial"`, `"another"`, "d_loss", "cycle_loss", `"begun": "20`, `"begun": "19`).Replace(string(about))
	if err := os.WriteFile(filepath.Join("runs", "other", "run.json"), []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	form = `(?s)^run of another +state +epochs +cycle loss .*
runs/other +finished [^\n]*

run of tutorial +state +epochs +d loss +accuracy real .*
runs/001 +finished [^\n]*
runs/new +failed [^\n]*

runs/damaged: reading .*
runs/new: training diverged: .*
$`
	if stdout := succeed(t, "runs"); !regexp.MustCompile(form).MatchString(stdout) {
		t.Errorf("got\n%s", stdout)
	}
}
