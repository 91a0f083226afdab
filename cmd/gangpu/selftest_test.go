package main

import (
	"strings"
	"testing"
)

func TestSelftest(t *testing.T) {
	out := succeed(t, "selftest", "--device", "cpu", "--cases", "2", "--work", "1000")
	for _, op := range []string{"conv2d_transpose", "adam", "images"} {
		if !strings.Contains(out, "\n"+op+" ") {
			t.Errorf("no row of %s in\n%s", op, out)
		}
	}
	if strings.Contains(out, "fails") {
		t.Errorf("an operation fails:\n%s", out)
	}
}
