package bench

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// peers are two programs on the CPU beside gangpu, and one on a GPU that gangpu did not measure.
func peers() Collection {
	c := Collection{sample(2), sample(0.1), sample(0.4), sample(0.005)}
	c[0].Name, c[0].Versions = "slow", map[string]string{"slow": "1.2"}
	c[1].Machine = Machine{Processor: "a processor", Cores: 2, System: "linux/amd64"}
	c[2].Name, c[2].PeakMemory, c[2].Measurements = "fast", 0, 1
	c[3].Name, c[3].Devices[0].Name = "gpu", "cuda:0"
	return c
}

func TestRanking(t *testing.T) {
	got := text(t, func(b *strings.Builder) error { return peers().WriteText(b) })
	contains(t, got, "gpu cuda:0, fp32 256 5 ms 2.5 ms to 10 ms 200 MiB\ngangpu cpu, fp32 256 0.1 s 0.05 s to 0.2 s 1 200 MiB\n"+
		"fast cpu, fp32 256 0.4 s 4", "\nslow cpu, fp32 256 2 s 1 s to 4 s 20 200 MiB\n")
}

func TestRankingAsMarkdown(t *testing.T) {
	got := text(t, func(b *strings.Builder) error { return peers().WriteMarkdown(b) })
	contains(t, got, "| program | device |", "\n|---|---|---|---|---|---|---|\n", "| fast | cpu, fp32 | 256 | 0.4 s | | 4 | |\n",
		"a processor, 2 cores, linux/amd64", "2020-01-02.", " slow 1.2.")
}

func TestReadCollection(t *testing.T) {
	dir := t.TempDir()
	one, many := filepath.Join(dir, "one.json"), filepath.Join(dir, "many.json")
	var b strings.Builder
	want := peers()
	if err := want[0].Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(one, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if err := want[1:].Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(many, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCollection(one, many)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	bad := filepath.Join(dir, "bad.json")
	for _, content := range []string{"", "[", "[null]", `[{"name":"x"}]`, `{"devices":[{"name":"cpu"}]}`} {
		if err := os.WriteFile(bad, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCollection(one, bad); err == nil || !strings.Contains(err.Error(), "bad.json") {
			t.Errorf("%q is read as results: %v", content, err)
		}
	}
}
