package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"
)

// codexPatch is what the model lets Codex do first: by a custom tool with a grammar, which the provider
// knows as a function only.
const codexPatch = "*** Begin Patch\n*** Add File: greeting.txt\n+Grüße, \"world\" 🙂\n+\ta\\b\n*** End Patch\n"

// chatOnly is a provider of chat/completions alone, whose model works a task off: it says what it will do,
// edits a file, runs a command and is done. It fails where it is told to.
type chatOnly struct {
	fails func(step int) bool
	seen  func() // each request, while it is served; nil: nobody looks

	mu       sync.Mutex
	steps    []int // of each request, how many results of tools it had
	requests []gjson.Result
}

func (p *chatOnly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/chat/completions" {
		http.Error(w, `{"error":{"message":"unknown url","type":"invalid_request_error","code":"unknown_url","param":null}}`, http.StatusNotFound)
		return
	}
	request := gjson.ParseBytes(body)
	step := len(request.Get(`messages.#(role=="tool")#`).Array())
	p.mu.Lock()
	p.steps, p.requests = append(p.steps, step), append(p.requests, request)
	p.mu.Unlock()
	if p.seen != nil {
		p.seen()
	}
	if p.fails(step) {
		http.Error(w, `{"error":{"message":"the server had an error","type":"server_error","code":null,"param":null}}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	chunk := func(delta, finish string) {
		fmt.Fprintf(w, "data: {\"id\":\"chatcmpl-%d\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":%s,\"finish_reason\":%s}]}\n\n", step, delta, finish)
	}
	call := func(tool, arguments string) {
		chunk(fmt.Sprintf(`{"tool_calls":[{"index":0,"id":"call_%d","type":"function","function":{"name":%q,"arguments":""}}]}`, step, tool), "null")
		for piece := range slices.Chunk([]rune(arguments), 7) { // cut amid escapes
			chunk(`{"tool_calls":[{"index":0,"function":{"arguments":`+asJSON(string(piece))+`}}]}`, "null")
		}
		chunk(`{}`, `"tool_calls"`)
	}
	chunk(`{"role":"assistant","content":""}`, "null")
	switch step {
	case 0:
		chunk(`{"content":"I write the file."}`, "null")
		call("apply_patch", `{"input":`+strings.ReplaceAll(asJSON(codexPatch), "🙂", `\ud83d\ude42`)+`}`)
	case 1:
		call("exec_command", `{"cmd":"cp greeting.txt copy.txt"}`)
	default:
		chunk(`{"content":"All is done."}`, "null")
		chunk(`{}`, `"stop"`)
	}
	io.WriteString(w, `data: {"id":"x","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110,"prompt_tokens_details":{"cached_tokens":40}}}`+"\n\ndata: [DONE]\n\n") //nolint:errcheck // the client may have left
}

func asJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string always marshals
		panic(err)
	}
	return string(b)
}

// Codex, as it is and set up as trunklinectl prints, does a whole task over providers of chat alone: it edits a file with its own tool, runs a
// command, and does not notice that the first provider fails amid the task.
func TestCodexWorksOverChat(t *testing.T) {
	t.Parallel()
	worksOverChat(t, "")
}

// The same over one WebSocket, as Codex speaks to a provider that is said to have them.
func TestCodexWorksOverAWebSocket(t *testing.T) {
	t.Parallel()
	worksOverChat(t, "supports_websockets = true\n")
}

// worksOverChat does the task with more of the provider's settings in Codex' configuration.
func worksOverChat(t *testing.T, more string) {
	t.Helper()
	first := &chatOnly{fails: func(step int) bool { return step > 0 }}
	second := &chatOnly{fails: func(int) bool { return false }}
	s := codexStack(t, first, second)
	open := make(chan float64, 100)
	second.seen = func() { open <- s.metric("trunkline_websockets") }

	work := t.TempDir()
	out, err := runCodex(t, s, work, more, "Write a greeting into greeting.txt and copy it.")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const greeting = "Grüße, \"world\" 🙂\n\ta\\b\n"
	for _, name := range []string{"greeting.txt", "copy.txt"} {
		if got, err := os.ReadFile(filepath.Join(work, name)); err != nil || string(got) != greeting {
			t.Errorf("%s is %q, %v\n%s", name, got, err, out)
		}
	}
	for _, said := range []string{`"I write the file."`, `"All is done."`, `"type":"turn.completed"`, `"cached_input_tokens":120`} {
		if !strings.Contains(string(out), said) {
			t.Errorf("no %s in\n%s", said, out)
		}
	}
	if n := slices.Index(first.steps, 1); n != 1 || !slices.Equal(second.steps, []int{1, 2}) {
		t.Fatalf("the first provider was asked at %v, the second at %v\n%s", first.steps, second.steps, out)
	}
	want := 0.0
	if more != "" {
		want = 1
	}
	for range second.steps {
		if got := <-open; got != want {
			t.Errorf("%v WebSockets are open while a turn is served, want %v", got, want)
		}
	}
	// The conversation went over whole, and Codex' own tool came as a function.
	last := second.requests[len(second.requests)-1]
	if got := last.Get(`messages.#.tool_calls.0.function.name`).Raw; got != `["apply_patch","exec_command"]` {
		t.Errorf("calls %s", got)
	}
	if got := last.Get(`messages.#(tool_calls.0.function.name=="apply_patch").tool_calls.0.function.arguments`).Str; gjson.Get(got, "input").Str != codexPatch {
		t.Errorf("the patch became %s", got)
	}
	if tool := last.Get(`tools.#(function.name=="apply_patch").function`); !strings.Contains(tool.Get("description").Str, "start: begin_patch") || tool.Get("parameters.required.0").Str != "input" {
		t.Errorf("the tool became %s", tool.Raw)
	}
}

// Of a stream that fails behind its first token Codex tells the provider's reason, and of one that breaks ours.
func TestCodexShowsWhyAStreamFailed(t *testing.T) {
	t.Parallel()
	for why, end := range map[string]string{
		"The engine is out of memory":                   `data: {"error":{"message":"The engine is out of memory","type":"server_error","code":"server_error"}}` + "\n\n",
		"The provider's answer ended early: stream_cut": "",
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			s := codexStack(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, `data: {"id":"c","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"I begin."},"finish_reason":null}]}`+"\n\n"+end) //nolint:errcheck // the client may have left
			}))
			out, err := runCodex(t, s, t.TempDir(), "", "Say hello.")
			if err == nil || !strings.Contains(string(out), `"type":"turn.failed"`) || !strings.Contains(string(out), why) {
				t.Errorf("%v, want a turn that failed: %q\n%s", err, why, out)
			}
		})
	}
}

// runCodex gives Codex one task in a folder, set up as trunklinectl prints, with more of the provider's settings.
func runCodex(t *testing.T, s *stack, folder, more, task string) ([]byte, error) {
	t.Helper()
	const program = "sdk/node_modules/.bin/codex"
	_, err := os.Stat(program)
	needs(t, "e2e/sdk/node_modules, which make test installs", err)
	bin, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	home, starts := s.setUp("codex", "gpt-5.5")
	if starts != "codex" {
		t.Fatalf("it starts %q", starts)
	}
	name := filepath.Join(home.dir, ".codex", "config.toml")
	config, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const wire = "wire_api = \"responses\"\n"
	if !bytes.Contains(config, []byte(wire)) {
		t.Fatalf("no %q in\n%s", wire, config)
	}
	config = bytes.Replace(config, []byte(wire), []byte(wire+more), 1)
	// What is printed, and around it what a test needs.
	config = slices.Concat([]byte("approval_policy = \"never\"\nsandbox_mode = \"danger-full-access\"\ncheck_for_update_on_startup = false\n"),
		config, []byte("request_max_retries = 0\nstream_max_retries = 0\n[analytics]\nenabled = false\n"))
	if err := os.WriteFile(name, config, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := home.command(t.Context(), nil, bin, "exec", "--json", "--skip-git-repo-check", task)
	cmd.Dir = folder
	return cmd.CombinedOutput()
}

// codexStack is an all-in-one with one group, named as the model that Codex knows, over two providers of chat.
func codexStack(t *testing.T, providers ...http.Handler) *stack {
	t.Helper()
	var config strings.Builder
	members := ""
	for i, p := range providers {
		up := httptest.NewServer(p)
		t.Cleanup(up.Close)
		fmt.Fprintf(&config, "kind: Provider\nname: p%d\nbase_url: %s\nallow_private_network: true\nendpoints: [{api: chat}]\ncredentials: [{name: main, secret: \"${UPSTREAM_KEY}\"}]\nmodels: [{id: m, price: {input: \"0.15\", cached_input: \"0.075\", output: \"0.60\"}}]\n---\n", i, up.URL)
		members += fmt.Sprintf("  - {provider: p%d, model: m, priority: %d}\n", i, i+1)
	}
	fmt.Fprintf(&config, "kind: Group\nname: gpt-5.5\nmembers:\n%s---\nkind: ApiKey\nname: app\nsecret: %s\ngroups: [gpt-5.5]\n", members, appKey)
	s := &stack{t: t, config: filepath.Join(t.TempDir(), "config.yaml")}
	if err := os.WriteFile(s.config, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.all = programs.Start(t, "trunkline", []string{"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret"},
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.api, s.admin = s.all.Address("console"), s.all.Address("console")
	s.awaitNodes(1)
	return s
}
