package app_test

import (
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trunkline-ai/trunkline/cli/app"
	"github.com/trunkline-ai/trunkline/cli/proc"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"trunklinectl": func() { os.Exit(app.Run(context.Background(), proc.OS(), "test", os.Args[1:])) },
	})
}

// TestScripts runs the stories in testdata/script, each as a real process
// against an admin API of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			_, handler := newFake()
			server := httptest.NewServer(handler)
			env.Defer(server.Close)
			env.Setenv("TRUNKLINE_SERVER", server.URL)
			env.Setenv("TRUNKLINE_TOKEN", goodToken)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each process lingers for a second under -race
			return writeTLS(env, handler)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode,
			"log":  showLog,
		},
	})
}

// exitCode runs a command and checks its exit code: code 3 trunklinectl ...
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		exited, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = exited.ExitCode()
	}
	if want := args[0]; want != strconv.Itoa(got) {
		ts.Fatalf("exit code is %d, want %s", got, want)
	}
}

// showLog prints what the server was asked, for stdout to be matched.
func showLog(ts *testscript.TestScript, neg bool, args []string) {
	client := &http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(ts.Getenv("TRUNKLINE_SERVER") + "/log")
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(b)
	ts.Check(err)
}

// writeTLS starts the same API over TLS, and leaves its certificate in ca.pem.
func writeTLS(env *testscript.Env, handler http.Handler) error {
	server := httptest.NewTLSServer(handler)
	env.Defer(server.Close)
	env.Setenv("TLS_SERVER", server.URL)
	return os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), certificatePEM(server), 0o600)
}

func certificatePEM(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}
