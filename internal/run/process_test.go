package run_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/run"
	"go.uber.org/goleak"
)

// childMode names the environment variable that makes this test binary the command that
// TestMainHandlesRealSignals starts.
const childMode = "RUN_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		run.Main(func(ctx context.Context) error { return child(ctx, mode) })
	}
	goleak.VerifyTestMain(m)
}

func child(ctx context.Context, mode string) error {
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println("draining")
	switch mode {
	case "hangs":
		select {}
	case "fails":
		return errors.New("drain failed")
	}
	return nil
}

func TestMainHandlesRealSignals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mode    string
		signals []syscall.Signal
		code    int
		stderr  string
	}{
		{"drains", []syscall.Signal{syscall.SIGTERM}, 0, ""},
		{"drains", []syscall.Signal{syscall.SIGINT}, 0, ""},
		{"fails", []syscall.Signal{syscall.SIGTERM}, 1, "drain failed\n"},
		{"hangs", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, 143, "exit without waiting\n"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.mode, tt.signals), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childMode+"="+tt.mode)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			for _, sig := range tt.signals {
				// Each signal is sent after the line that shows the one before was handled.
				if !lines.Scan() {
					t.Fatalf("child ended early: %s", &stderr)
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
			}
			for lines.Scan() {
			}
			_ = cmd.Wait() // the exit code says it
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d; stderr: %s", code, tt.code, &stderr)
			}
			if !strings.HasSuffix(stderr.String(), tt.stderr) {
				t.Errorf("stderr %q, want it to end with %q", &stderr, tt.stderr)
			}
		})
	}
}
