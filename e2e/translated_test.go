package e2e

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
)

// oneAPI is an all-in-one whose providers speak one API each. Groups are named after it.
func oneAPI(t *testing.T) *stack {
	t.Helper()
	s := &stack{t: t, fake: fakeprovider.New(fakeprovider.Config{}), config: filepath.Join(t.TempDir(), "config.yaml")}
	up := httptest.NewServer(s.fake)
	t.Cleanup(up.Close)
	var b strings.Builder
	provider := func(api string, models ...string) {
		fmt.Fprintf(&b, "kind: Provider\nname: %s\nbase_url: %s\nallow_private_network: true\nendpoints: [{api: %s}]\ncredentials: [{name: main, secret: \"${UPSTREAM_KEY}\"}]\nmodels:\n", api, up.URL, api)
		for _, m := range models {
			fmt.Fprintf(&b, "  - {id: %q, max_output_tokens: 32000}\n", m)
		}
		b.WriteString("---\n")
	}
	provider("chat", "ok", "agent", failsAmid, "sse-error-mid-3")
	provider("messages", "ok")
	provider("responses", "ok", "agent")
	provider("gemini", "ok")
	group := func(name, api string, models ...string) {
		fmt.Fprintf(&b, "kind: Group\nname: %s\nmembers:\n", name)
		for i, m := range models {
			fmt.Fprintf(&b, "  - {provider: %s, model: %q, priority: %d}\n", api, m, i+1)
		}
		b.WriteString("---\n")
	}
	group("chat", "chat", "ok")
	group("messages", "messages", "ok")
	group("responses", "responses", "ok")
	group("gemini", "gemini", "ok")
	group("fails-late", "chat", "sse-error-mid-3")
	fmt.Fprintf(&b, "kind: Group\nname: %q\nmembers: [{provider: chat, model: ok}]\n---\n", oddGroup)
	group("agent-chat", "chat", failsAmid, "agent")
	group("agent-responses", "responses", "agent")
	fmt.Fprintf(&b, "kind: ApiKey\nname: app\nsecret: %s\ngroups: [chat, messages, responses, gemini, fails-late, %q, agent-chat, agent-responses]\n", appKey, oddGroup)
	if err := os.WriteFile(s.config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.all = programs.Start(t, "trunkline", []string{"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret"},
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.api, s.admin = s.all.Address("console"), s.all.Address("console")
	s.awaitNodes(1)
	return s
}

// oddGroup is a name that shells and programs must be told with care.
const oddGroup = "it's \"$HOME\" `id` \\n 模型"

// failsAmid is a model that works at a task for two turns.
const failsAmid = "agent+status-500-after-2"

// Claude Code, as it is and set up as trunklinectl prints, reads, edits and runs over providers that have never heard of its API, and does
// not notice that the first of them fails amid the task.
func TestClaudeCodeOverOtherAPIs(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob("sdk/node_modules/@anthropic-ai/claude-code-*/claude")
	if err == nil && len(found) != 1 {
		err = os.ErrNotExist
	}
	needs(t, "Claude Code in e2e/sdk/node_modules, which make test installs", err)
	bin, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	s := oneAPI(t)
	for _, group := range []string{"agent-chat", "agent-responses"} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			home, starts := s.setUp("claude-code", group)
			if starts != "claude" {
				t.Fatalf("it starts %q", starts)
			}
			work := t.TempDir()
			file := filepath.Join(work, "greeting.txt")
			if err := os.WriteFile(file, []byte("helo \"world\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			prompt := fmt.Sprintf(`Correct the greeting: [[Read {"file_path":%[1]q}]] [[Edit {"file_path":%[1]q,"old_string":"helo \"world\"","new_string":"hello\t\"wörld\""}]] [[Bash {"command":"cp greeting.txt copy.txt","description":"Copy it"}]]`, file)
			cmd := home.command(t.Context(), []string{"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1", "CLAUDE_CODE_MAX_RETRIES=0"},
				bin, "-p", prompt, "--allowedTools", "Read,Edit,Bash", "--output-format", "stream-json", "--verbose")
			cmd.Dir = work
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, name := range []string{"greeting.txt", "copy.txt"} {
				if got, err := os.ReadFile(filepath.Join(work, name)); err != nil || string(got) != "hello\t\"wörld\"\n" {
					t.Errorf("%s is %q, %v\n%s", name, got, err, out)
				}
			}
			for _, said := range []string{`"Step 1: Read."`, `"Step 3: Bash."`, `"All 3 steps are done."`, `"cache_read_input_tokens":32`} {
				if !strings.Contains(string(out), said) {
					t.Errorf("no %s in\n%s", said, out)
				}
			}
		})
	}
	t.Cleanup(func() { // behind both
		asked := map[string]int{}
		for _, served := range s.fake.Served() {
			asked[served.Path+" "+served.Model]++
		}
		if asked["/v1/chat/completions "+failsAmid] < 3 || asked["/v1/chat/completions agent"] != 2 || asked["/v1/responses agent"] != 4 || len(asked) != 3 {
			t.Errorf("asked %v", asked)
		}
	})
}

// Clients find their own API whole over providers that have another one.
func TestClientsOverOtherAPIs(t *testing.T) {
	t.Parallel()
	s := oneAPI(t)
	runSDKs(t, s, "ai", "otherapi.test.mjs", "otherapi.py")
}
