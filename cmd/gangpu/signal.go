package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
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

// endSignals are those that ask a command to end. The ones that the process was started to ignore,
// as nohup and a script's background jobs are, stay ignored; but SIGTERM, of which Go does not tell.
var endSignals = slices.DeleteFunc(append([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, launcherSignals...), signal.Ignored)

// withSignals is ctx until the first of endSignals, which asks the command to finish. The next one
// ends the process, unless it is SIGHUP: a terminal that closes may send several, and a service
// manager sends it after SIGTERM.
func withSignals(ctx context.Context) context.Context {
	// A write to a pipe without a reader becomes an error that a stream knows, not the end of the
	// process. Ignore would do so too, but for the programs that this one starts as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	for _, s := range endSignals { // Notify without signals would ask for all of them
		signal.Notify(signals, s)
	}
	go func() {
		s := <-signals
		signal.Ignore(syscall.SIGHUP)
		endAtOnceBy(slices.DeleteFunc(slices.Clone(endSignals), func(s os.Signal) bool { return s == syscall.SIGHUP }))
		cancel(&signalError{s})
	}()
	return ctx
}

// endAtOnce gives the signals their default back, for what has nothing to finish.
func endAtOnce() { endAtOnceBy(endSignals) }

func endAtOnceBy(ends []os.Signal) {
	var signals chan os.Signal
	if os.Getpid() == 1 {
		// A signal's default does not end the first process of a container, and what Go does then is to exit with 2.
		signals = make(chan os.Signal, 1)
		go func() { os.Exit((&signalError{<-signals}).exitCode()) }()
	}
	for _, s := range ends {
		signal.Reset(s)
		if signals != nil {
			signal.Notify(signals, s)
		}
	}
}
