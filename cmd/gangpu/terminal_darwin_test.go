package main

import (
	"os"
	"testing"
)

func openTerminal(t *testing.T) (*os.File, string) {
	t.Helper()
	t.Skip("no pseudoterminal is made here")
	return nil, ""
}
