package kernels

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
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
	genericPattern = regexp.MustCompile(`\b(ld|st)\.(v[24]\.)?[fub]\d+`)
	includePattern = regexp.MustCompile(`(?m)^#include "(\w+\.cuh)"`)
)

// Every entry point of every module is read, with parameters of types that a launcher knows, and a tf32 variant has the
// same ones as its baseline.
func TestEntries(t *testing.T) {
	known := []Type{U32, U64, F32, F64}
	for _, name := range modules(t) {
		module, _, _ := strings.Cut(filepath.Base(name), ".")
		text := read(t, name)
		got, err := entries(module, text)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(regexp.MustCompile(`\.entry\b`).FindAllString(text, -1)); len(got) != n || n == 0 {
			t.Errorf("%s: read %d of %d entry points", name, len(got), n)
		}
		want := slices.DeleteFunc(all(t), func(k Kernel) bool { return k.Module != module })
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: entry points %v, the baseline has %v", name, got, want)
		}
		for _, k := range got {
			for _, p := range k.Params {
				if !slices.Contains(known, p.Type) {
					t.Errorf("%s: %s has a parameter of type %s", name, k.Name, p.Type)
				}
			}
		}
	}
	k, err := Lookup("leaky_relu")
	if err != nil {
		t.Fatal(err)
	}
	var types []Type
	for _, p := range k.Params {
		types = append(types, p.Type)
	}
	if !slices.Equal(types, []Type{Pointer, Pointer, U32, F32}) || k.Threads != 256 || k.Module != "leaky_relu" {
		t.Errorf("leaky_relu is read as %+v", k)
	}
	if _, err := Lookup("none"); err == nil {
		t.Error("a kernel that is not there: no error")
	}
	for _, bad := range []string{".visible .entry k(\n)\n.maxntid 32, 1, 1", ".visible .entry k(\n.param .u32 k_param_0\n)\n{"} {
		if _, err := entries("bad", bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func all(t *testing.T) []Kernel {
	kernels, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return kernels
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
		for _, k := range all(t) {
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
	if len(lines) < 4*len(all(t)) {
		t.Errorf("%d lines for %d entry points and four architectures", len(lines), len(all(t)))
	}
	for _, line := range lines {
		if fields := strings.Fields(line); len(fields) != 6 || fields[5] != "0" {
			t.Errorf("spills: %s", line)
		}
	}
}
