package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// signalError is why a context ended: a signal asked for it.
type signalError struct{ os.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("stopped by a signal: %v", e.Signal) }

// exitCode is the one that a shell reports of a process that the signal ends.
func (e *signalError) exitCode() int {
	if s, ok := e.Signal.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitInterrupted
}

// withSignals is ctx until the first signal, which asks the command to finish. The next one ends
// the process.
func withSignals(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		endAtOnce()
		cancel(&signalError{s})
	}()
	return ctx
}

// endAtOnce gives the signals their default back, for what has nothing to finish.
func endAtOnce() {
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	if os.Getpid() != 1 {
		return
	}
	// A signal's default does not end the first process of a container, and what Go does then is to exit with 2.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { os.Exit((&signalError{<-signals}).exitCode()) }()
}
