package app_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/cli/app"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/proc"
)

// TestInterrupt: main ends the context on SIGINT and SIGTERM.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		interrupt()
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	var stderr bytes.Buffer
	env := &proc.Env{
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, Now: time.Now,
		LookupEnv: func(string) (string, bool) { return "", false },
	}
	if got := app.Run(ctx, env, "test", []string{"providers", "list", "--server", server.URL}); got != exit.Interrupted {
		t.Errorf("exit code is %d, want %d", got, exit.Interrupted)
	}
	if got := stderr.String(); got != "trunklinectl: interrupted\n" {
		t.Errorf("stderr is %q", got)
	}
}
