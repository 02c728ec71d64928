package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Not checked here: that systemd runs the units, which takes a machine that it has booted.

// exposure is the most that `systemd-analyze security` may find, of 10.
const exposure = "2.0"

func TestSystemdUnits(t *testing.T) {
	t.Parallel()
	units, err := filepath.Glob(filepath.Join(root, "deployments", "systemd", "*.service"))
	if err != nil || len(units) != 3 {
		t.Fatalf("%d units, %v", len(units), err)
	}
	hardening := ""
	for _, path := range units {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, text := filepath.Base(path), string(raw)
		_, hard, _ := strings.Cut(text, "# Hardening")
		if hardening != "" && hard != hardening {
			t.Errorf("%s is hardened in another way than its siblings", name)
		}
		hardening = hard
		start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/(\S+)(.*)$`).FindStringSubmatch(text)
		if start == nil {
			t.Fatalf("%s starts nothing", name)
		}
		program := start[1]
		if program+".service" != name {
			t.Errorf("%s starts %s", name, program)
		}
		checkCommand(t, name, append([]string{program}, strings.Fields(start[2])...))
		var names []string
		for _, line := range regexp.MustCompile(`(?m)^Environment=(.*)$`).FindAllStringSubmatch(text, -1) {
			for _, pair := range strings.Fields(line[1]) {
				variable, value, _ := strings.Cut(pair, "=")
				names = append(names, variable)
				if credential, ok := strings.CutPrefix(value, "%d/"); ok && !strings.Contains(text, "\nLoadCredential="+credential+":") {
					t.Errorf("%s: %s names a credential that is not loaded", name, pair)
				}
			}
		}
		checkEnvironment(t, name, program, names)
		stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)(min|s)$`).FindStringSubmatch(text)
		if stop == nil {
			t.Fatalf("%s has no TimeoutStopSec", name)
		}
		limit, err := time.ParseDuration(stop[1] + stop[2][:1])
		if err != nil || limit <= drain(t, program) {
			t.Errorf("%s may be killed after %v, %v, and needs %v to drain", name, limit, err, drain(t, program))
		}
		analyze(t, path, program)
	}
}

// analyze has systemd judge a unit whose program is one that exists here.
func analyze(t *testing.T, path, program string) {
	t.Helper()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not on this machine: units were only read")
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := filepath.Abs(filepath.Join(programs.dir, program))
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(raw), "/usr/local/bin/"+program, binary)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", "--recursive-errors=no", unit},
		{"security", "--offline=true", "--no-pager", "--threshold=" + strings.ReplaceAll(exposure, ".", ""), unit},
	} {
		if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze %s %s: %v\n%s", args[0], filepath.Base(path), err, out[max(0, len(out)-3000):])
		}
	}
}
