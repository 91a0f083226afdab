package kernels

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func modules(t *testing.T) []string {
	files, err := filepath.Glob("ptx/*.ptx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no PTX: %v", err)
	}
	return files
}

func read(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	entryPattern   = regexp.MustCompile(`(?s)\.visible \.entry (\w+)\((.*?)\)(.*?)\{`)
	paramPattern   = regexp.MustCompile(`\.param \.(\w+) \w+`)
	threadsPattern = regexp.MustCompile(`\.maxntid (\d+), 1, 1`)
	genericPattern = regexp.MustCompile(`\b(ld|st)\.(v[24]\.)?[fub]\d+`)
	includePattern = regexp.MustCompile(`(?m)^#include "(\w+\.cuh)"`)
)

// Every entry point of every module has the catalog's parameters, and every kernel of the catalog
// is there, in the baseline and in the tf32 variant where its module has one.
func TestCatalogEqualsPTX(t *testing.T) {
	for _, name := range modules(t) {
		module, _, _ := strings.Cut(filepath.Base(name), ".")
		var want []string
		for _, k := range All() {
			if k.Module == module {
				want = append(want, k.Name)
			}
		}
		var got []string
		for _, m := range entryPattern.FindAllStringSubmatch(read(t, name), -1) {
			got = append(got, m[1])
			k, err := Lookup(m[1])
			if err != nil {
				t.Errorf("%s: %v in the catalog", name, err)
				continue
			}
			var types, listed []string
			for _, p := range paramPattern.FindAllStringSubmatch(m[2], -1) {
				types = append(types, p[1])
			}
			for _, p := range k.Params {
				listed = append(listed, string(p.Type))
			}
			if !slices.Equal(types, listed) {
				t.Errorf("%s: %s takes %v, the catalog says %v", name, k.Name, types, listed)
			}
			if threads := threadsPattern.FindStringSubmatch(m[3]); threads == nil || threads[1] != fmt.Sprint(k.Threads) {
				t.Errorf("%s: %s has bounds %q, the catalog says %d threads", name, k.Name, threads, k.Threads)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: entry points %v, the catalog has %v", name, got, want)
		}
	}
	for _, k := range All() {
		if _, err := PTX(k.Module, MinCapability, false); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

// The source names its parameters as the catalog does; PTX numbers them.
func TestCatalogNamesParameters(t *testing.T) {
	for _, k := range All() {
		if k.Threads != 256 {
			continue // made by macros
		}
		source := read(t, k.Module+".cu")
		m := regexp.MustCompile(`(?s)__launch_bounds__\(256\)\s+` + k.Name + `\((.*?)\) \{`).FindStringSubmatch(source)
		if m == nil {
			t.Errorf("%s.cu: no kernel %s", k.Module, k.Name)
			continue
		}
		var names, listed []string
		for _, p := range strings.Split(m[1], ",") {
			names = append(names, regexp.MustCompile(`\w+$`).FindString(strings.TrimSpace(p)))
		}
		for _, p := range k.Params {
			listed = append(listed, p.Name)
		}
		if k.Name == "indices" {
			listed[1] = "y" // the kernel's own name is taken
		}
		if !slices.Equal(names, listed) {
			t.Errorf("%s: parameters %v, the catalog says %v", k.Name, names, listed)
		}
	}
}

// sources is the text that a module's hash is of: the .cu file and all headers.
func sources(t *testing.T, module string) []byte {
	var all bytes.Buffer
	source := read(t, module+".cu")
	all.WriteString(source)
	all.WriteString(read(t, "common.cuh"))
	for _, m := range includePattern.FindAllStringSubmatch(source, -1) {
		if m[1] != "common.cuh" {
			all.WriteString(read(t, m[1]))
		}
	}
	return all.Bytes()
}

func TestPTXIsOfTheseSources(t *testing.T) {
	flags := regexp.MustCompile(`(?m)^flags="(.*)"$`).FindStringSubmatch(read(t, "build.sh"))
	if flags == nil {
		t.Fatal("build.sh sets no flags")
	}
	targets := map[string]string{
		"sm_70": "--cuda-gpu-arch=sm_70 --cuda-feature=+ptx63",
		"sm_80": "--cuda-gpu-arch=sm_80 --cuda-feature=+ptx70",
	}
	for _, name := range modules(t) {
		parts := strings.Split(filepath.Base(name), ".")
		sum := sha256.New()
		sum.Write(sources(t, parts[0]))
		fmt.Fprintf(sum, "%s %s\n", flags[1], targets[parts[1]])
		want := fmt.Sprintf("// sources sha256:%x\n", sum.Sum(nil))
		if !strings.HasSuffix(read(t, name), want) {
			t.Errorf("%s was made from other sources: run kernels/build.sh", name)
		}
	}
}

// The PTX loads on old drivers, adds floats in a fixed order, and says nothing of the machine it
// was made on.
func TestPTXText(t *testing.T) {
	header := map[string]string{"sm_70": ".version 6.3\n.target sm_70\n", "sm_80": ".version 7.0\n.target sm_80\n"}
	forbidden := regexp.MustCompile(`\b(atom|red)\.[\w.]*\.(f16|f32|f64|bf16)|\.file|/home|/work|/tmp`)
	for _, name := range modules(t) {
		text := read(t, name)
		if want := header[strings.Split(name, ".")[1]]; !strings.Contains(text, want) {
			t.Errorf("%s: no %q", name, want)
		}
		if bad := forbidden.FindString(text); bad != "" {
			t.Errorf("%s contains %s", name, bad)
		}
	}
}

// What the speed of products hangs on: a compiler that takes quads apart makes every load four, and
// one that gives up on tensor cores says nothing.
func TestPTXHasWideAccesses(t *testing.T) {
	for name, want := range map[string][]string{
		"sm_70": {"ld.global.v4.f32", "ld.shared.v4.f32", "st.global.v4.f32", "fma.rn.f32"},
		"sm_80": {"cp.async.cg.shared.global", "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", "st.global.v4.f32"},
	} {
		for _, k := range All() {
			if k.Threads != 128 {
				continue
			}
			text := read(t, "ptx/"+k.Module+"."+name+".ptx")
			_, body, _ := strings.Cut(text, ".entry "+k.Name+"(")
			body, _, _ = strings.Cut(body, ".entry ")
			if generic := genericPattern.FindString(body); generic != "" {
				t.Errorf("%s in %s: %q does not say which memory", k.Name, name, generic)
			}
			for _, w := range want {
				if !strings.Contains(body, w) {
					t.Errorf("%s in %s: no %s", k.Name, name, w)
				}
			}
		}
	}
}

func TestRecompilingGivesTheSamePTX(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles all kernels")
	}
	t.Parallel()
	if _, err := exec.LookPath("clang++-19"); err != nil {
		t.Skip("no clang++-19 here: the PTX was not recompiled")
	}
	fresh := t.TempDir()
	if out, err := exec.Command("./build.sh", fresh).CombinedOutput(); err != nil {
		t.Fatalf("build.sh: %v\n%s", err, out)
	}
	for _, name := range modules(t) {
		if read(t, name) != read(t, filepath.Join(fresh, filepath.Base(name))) {
			t.Errorf("%s: recompiling gives another text", name)
		}
	}
}

func TestPTXChoosesVariant(t *testing.T) {
	for _, c := range []struct {
		module     string
		capability int
		tf32       bool
		want       string
	}{
		{"matmul", 70, true, ".target sm_70"},
		{"matmul", 80, true, ".target sm_80"},
		{"matmul", 90, false, ".target sm_70"},
		{"adam", 90, true, ".target sm_70"},
	} {
		text, err := PTX(c.module, c.capability, c.tf32)
		if err != nil || !bytes.Contains(text, []byte(c.want)) {
			t.Errorf("PTX(%s, %d, %v): no %q (%v)", c.module, c.capability, c.tf32, c.want, err)
		}
	}
	if _, err := PTX("adam", 61, false); err == nil {
		t.Error("PTX for compute capability 6.1: no error")
	}
	if _, err := PTX("none", 90, false); err == nil {
		t.Error("PTX of a module that is not there: no error")
	}
}

// ptxas prints a line an entry point: file, architecture, entry, registers, shared bytes, spilled bytes.
func TestNoSpills(t *testing.T) {
	if testing.Short() {
		t.Skip("assembles all kernels")
	}
	t.Parallel()
	ptxas := os.Getenv("PTXAS")
	if ptxas == "" {
		ptxas = "../build/ptxas/ptxas"
	}
	if _, err := os.Stat(ptxas); err != nil {
		t.Skip("no ptxas: kernels/ptxas.sh fetches it")
	}
	out, err := exec.Command("./ptxas.sh").CombinedOutput()
	if err != nil {
		t.Fatalf("ptxas.sh: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")[1:]
	if len(lines) < 4*len(All()) {
		t.Errorf("%d lines for %d entry points and four architectures", len(lines), len(All()))
	}
	for _, line := range lines {
		if fields := strings.Fields(line); len(fields) != 6 || fields[5] != "0" {
			t.Errorf("spills: %s", line)
		}
	}
}
