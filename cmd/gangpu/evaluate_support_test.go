package main

import (
	"path/filepath"
	"testing"
)

// classifierArgs are those of a run of a classifier that takes a moment.
func classifierArgs(out string, more ...string) []string {
	return append([]string{"train", "classifier", "--device", "cpu", "--filters", "4", "--epochs", "2", "--batch", "10", "--out", out}, more...)
}

// classifier is the file of one for the images that tests use.
func classifier(t *testing.T, more ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "classifier")
	succeed(t, classifierArgs(out, more...)...)
	return filepath.Join(out, "model.safetensors")
}
