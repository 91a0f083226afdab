package cudriver_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// headersVariable lists NVIDIA's headers to compare with, as `make test-cuda-headers` does.
const headersVariable = "GANGPU_CUDA_HEADERS"

// compiler is the C compiler of Go's builds. Without one, or on a machine whose GPUs the command does not use, the test
// is skipped.
func compiler(t *testing.T) (cc []string, cgoFlags string) {
	t.Helper()
	var reason strings.Builder
	cmd := exec.Command("sh", "cgo-flags.sh")
	cmd.Stderr = &reason
	flags, err := cmd.Output()
	if err != nil {
		t.Skipf("no command for a GPU can be built here: %v: %s", err, reason.String())
	}
	name, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(name)), strings.TrimSpace(string(flags))
}

// checks is what NVIDIA's header must agree with: lines of C that compile only where it does.
type checks struct {
	names      []string // of the values, for the values that the compiler gives them
	types      []string // of the handles, numbers and structs
	fields     []string // "type, field"
	compatible []string // the arguments of __builtin_types_compatible_p: of numbers and functions
}

func parseHeader(t *testing.T) (c checks) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("libcuda", name))
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(text), "")
	}
	header := read("cuda.h")
	for _, m := range regexp.MustCompile(`(CU\w+) = \w+`).FindAllStringSubmatch(header, -1) {
		c.names = append(c.names, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:typedef [a-z].*?|} )\(?\*?(CU\w+|cuuint32_t)(?:;|\)\()`).FindAllStringSubmatch(header, -1) {
		c.types = append(c.types, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^typedef ([a-z][\w ]*) (\w+);`).FindAllStringSubmatch(header, -1) {
		c.compatible = append(c.compatible, m[2]+", "+m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^typedef (\w+) \(\*(\w+)\)(\(.*\));`).FindAllStringSubmatch(header, -1) {
		c.compatible = append(c.compatible, m[2]+", "+m[1]+" (*)"+m[3])
	}
	member := regexp.MustCompile(`(\w+)(?:\[\d+\])?\s*[,;]`)
	for _, m := range regexp.MustCompile(`(?s)typedef struct \{(.*?)\} (\w+);`).FindAllStringSubmatch(header, -1) {
		for _, f := range member.FindAllStringSubmatch(m[1], -1) {
			c.fields = append(c.fields, m[2]+", "+f[1])
		}
	}
	for _, m := range regexp.MustCompile(`\bX\((cu\w+), (\(.*\))\)`).FindAllStringSubmatch(read("cuda_functions.h"), -1) {
		c.compatible = append(c.compatible, "__typeof__(&"+m[1]+"), CUresult (*)"+m[2])
	}
	return c
}

// TestHeaderIsNVIDIAs compiles one file of static assertions, made from the project's cuda.h, against that header and
// against NVIDIA's: the values of the names, the sizes of the types, the offsets and sizes of the fields, and the types
// of the functions.
func TestHeaderIsNVIDIAs(t *testing.T) {
	headers := filepath.SplitList(os.Getenv(headersVariable))
	if len(headers) == 0 {
		t.Skipf("%s lists no headers of NVIDIA's: make test-cuda-headers fetches them", headersVariable)
	}
	cc, _ := compiler(t)
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	c := parseHeader(t)
	if len(c.names) < 250 || len(c.types) < 30 || len(c.fields) < 90 || len(c.compatible) < 150 {
		t.Fatalf("cuda.h has %d values, %d types, %d fields, %d numbers and functions: it is not read right",
			len(c.names), len(c.types), len(c.fields), len(c.compatible))
	}

	// The first program prints what the project's header makes of the names.
	var printer strings.Builder
	printer.WriteString("#include <stddef.h>\n#include <stdio.h>\n#include \"cuda.h\"\nint main(void) {\n")
	value := func(expression string) {
		fmt.Fprintf(&printer, "\tprintf(\"_Static_assert(%s == %%lld, \\\"%s\\\");\\n\", (long long)(%s));\n", expression, expression, expression)
	}
	for _, n := range c.names {
		if n != "CU_CTX_FLAGS_MASK" { // has a bit more for each flag that a version adds
			value(n)
		}
	}
	for _, n := range c.types {
		value("sizeof(" + n + ")")
	}
	for _, f := range c.fields {
		typ, field, _ := strings.Cut(f, ", ")
		value("offsetof(" + f + ")")
		value("sizeof(((" + typ + "*)0)->" + field + ")")
	}
	printer.WriteString("}\n")
	dir := t.TempDir()
	source, program := filepath.Join(dir, "print.c"), filepath.Join(dir, "print")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(source, printer.String())
	run(append(cc, "-Ilibcuda", source, "-o", program)...)
	assertions := run(program) + "_Static_assert((CU_CTX_FLAGS_MASK & 31) == 31, \"CU_CTX_FLAGS_MASK\");\n"
	for _, types := range c.compatible {
		assertions += fmt.Sprintf("_Static_assert(__builtin_types_compatible_p(%s), \"%s\");\n", types, types)
	}

	// NVIDIA's header declares the older versions of functions where this name is defined.
	assertions = "#define __CUDA_API_VERSION_INTERNAL\n#include <stddef.h>\n#include HEADER\n" + assertions
	file := filepath.Join(dir, "assertions.c")
	write(file, assertions)
	for _, header := range append([]string{"libcuda/cuda.h"}, headers...) {
		path, err := filepath.Abs(header)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(cc[0], append(cc[1:], "-w", "-fsyntax-only", `-DHEADER="`+path+`"`, file)...).CombinedOutput()
		if err != nil {
			t.Errorf("cuda.h is not like %s: %v\n%s", header, err, out)
		}
	}
	t.Logf("%d assertions hold for %v", strings.Count(assertions, "_Static_assert("), headers)
}
