package ctl

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// signedIn starts an all-in-one and gives the environment of somebody who is signed in to it.
func signedIn(t *testing.T) (env []string, run func(args ...string) string) {
	t.Helper()
	all := programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword}, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	env = []string{"TRUNKLINE_SERVER=" + all.Address("console"), "HOME=" + t.TempDir()}
	run = func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), programs.Path(t, "trunklinectl"), args...)
		cmd.Env = append(os.Environ(), append(env, "TRUNKLINE_ADMIN_PASSWORD="+adminPassword)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("trunklinectl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	var made struct{ Secret string }
	if err := json.Unmarshal([]byte(run("tokens", "create", "test", "--role", "owner", "--username", "admin", "-o", "json")), &made); err != nil {
		t.Fatal(err)
	}
	env = append(env, "TRUNKLINE_TOKEN="+made.Secret)
	return env, run
}

// TestWatchAtATerminal: the table is redrawn, in place, and Ctrl-C ends it well.
func TestWatchAtATerminal(t *testing.T) {
	t.Parallel()
	env, run := signedIn(t)
	run("groups", "create", "first")
	x := newTerminal(t, env, programs.Path(t, "trunklinectl"), "groups", "list", "--watch", "--interval", "100ms")
	x.await("first")
	run("groups", "create", "second")
	x.await("second")
	x.types("\x03")
	x.ends(0)
	if screen := x.screen(); strings.Count(screen, "\x1b[H\x1b[J") < 2 || !strings.Contains(screen, "trunklinectl groups list every 100ms, at ") {
		t.Errorf("shown was\n%q", screen)
	}
}

// TestWatchInAPipe: each line is written once, and again when it changes; SIGTERM ends it well.
func TestWatchInAPipe(t *testing.T) {
	t.Parallel()
	env, run := signedIn(t)
	run("groups", "create", "first")
	cmd := exec.Command(programs.Path(t, "trunklinectl"), "groups", "list", "-w", "--interval", "100ms", "-o", "json")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	expect := func(name, alias string) {
		t.Helper()
		select {
		case line := <-lines:
			var g struct {
				Name    string
				Aliases []string
			}
			if err := json.Unmarshal([]byte(line), &g); err != nil || g.Name != name || strings.Join(g.Aliases, "") != alias {
				t.Fatalf("the line is %s, want %s with alias %q", line, name, alias)
			}
		case <-time.After(patience):
			t.Fatalf("no line for %s", name)
		}
	}
	expect("first", "")
	run("groups", "create", "second")
	expect("second", "")
	run("groups", "update", "first", "--aliases", "one")
	expect("first", "one")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for line := range lines {
		t.Errorf("more: %s", line)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestADiffIsColouredForPeople: at a terminal, unless $NO_COLOR is set.
func TestADiffIsColouredForPeople(t *testing.T) {
	t.Parallel()
	env, run := signedIn(t)
	run("groups", "create", "old", "--aliases", "a")
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte("{kind: Group, name: new}\n---\n{kind: Group, name: old, aliases: [b]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		env  []string
		want string
	}{
		{nil, "\x1b[32m+ Group new\x1b[0m"},
		{nil, "\x1b[31m\"a\"\x1b[0m -> \x1b[32m\"b\"\x1b[0m"},
		{[]string{"NO_COLOR=1"}, "\n+ Group new\r\n"},
		{[]string{"TERM=dumb"}, "+ Group new\r\n"},
	} {
		x := newTerminal(t, append(env, tc.env...), programs.Path(t, "trunklinectl"), "diff", "-f", file)
		x.ends(8)
		x.await("1 to create")
		if shown := "\n" + x.screen(); !strings.Contains(shown, tc.want) {
			t.Errorf("%v: shown was %q, want %q in it", tc.env, shown, tc.want)
		}
	}
}
