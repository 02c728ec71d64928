package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// geminiSettings keep gemini-cli from asking anybody but the gateway.
const geminiSettings = `{"security":{"auth":{"selectedType":"gemini-api-key"},"folderTrust":{"enabled":false}},` +
	`"general":{"enableAutoUpdate":false,"enableAutoUpdateNotification":false},"privacy":{"usageStatisticsEnabled":false},"telemetry":{"enabled":false}}`

// gemini-cli, as it is, writes, runs and reads over providers of chat alone, and does not notice that the first of
// them fails amid the task.
func TestGeminiCLIOverChat(t *testing.T) {
	t.Parallel()
	const program = "sdk/node_modules/@google/gemini-cli/bundle/gemini.js"
	_, err := os.Stat(program)
	needs(t, "gemini-cli in e2e/sdk/node_modules, which make test installs", err)
	bin, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	needs(t, "Node 20 or later", err)
	s := oneAPI(t)
	home, starts := s.setUp("gemini-cli", "agent-chat")
	if starts != "gemini -m 'agent-chat'" {
		t.Fatalf("it starts %q", starts)
	}
	work := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home.dir, ".gemini"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home.dir, ".gemini", "settings.json"), []byte(geminiSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	const greeting = "hello\t\"wörld\"\n"
	prompt := fmt.Sprintf(`Write a greeting: [[write_file {"file_path":%q,"content":%s}]] [[run_shell_command {"command":"cp greeting.txt copy.txt","description":"Copy it"}]] [[read_file {"file_path":%q}]]`,
		filepath.Join(work, "greeting.txt"), asJSON(greeting), filepath.Join(work, "copy.txt"))
	cmd := home.command(t.Context(), []string{"NO_COLOR=1"}, node, bin, "-p", prompt, "-m", "agent-chat", "--approval-mode", "yolo", "--output-format", "json")
	cmd.Dir = work
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"greeting.txt", "copy.txt"} {
		if got, err := os.ReadFile(filepath.Join(work, name)); err != nil || string(got) != greeting {
			t.Errorf("%s is %q, %v\n%s", name, got, err, out)
		}
	}
	if !strings.Contains(string(out), "All 3 steps are done.") || !strings.Contains(string(out), `"totalSuccess": 3`) {
		t.Errorf("it said\n%s", out)
	}
	asked := map[string]int{}
	for _, served := range s.fake.Served() {
		asked[served.Path+" "+served.Model]++
	}
	if asked["/v1/chat/completions "+failsAmid] < 3 || asked["/v1/chat/completions agent"] < 2 || len(asked) != 2 {
		t.Errorf("asked %v", asked)
	}
}

// Google's official SDKs find their own API whole over a provider of each.
func TestGoogleSDKs(t *testing.T) {
	t.Parallel()
	s := oneAPI(t)
	runSDKs(t, s, "@google/genai", "gemini.test.mjs", "gemini.py")
}
