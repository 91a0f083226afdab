package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlot(t *testing.T) {
	one, two := trained(t), trained(t, "--seed", "2")
	svg := filepath.Join(t.TempDir(), "curves.svg")
	if stdout := succeed(t, "plot", "--out", svg, one, two); stdout != "curves  "+svg+"\n" {
		t.Errorf("got %q", stdout)
	}
	for _, run := range []string{one, two} {
		if !strings.Contains(string(readFile(t, svg)), run) {
			t.Errorf("the picture does not name %s", run)
		}
	}
	fail(t, exitFailed, filepath.Join(one, "samples"), "plot", "--out", svg, one, filepath.Join(one, "samples"))
}

// A report that was lost comes again.
func TestReport(t *testing.T) {
	run := trained(t)
	report := filepath.Join(run, "report.html")
	before := string(readFile(t, report))
	if err := os.Remove(report); err != nil {
		t.Fatal(err)
	}
	if stdout := succeed(t, "report", run); stdout != "report  "+report+"\n" {
		t.Errorf("got %q", stdout)
	}
	if after := string(readFile(t, report)); len(after) < len(before)-100 || !strings.Contains(after, `"state":"finished","iterations":2,`) {
		t.Errorf("the report again has %d bytes, it had %d", len(after), len(before))
	}
	fail(t, exitFailed, "nowhere", "report", "nowhere")
}
