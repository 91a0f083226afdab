package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInsert(t *testing.T) {
	dir := t.TempDir()
	result, readme, other := filepath.Join(dir, "r.json"), filepath.Join(dir, "README.md"), filepath.Join(dir, "other.md")
	for path, content := range map[string]string{
		result: `{"name":"gangpu","batch":8,"devices":[{"name":"cpu","precision":"fp32","iteration":{"median":0.1,"p10":0.1,"p90":0.1}}]}`,
		readme: "above\n" + begin("") + "\nan old table\n" + end("") + "\nbelow\n",
		other:  "above\n" + begin("") + "\nbelow\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // what was inserted is replaced
		if err := table(false, false, "", readme, []string{result}); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	if !strings.HasPrefix(got, "above\n"+begin("")+"\n| program |") || !strings.HasSuffix(got, end("")+"\nbelow\n") ||
		strings.Count(got, "| gangpu | cpu, fp32 | 8 | 0.1 s |") != 1 || strings.Contains(got, "old") {
		t.Errorf("the file is\n%s", got)
	}
	if err := table(false, false, "", other, []string{result}); err == nil || !strings.Contains(err.Error(), end("")) {
		t.Errorf("a file without the marks is changed: %v", err)
	}
}
