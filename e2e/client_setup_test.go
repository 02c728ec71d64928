package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clientHome is a home of a client that is set up as trunklinectl client-setup says.
type clientHome struct {
	dir    string
	script string // what goes into a shell, without the last line, which starts the client
}

// setUp sets a client up to call a group with the API key, and says what its last line in the shell is.
func (s *stack) setUp(client, group string) (home *clientHome, starts string) {
	s.t.Helper()
	home = &clientHome{dir: s.t.TempDir()}
	c := s.ctl("client-setup", client, "--group", group, "--api-key", "app", "--secret-env", "APP_KEY", "--gateway-url", s.api, "-o", "json")
	c.cmd.Env = append(c.cmd.Env, "APP_KEY="+appKey)
	out, err := c.output()
	if err != nil {
		s.t.Fatal(err)
	}
	if c.stderr.Len() > 0 {
		s.t.Errorf("client-setup %s says %s", client, &c.stderr)
	}
	var setup struct {
		Blocks []struct{ Place, Path, Text string }
	}
	if err := json.Unmarshal(out, &setup); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	for _, b := range setup.Blocks {
		if b.Place == "shell" {
			home.script += b.Text
		}
		if b.Place != "file" { // settings are for people
			continue
		}
		name := filepath.Join(home.dir, strings.TrimPrefix(b.Path, "~/"))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b.Text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	i := strings.LastIndex(strings.TrimSuffix(home.script, "\n"), "\n") + 1
	home.script, starts = home.script[:i], strings.TrimSuffix(home.script[i:], "\n")
	return home, starts
}

// command runs a program in the shell that was set up, with more variables.
func (h *clientHome) command(ctx context.Context, env []string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", h.script + `exec "$@"`, "sh", program}, args...)...)
	cmd.Dir = h.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir}, env...)
	return cmd
}

// The SDKs, and curl, get an answer when they are set up as is printed, also by a model with an odd name.
func TestClientsSetUpAsPrinted(t *testing.T) {
	t.Parallel()
	s := oneAPI(t)
	modules, err := filepath.Abs("sdk/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	python, err := filepath.Abs("sdk/.venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	for client, tc := range map[string]struct {
		need string // a file or program without which it is not here
		run  []string
	}{
		"curl":             {"curl", nil},
		"openai-node":      {modules, []string{"node", "hello.mjs"}},
		"openai-python":    {python, []string{python, "hello.py"}},
		"anthropic-python": {python, []string{python, "hello.py"}},
	} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(tc.need); err != nil {
				if _, err := exec.LookPath(tc.need); err != nil {
					t.Skip(err)
				}
			}
			home, last := s.setUp(client, oddGroup)
			if tc.run == nil { // the call itself is what is printed
				tc.run, home.script = []string{"true"}, home.script+last+"\n"
			} else {
				home.script += last + "\n"
			}
			if err := os.Symlink(modules, filepath.Join(home.dir, "node_modules")); err != nil {
				t.Fatal(err)
			}
			out, err := home.command(t.Context(), nil, tc.run[0], tc.run[1:]...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "Hello") {
				t.Errorf("%s answers %s, %v", client, out, err)
			}
		})
	}
	warned := s.ctl("client-setup", "codex", "--group", "nobody", "--api-key", "app", "--gateway-url", s.api)
	if _, err := warned.output(); err != nil || !strings.Contains(warned.stderr.String(), fmt.Sprintf("no group has the name or alias %q", "nobody")) {
		t.Errorf("of a group that does not exist: %v, %s", err, &warned.stderr)
	}
}
