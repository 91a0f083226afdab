package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// The scripts ask gangpu itself what could come next.
var completionScripts = map[string]string{
	"bash": `_gangpu() {
	local cur="${COMP_WORDS[COMP_CWORD]}" ask words
	ask=$cur
	[[ $cur == -- ]] && ask=- # a bare -- would end the flags
	words=$("${COMP_WORDS[@]:0:$COMP_CWORD}" ${ask:+"$ask"} --generate-bash-completion 2>/dev/null)
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _gangpu gangpu
`,
	"zsh": `#compdef gangpu
_gangpu() {
	local -a words_
	local ask=${words[-1]}
	[[ $ask == -- ]] && ask=-
	words_=("${(@f)$(${words[@]:0:#words[@]-1} ${ask:+$ask} --generate-bash-completion 2>/dev/null)}")
	if (( ${#words_} )) && [[ -n ${words_[1]} ]]; then compadd -a words_; else _files; fi
}
compdef _gangpu gangpu
`,
}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes gangpu's commands and flags in a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: "For this shell: source <(gangpu completion bash). For every shell, put that line into\n" +
			"~/.bashrc or ~/.zshrc; for fish: gangpu completion fish > ~/.config/fish/completions/gangpu.fish",
		BashComplete: func(c *cli.Context) {
			fmt.Fprintln(c.App.Writer, strings.Join([]string{"bash", "zsh", "fish"}, "\n"))
		},
		Action: func(c *cli.Context) error {
			shell := c.Args().First()
			script, ok := completionScripts[shell]
			if shell == "fish" {
				var err error
				if script, err = c.App.ToFishCompletion(); err != nil {
					return fmt.Errorf("making the fish completion: %w", err)
				}
				ok = true
			}
			if !ok || c.Args().Len() != 1 {
				return usagef("want one shell of %s", strings.Join(append(slices.Sorted(maps.Keys(completionScripts)), "fish"), ", "))
			}
			_, err := fmt.Fprint(c.App.Writer, script)
			return err
		},
	}
}
