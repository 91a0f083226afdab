package nccl_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// libraryVariable names a folder with NVIDIA's libnccl.so.2 and nccl.h, as `make test-nccl` does.
const libraryVariable = "GANGPU_TEST_NCCL"

func library(t *testing.T) string {
	t.Helper()
	dir := os.Getenv(libraryVariable)
	if dir == "" {
		t.Skipf("%s names no NCCL of NVIDIA's: make test-nccl fetches it", libraryVariable)
	}
	return dir
}

// What nccl.h declares is what NVIDIA's header declares: one file of static assertions, made from ours, is compiled against
// both.
func TestHeaderIsNVIDIAs(t *testing.T) {
	dir := library(t)
	text, err := os.ReadFile("nccl.h")
	if err != nil {
		t.Fatal(err)
	}
	var assertions []string
	add := func(condition string) {
		assertions = append(assertions, fmt.Sprintf("_Static_assert(%s, \"%s\");\n", condition, condition))
	}
	for _, m := range regexp.MustCompile(`\bX\((nccl\w+), (.*?), (\(.*\))\)`).FindAllStringSubmatch(string(text), -1) {
		add(fmt.Sprintf("__builtin_types_compatible_p(__typeof__(&%s), %s (*)%s)", m[1], m[2], m[3]))
	}
	functions := len(assertions)
	for _, m := range regexp.MustCompile(`\b(nccl\w+) = (\d+)`).FindAllStringSubmatch(string(text), -1) {
		add(m[1] + " == " + m[2])
	}
	if functions < 12 || len(assertions)-functions < 5 {
		t.Fatalf("nccl.h has %d functions and %d values: it is not read right", functions, len(assertions)-functions)
	}
	add("sizeof(ncclUniqueId) == 128")

	cc := strings.Fields(os.Getenv("CC"))
	if len(cc) == 0 {
		cc = []string{"cc"}
	}
	work := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(work, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// What NVIDIA's header needs of CUDA.
	write("cuda_runtime.h", "#include <stddef.h>\n#define CUDART_VERSION 12000\ntypedef struct CUstream_st *cudaStream_t;\n")
	write("cuda_fp16.h", "")
	write("cuda_bf16.h", "")
	ours, err := filepath.Abs("nccl.h")
	if err != nil {
		t.Fatal(err)
	}
	declared := "#define DECLARE(name, result, parameters) extern result name parameters;\n"
	for header, before := range map[string]string{
		ours:                         declared + "#include \"" + ours + "\"\nNCCL_FUNCTIONS(DECLARE)\n",
		filepath.Join(dir, "nccl.h"): "#include \"" + filepath.Join(dir, "nccl.h") + "\"\n",
	} {
		file := write("assertions.c", before+strings.Join(assertions, ""))
		if out, err := exec.Command(cc[0], append(cc[1:], "-w", "-fsyntax-only", "-I"+work, file)...).CombinedOutput(); err != nil {
			t.Errorf("nccl.h is not like %s: %v\n%s", header, err, out)
		}
	}
	t.Logf("%d assertions hold", len(assertions))
}
