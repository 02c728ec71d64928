package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Main runs fn as a command and exits: with 0 when fn returns nil, else with the code
// that its error names by a method ExitCode() int, else with 1. An error is printed as
// one line on standard error unless its code is 0. The first SIGTERM or SIGINT ends fn's
// context; a second one exits at once with 128 plus the signal's number.
func Main(fn func(ctx context.Context) error) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	os.Exit(supervise(fn, signals, filepath.Base(os.Args[0]), os.Stderr))
}

// MainDraining is Main for a command that can take its time to stop: a second SIGTERM or
// SIGINT closes hurry, upon which fn ends as soon as it can without harm; a third one exits
// at once.
func MainDraining(fn func(ctx context.Context, hurry <-chan struct{}) error) {
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	os.Exit(superviseDraining(fn, signals, filepath.Base(os.Args[0]), os.Stderr))
}

// supervise is Main without the process: it returns the exit code.
func supervise(fn func(context.Context) error, signals <-chan os.Signal, name string, stderr io.Writer) int {
	return watch(func(ctx context.Context, _ <-chan struct{}) error { return fn(ctx) }, 1, signals, name, stderr)
}

// superviseDraining is MainDraining without the process.
func superviseDraining(fn func(context.Context, <-chan struct{}) error, signals <-chan os.Signal, name string, stderr io.Writer) int {
	return watch(fn, 2, signals, name, stderr)
}

// watch runs fn and passes patience signals on to it: the first ends its context, the second
// closes hurry. The next one ends the process.
func watch(fn func(context.Context, <-chan struct{}) error, patience int, signals <-chan os.Signal, name string, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hurry := make(chan struct{})
	ended := make(chan error, 1)
	go func() { ended <- fn(ctx, hurry) }()

	for seen := 0; ; {
		select {
		case err := <-ended:
			return report(err, seen > 0, name, stderr)
		case sig := <-signals:
			switch seen++; {
			case seen > patience:
				fmt.Fprintf(stderr, "%s: %s again: exit without waiting\n", name, sig)
				return signalCode(sig)
			case seen == 1:
				cancel()
			default:
				fmt.Fprintf(stderr, "%s: %s again: what is under way is cut; once more exits without waiting\n", name, sig)
				close(hurry)
			}
		}
	}
}

// report prints why the command ended, if that is worth a line, and gives its exit code.
func report(err error, stopping bool, name string, stderr io.Writer) int {
	if err == nil || stopping && errors.Is(err, context.Canceled) {
		return 0
	}
	code := 1
	if coded, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err); ok {
		code = coded.ExitCode()
	}
	if code != 0 {
		fmt.Fprintf(stderr, "%s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return code
}

// signalCode is the exit code shells use for a process that a signal ended.
func signalCode(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 1
}
