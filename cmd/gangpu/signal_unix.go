//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// launcherSignals ask a command to end too: Open MPI's launcher passes SIGUSR1 on, where by SIGINT and SIGTERM it leaves its
// ranks no time to save; Slurm sends it before a job's time is over, if it is asked to.
var launcherSignals = []os.Signal{syscall.SIGUSR1}

// inOwnGroup starts a command where a terminal's signals do not reach it.
func inOwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a command that was started inOwnGroup, and what it started in that group.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
