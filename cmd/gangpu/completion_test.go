package main

import (
	"strings"
	"testing"
)

func TestCompletionScripts(t *testing.T) {
	for shell, want := range map[string]string{
		"bash": "complete -o bashdefault -o default -F _gangpu gangpu\n",
		"zsh":  "#compdef gangpu\n",
		"fish": "complete -c gangpu ",
	} {
		if script := succeed(t, "completion", shell); !strings.Contains(script, want) {
			t.Errorf("completion for %s is\n%s", shell, script)
		}
	}
}
