package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// coded is an error that names its exit code.
type coded int

func (c coded) Error() string { return "asked for" }
func (c coded) ExitCode() int { return int(c) }

func TestSuperviseExitCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		code int
		line string
	}{
		{"success", nil, 0, ""},
		{"failure", errors.New("listen: address in use"), 1, "cmd: listen: address in use\n"},
		{"one line", errors.Join(errors.New("a"), errors.New("b")), 1, "cmd: a; b\n"},
		{"usage", fmt.Errorf("settings: %w", coded(2)), 2, "cmd: settings: asked for\n"},
		{"help", coded(0), 0, ""},
		{"cancelled without a signal", context.Canceled, 1, "cmd: context canceled\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			code := supervise(func(context.Context) error { return tt.err }, nil, "cmd", &stderr)
			if code != tt.code || stderr.String() != tt.line {
				t.Errorf("code %d and %q, want %d and %q", code, stderr.String(), tt.code, tt.line)
			}
		})
	}
}

func TestSuperviseFirstSignalDrains(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 2)
	signals <- syscall.SIGTERM
	var stderr bytes.Buffer
	code := supervise(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}, signals, "cmd", &stderr)
	if code != 0 || stderr.Len() > 0 {
		t.Errorf("code %d and %q after a clean drain, want 0 and nothing", code, &stderr)
	}
}

func TestSuperviseDrainThatFails(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 2)
	signals <- syscall.SIGTERM
	var stderr bytes.Buffer
	code := supervise(func(ctx context.Context) error {
		<-ctx.Done()
		return errors.New("flush spool: disk full")
	}, signals, "cmd", &stderr)
	if code != 1 || stderr.String() != "cmd: flush spool: disk full\n" {
		t.Errorf("code %d and %q, want 1 and the error", code, &stderr)
	}
}

func TestSuperviseSecondSignalExitsAtOnce(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 2)
	signals <- syscall.SIGTERM
	signals <- syscall.SIGINT
	release := make(chan struct{})
	defer close(release)
	var stderr bytes.Buffer
	code := supervise(func(context.Context) error { <-release; return nil }, signals, "cmd", &stderr)
	if code != 130 {
		t.Errorf("code %d, want 130", code)
	}
	if want := "cmd: interrupt again: exit without waiting\n"; stderr.String() != want {
		t.Errorf("printed %q, want %q", &stderr, want)
	}
}

func TestSuperviseDrainingHurriesBeforeItExits(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 3)
	signals <- syscall.SIGTERM
	var stderr bytes.Buffer
	code := superviseDraining(func(ctx context.Context, hurry <-chan struct{}) error {
		<-ctx.Done()
		select {
		case <-hurry:
			t.Error("hurried by the first signal")
		default:
		}
		signals <- syscall.SIGTERM
		<-hurry
		return ctx.Err()
	}, signals, "cmd", &stderr)
	if code != 0 {
		t.Errorf("code %d, want 0", code)
	}
	if want := "cmd: terminated again: what is under way is cut; once more exits without waiting\n"; stderr.String() != want {
		t.Errorf("printed %q, want %q", &stderr, want)
	}
}

func TestSuperviseDrainingThirdSignalExitsAtOnce(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 3)
	for range 3 {
		signals <- syscall.SIGTERM
	}
	var stderr bytes.Buffer
	release := make(chan struct{})
	defer close(release)
	code := superviseDraining(func(context.Context, <-chan struct{}) error { <-release; return nil }, signals, "cmd", &stderr)
	if code != 143 {
		t.Errorf("code %d, want 143", code)
	}
}
