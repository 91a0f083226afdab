package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gangpu/engine/cuda"
	"gangpu/gan/games/tutorial"
)

// What a library leaves open is followed by what the command has for it.
func TestAdvice(t *testing.T) {
	fault := fmt.Errorf("cuda:0: %w", &cuda.ProgramError{Program: "generator step", Kernels: 7, Err: errors.New("illegal address")})
	const want = "cuda:0: program generator step (7 kernels): illegal address; GANGPU_CUDA_SYNC=1 tells which kernel"
	if got := advised(fault).Error(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := advised(errors.New("other")).Error(); got != "other" {
		t.Errorf("%q, want no advice", got)
	}
	for symptom, flags := range mayHelp(tutorial.System) {
		if !strings.Contains(flags, "--") {
			t.Errorf("%s: %q names no flag", symptom, flags)
		}
	}
}
