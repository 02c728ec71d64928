// Package cli tests trunklinectl against a real control plane on SQLite, story by
// story: what its own tests see against a fake server must hold here too.
package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trunkline-ai/trunkline/cli/app"
	"github.com/trunkline-ai/trunkline/cli/proc"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/server"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
)

const adminPassword = "correct horse battery staple"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"trunklinectl": func() { os.Exit(app.Run(context.Background(), proc.OS(), "e2e", os.Args[1:])) },
	})
}

// TestStories runs testdata/script. Each story has a control plane of its own, and
// signs in for its token with the password, as a newcomer does.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			url, stop, err := startControlPlane(filepath.Join(env.WorkDir, ".data.db"))
			if err != nil {
				return err
			}
			env.Defer(stop)
			upstream := httptest.NewServer(fakeprovider.New(fakeprovider.Config{}))
			env.Defer(upstream.Close)
			env.Setenv("UPSTREAM", upstream.URL)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each process lingers for a second under -race
			env.Setenv("TRUNKLINE_SERVER", url)
			env.Setenv("TRUNKLINE_ADMIN_PASSWORD", adminPassword)
			env.Setenv("TRUNKLINE_TOKEN_FILE", "token")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":  exitCode,
			"login": login,
		},
	})
}

// startControlPlane runs a control plane until stop.
func startControlPlane(database string) (url string, stop func(), err error) {
	keys, err := secrets.NewKeyset(bytes.Repeat([]byte{7}, secrets.KeySize), bytes.Repeat([]byte{8}, secrets.KeySize))
	if err != nil {
		return "", nil, err
	}
	s, err := server.New(context.Background(), server.Config{
		DatabaseURL:   "sqlite:///" + database,
		Keys:          keys,
		JoinToken:     func() string { return "join-token-0123456789" },
		AdminUsername: "admin",
		AdminPassword: adminPassword,
		GatewayURL:    "http://gateway.test",
		Version:       "v0-e2e",
		Logger:        slog.New(slog.DiscardHandler),
		Metrics:       prometheus.NewRegistry(),
	})
	if err != nil {
		return "", nil, err
	}
	nodes, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Close()
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, nodes) }()
	front := httptest.NewServer(s.Handler())
	return front.URL, func() {
		front.Close()
		cancel()
		<-done
	}, nil
}

// login makes a token with the password and leaves it in the file token.
func login(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: login")
	}
	ts.Check(ts.Exec("trunklinectl", "tokens", "create", "story", "--role", "owner", "--username", "admin", "-o", "json"))
	var answer struct{ Secret string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &answer))
	ts.Check(os.WriteFile(ts.MkAbs("token"), []byte(answer.Secret+"\n"), 0o600))
}

// exitCode runs a command and checks its exit code: code 3 trunklinectl ...
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exited, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = exited.ExitCode()
	}
	if args[0] != strconv.Itoa(got) {
		ts.Fatalf("exit code is %d, want %s", got, args[0])
	}
}
