package check

import (
	"context"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// Not checked here: that containers really start. make cluster and its test run the same form as processes.

func project(t *testing.T, file string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "deployments", "compose", file)}, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	p, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return p
}

func TestCompose(t *testing.T) {
	t.Parallel()
	secrets := t.TempDir()
	for file, want := range map[string][]string{
		"quickstart.yaml":  {"trunkline"},
		"distributed.yaml": {"control-plane-1", "control-plane-2", "migrate", "nginx", "node-1", "node-2", "node-3", "postgres", "redis"},
	} {
		p := project(t, file)
		names := p.ServiceNames()
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("%s has the services %q, want %q", file, names, want)
		}
		for name, s := range p.Services {
			checkService(t, file+", "+name, s)
			for _, secret := range s.Secrets {
				if _, known := p.Secrets[secret.Source]; !known {
					t.Errorf("%s, %s: there is no secret %s", file, name, secret.Source)
				}
			}
			for dependency := range s.DependsOn {
				if _, known := p.Services[dependency]; !known {
					t.Errorf("%s, %s waits for %s, which is not there", file, name, dependency)
				}
			}
		}
		makeSecrets(t, secrets)
		for name, secret := range p.Secrets {
			if text, err := os.ReadFile(filepath.Join(secrets, filepath.Base(secret.File))); err != nil || len(text) < 16 {
				t.Errorf("%s: make-secrets.sh makes no good %s: %d bytes, %v", file, name, len(text), err)
			}
		}
	}
}

// checkService holds what is ours to what the programs know.
func checkService(t *testing.T, where string, s types.ServiceConfig) {
	t.Helper()
	if s.HealthCheck == nil && !strings.HasSuffix(where, ", migrate") && !strings.HasSuffix(where, ", nginx") {
		t.Errorf("%s has no health check", where)
	}
	command := []string(s.Command)
	if len(command) == 0 && strings.HasPrefix(s.Image, "trunkline:") {
		command = []string{"trunkline"} // the image's
	}
	if len(command) == 0 || !strings.HasPrefix(command[0], "trunkline") {
		return
	}
	program := command[0]
	checkCommand(t, where, command)
	var names []string
	for name, value := range s.Environment {
		names = append(names, name)
		if value == nil || *value == "" {
			t.Errorf("%s leaves %s empty", where, name)
			continue
		}
		if secret, isFile := strings.CutPrefix(*value, "/run/secrets/"); isFile && !slices.ContainsFunc(s.Secrets, func(c types.ServiceSecretConfig) bool { return c.Source == secret }) {
			t.Errorf("%s reads %s, which is not mounted", where, *value)
		}
	}
	checkEnvironment(t, where, program, names)
	if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.SecurityOpt) != 1 || len(s.Tmpfs) != 1 {
		t.Errorf("%s is not locked down", where)
	}
	if len(command) > 1 && command[1] == "migrate" {
		return
	}
	if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) <= drain(t, program) {
		t.Errorf("%s may be killed after %v, and needs %v to drain", where, s.StopGracePeriod, drain(t, program))
	}
	if want := []string{"CMD", program, "healthcheck"}; !slices.Equal([]string(s.HealthCheck.Test), want) {
		t.Errorf("%s asks for its health by %q, want %q", where, s.HealthCheck.Test, want)
	}
	checkCommand(t, where, []string(s.HealthCheck.Test)[1:])
}

// makeSecrets runs the script, which leaves alone what is there.
func makeSecrets(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "deployments", "compose", "make-secrets.sh"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("make-secrets.sh: %v: %s", err, out)
	}
}

func TestMakeSecrets(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "secrets")
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	makeSecrets(t, dir)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is open to others: %v, %v", info.Mode(), err)
	}
	key, err := base64.StdEncoding.DecodeString(read("secret_key"))
	if err != nil || len(key) != 32 {
		t.Errorf("the secret key has %d bytes, %v", len(key), err)
	}
	if !strings.Contains(read("database_url"), ":"+read("postgres_password")+"@postgres:5432/") || !strings.Contains(read("redis_url"), ":"+read("redis_password")+"@redis:6379/") {
		t.Error("the URLs do not hold the passwords")
	}
	before := read("secret_key")
	makeSecrets(t, dir)
	if read("secret_key") != before {
		t.Error("a second run made another secret key")
	}
}
