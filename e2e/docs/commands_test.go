package docs

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

var programs = program.Build(false, "trunkline", "trunkline-controlplane", "trunkline-dataplane", "trunklinectl", "fakeprovider")

func TestMain(m *testing.M) { os.Exit(programs.Main(m)) }

const anyPort = "127.0.0.1:0"

// scene is a control plane with a node, a provider, groups, keys and some revisions, in which the
// commands of the documents mean something.
type scene struct {
	t     *testing.T
	plane *program.Process
	home  string
	token string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	up := programs.Start(t, "fakeprovider", nil, "--listen", anyPort)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	file := filepath.Join(t.TempDir(), "config.yaml")
	config := fmt.Sprintf(`kind: Provider
name: NAME
base_url: %s
allow_private_network: true
credentials: [{name: main, secret: key-of-the-test}]
models: [{id: ok, alias: MODEL}]
---
kind: Group
name: NAME
members: [{provider: NAME, model: ok, priority: 1}]
---
kind: Group
name: MODEL
members: [{provider: NAME, model: ok, priority: 1}]
---
kind: Group
name: gpt-4-pool
members: [{provider: NAME, model: ok, priority: 1}]
---
kind: ApiKey
name: NAME
groups: [NAME]
secret: sk-of-the-documents-0123456789
---
kind: AlertChannel
name: NAME
allow_private_network: true
slack: {webhook_url: %s/services/x}
`, up.Address("api"), receiver.URL)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, home: t.TempDir()}
	env := []string{
		"ADMIN_PASSWORD=a-password-of-the-test", "DATABASE_URL=" + testenv.Postgres(t), "TRUNKLINE_JOIN_TOKEN=docs-join-token-0123456789",
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}
	s.plane = programs.Start(t, "trunkline-controlplane", env, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", file)
	programs.Start(t, "trunkline-dataplane", []string{
		"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=docs-join-token-0123456789", "TRUNKLINE_DRAIN_DELAY=0s",
	}, "--listen", anyPort, "--ops-listen", anyPort, "--node", "NAME")
	var made struct{ Secret string }
	out, code := s.run("tokens", "create", "--name", "docs", "--role", "owner", "--username", "admin", "-o", "json")
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 {
		t.Fatalf("no token: %v, %s", err, out)
	}
	s.token = made.Secret
	if out, code := s.run("users", "create", "NAME", "--role", "viewer"); code != 0 {
		t.Fatalf("no user: %s", out)
	}
	return s
}

// run runs trunklinectl in the repository's folder.
func (s *scene) run(args ...string) (out string, code int) {
	s.t.Helper()
	cmd := exec.CommandContext(context.Background(), programs.Path(s.t, "trunklinectl"), args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "HOME="+s.home, "EDITOR=true", "TRUNKLINE_SERVER="+s.plane.Address("console"), "TRUNKLINE_ADMIN_PASSWORD=a-password-of-the-test")
	if s.token != "" {
		cmd.Env = append(cmd.Env, "TRUNKLINE_TOKEN="+s.token)
	}
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	if exit, ok := err.(*exec.ExitError); ok {
		return both.String(), exit.ExitCode()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return both.String(), 0
}

// documented are the commands of a program in the documents: in code blocks, and between backticks.
func documented(t *testing.T, name string) (commands []string) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^[ \t]*(?:[A-Z_]+=\S+ )*(?:bin/)?` + name + ` (.+)$`)
	inline := regexp.MustCompile("`(?:bin/)?" + name + " ([^`]+)`")
	for _, text := range documents(t) {
		for _, found := range line.FindAllSubmatch(text, -1) {
			command, _, _ := strings.Cut(string(found[1]), "  #")
			commands = append(commands, strings.TrimSpace(command))
		}
		for _, found := range inline.FindAllSubmatch(text, -1) {
			commands = append(commands, string(found[1]))
		}
	}
	slices.Sort(commands)
	return slices.Compact(commands)
}

// documents are the texts of the documents.
func documents(t *testing.T) (texts [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join("..", "..", "README.md"), filepath.Join("..", "..", "CONTRIBUTING.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// last are commands that take something away which others need.
var last = regexp.MustCompile(`^(keys revoke|nodes revoke|configs adopt-database|users revoke-all-sessions)`)

// onlyNamed says that a command is named in a text without the arguments or flags that it needs.
func onlyNamed(command, out string, code int) bool {
	return len(strings.Fields(command)) == 2 && code == 2 && (strings.Contains(out, " needs the ") || strings.Contains(out, "nothing to change: give a flag"))
}

// expectedCodes are commands that end with another code than 0 in this scene, and why.
var expectedCodes = map[string]int{
	// The log of this scene is not the one whose hash the document has.
	"audit verify --known-sequence 4711 --known-hash 5d41402abc4b2a76b9719d911017c592ae1f2f1a4f3f8e0c0f4b4a7e9b7e2c11": 9,
	"diff -f examples/quickstart.yaml":                                     5,
	"apply -f examples/quickstart.yaml --dry-run":                          5,
	"apply -f examples/quickstart.yaml":                                    5, // its scripted providers live in the all-in-one; TestTheQuickStart applies it there
	"calls get ID":                                                         3, // no call has that id
	"authority-keys advance --without-nodes node-7 --without-nodes node-9": 5, // no key is being replaced
	"rollouts promote 57":                                                  5, // nothing is being tried
	"rollouts abort 57":                                                    5,
	"master-keys rotate ID":                                                5, // the replica of this scene has one master key
	"usage break-down":                                                     5, // it is only named: --by is missing
}

// TestTheCommandsOfTheDocuments runs each command of trunklinectl that a document names.
func TestTheCommandsOfTheDocuments(t *testing.T) {
	t.Parallel()
	commands := documented(t, "trunklinectl")
	if len(commands) < 25 {
		t.Fatalf("only %d commands found: %q", len(commands), commands)
	}
	slices.SortStableFunc(commands, func(a, b string) int {
		switch x, y := last.MatchString(a), last.MatchString(b); {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	})
	s := newScene(t)
	for _, command := range commands {
		args := words(command)
		for i, arg := range args {
			if arg == "http://127.0.0.1:8001" {
				args[i] = s.plane.Address("console")
			}
		}
		if out, code := s.run(args...); code != expectedCodes[command] && !onlyNamed(command, out, code) {
			t.Errorf("trunklinectl %s ends with code %d, want %d:\n%s", command, code, expectedCodes[command], out)
		}
	}
}

// exports are the files of other gateways that documents name, and whose they are.
var exports = map[string]string{
	"config.yaml": "litellm", "channels.json": "new-api", "tokens.json": "new-api", "groups.json": "gpt-load", "keys-openai-pool-all.txt": "gpt-load",
	"one-api.db": "databases", "gpt-load.db": "databases", "new-api.sql": "databases",
}

// words takes a command apart as a shell does, as far as the documents need it, and puts what exists in
// the place of what stands for something.
func words(command string) []string {
	command = regexp.MustCompile(`\[([^]]*)\]`).ReplaceAllString(command, "$1") // what is optional is given too
	command = strings.ReplaceAll(command, "...", "")
	command, _, _ = strings.Cut(command, " > ")
	command, _, _ = strings.Cut(command, " | ") // what comes behind has its own test
	command = strings.Replace(command, `"$(cat request.json)"`, `{"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, 1)
	var out []string
	for _, word := range strings.Fields(command) {
		word = strings.Trim(word, "'")
		if export, ok := exports[word]; ok {
			word = filepath.Join("cli", "takeover", "testdata", export, word)
		}
		out = append(out, word)
	}
	if len(out) > 1 && (out[0] == "configs" || out[0] == "rollback") { // revisions that are there
		for i, word := range out {
			if regexp.MustCompile(`^[0-9]+$`).MatchString(word) {
				out[i] = "1"
			}
		}
	}
	return out
}

// TestTheSettingsOfTheDocuments holds flags and variables that documents name to what the programs have.
func TestTheSettingsOfTheDocuments(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	setting := regexp.MustCompile(`--[a-z][a-z0-9-]+|\bTRUNKLINE_[A-Z_]+`)
	for _, name := range []string{"trunkline", "trunkline-controlplane", "trunkline-dataplane"} {
		out, err := exec.CommandContext(t.Context(), programs.Path(t, name), "--help").CombinedOutput()
		if err != nil && len(out) == 0 {
			t.Fatal(err)
		}
		for _, found := range setting.FindAllString(string(out), -1) {
			known[found] = true
		}
	}
	for _, name := range []string{"trunkline", "trunkline-controlplane", "trunkline-dataplane"} {
		for _, command := range documented(t, name) {
			for _, found := range setting.FindAllString(command, -1) {
				if !known[found] {
					t.Errorf("a document calls %s %s; no program has %s", name, command, found)
				}
			}
		}
	}
	variables := regexp.MustCompile(`(?m)^(?:[A-Z_]+=\S+ )+(?:bin/)?trunkline\b.*$`) // before a program, with or without arguments
	checked := 0
	for _, text := range documents(t) {
		for _, line := range variables.FindAllString(string(text), -1) {
			for _, found := range setting.FindAllString(line, -1) {
				checked++
				if !known[found] {
					t.Errorf("a document says %s; no program has %s", line, found)
				}
			}
		}
	}
	if checked == 0 {
		t.Error("no document sets a variable of a program")
	}
}
