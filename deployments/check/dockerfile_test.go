package check

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Not checked here: that the image is really built and run. That needs a Docker daemon and a registry.

func dockerfile(t *testing.T) ([]instructions.Stage, []string) {
	t.Helper()
	file, err := os.Open(filepath.Join(root, "deployments", "docker", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	parsed, err := parser.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	var warnings []string
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		warnings = append(warnings, rule+": "+message)
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	return stages, warnings
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	stages, warnings := dockerfile(t)
	for _, w := range warnings {
		t.Errorf("the linter says: %s", w)
	}
	last := stages[len(stages)-1]
	if last.BaseName != "${RUNTIME_IMAGE}" {
		t.Errorf("the image is built from %s", last.BaseName)
	}
	user, command := "", []string(nil)
	for _, c := range last.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.CmdCommand:
			command = c.CmdLine
			if c.PrependShell {
				t.Error("the command needs a shell, and the image has none")
			}
		case *instructions.RunCommand, *instructions.HealthCheckCommand:
			t.Errorf("%s in an image for several programs, without a shell", c.Name())
		}
	}
	if user != "65532:65532" {
		t.Errorf("the image runs as %q", user)
	}
	checkCommand(t, "the Dockerfile", command)
	// Alone on a container's address, the all-in-one would be reached by nobody.
	if strings.Join(command, " ") != "trunkline --listen=:8001 --ops-listen=:8003" {
		t.Errorf("the command is %v", command)
	}
}

// TestDockerContext: what is copied from the build context is there and not ignored, and so is all that
// Go compiles.
func TestDockerContext(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	ignore, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	ignored := func(path string) bool {
		t.Helper()
		no, err := ignore.MatchesOrParentMatches(path)
		if err != nil {
			t.Fatal(err)
		}
		return no
	}
	stages, _ := dockerfile(t)
	for _, stage := range stages {
		for _, c := range stage.Commands {
			from, ok := c.(*instructions.CopyCommand)
			if !ok || from.From != "" {
				continue
			}
			for _, path := range from.SourcePaths {
				path = filepath.Clean(path)
				if _, err := os.Stat(filepath.Join(root, path)); err != nil {
					t.Errorf("COPY %s: %v", path, err)
				}
				if path != "." && ignored(path) {
					t.Errorf("COPY %s, which .dockerignore leaves out", path)
				}
			}
		}
	}
	for _, kept := range []string{".git/config", "data/trunkline.db", ".env", "webui/node_modules/react/index.js", "e2e/stack_test.go", "deployments/compose/secrets/secret_key", "webui/dist/index.html"} {
		if !ignored(kept) {
			t.Errorf("%s would be sent to the builder", kept)
		}
	}
	list := exec.CommandContext(context.Background(), "go", "list", "-deps", "-f",
		`{{if not .Standard}}{{if .Module}}{{if .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}`,
		"./cmd/trunkline", "./cmd/trunkline-controlplane", "./cmd/trunkline-dataplane", "./cmd/trunklinectl")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range strings.Fields(string(out)) {
		relative, err := filepath.Rel(base, path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(relative, "webui/dist/") {
			continue // made in the image
		}
		if seen++; ignored(relative) {
			t.Errorf("the programs are built from %s, which .dockerignore leaves out", relative)
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// TestStampedVersion builds as the Dockerfile does, and wants --version to say what was stamped.
func TestStampedVersion(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "deployments", "docker", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`-ldflags "([^"]+)"`).FindStringSubmatch(string(text))
	if flags == nil {
		t.Fatal("the Dockerfile stamps no version")
	}
	stamp := strings.NewReplacer("$VERSION", "v1.2.3", "$COMMIT", strings.Repeat("ab", 20), "$DATE", "2026-11-29T10:00:00Z",
		"$v", "github.com/trunkline-ai/trunkline/internal/version").Replace(flags[1])
	out := filepath.Join(t.TempDir(), "trunkline-dataplane")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", stamp, "-o", out, "./cmd/trunkline-dataplane")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	said, err := exec.CommandContext(t.Context(), out, "--version").Output()
	if want := "trunkline-dataplane v1.2.3 (commit abababababab, 2026-11-29T10:00:00Z, "; err != nil || !strings.HasPrefix(string(said), want) {
		t.Errorf("--version says %q, %v, want %q...", said, err, want)
	}
}
