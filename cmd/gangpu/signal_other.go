//go:build !unix

package main

import (
	"os"
	"os/exec"
)

var launcherSignals []os.Signal

func inOwnGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
