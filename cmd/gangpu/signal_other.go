//go:build !unix

package main

import "os"

var launcherSignals []os.Signal
