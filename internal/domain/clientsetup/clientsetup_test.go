package clientsetup_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/clientsetup"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var update = flag.Bool("update", false, "write the golden files")

// odd is what a model, and key what an API key may look like.
const (
	odd = `it's "$HOME" \n ` + "`id`" + ` 模型 🙂 <&>`
	key = `k'"\$(id)` + "`id`" + `&;|<>#!{}0123`
)

func setups(t *testing.T, gateway, model string) []*adminv1.ClientSetup {
	t.Helper()
	all, err := clientsetup.Setups(gateway, model)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, s := range setups(t, "https://gateway.example.com/trunkline", "gpt-4-pool") {
		var got strings.Builder
		for _, b := range s.GetBlocks() {
			got.WriteString("== " + b.GetPlace().String() + " " + b.GetPath() + "\n" + clientsetup.Text(b, ""))
		}
		name := filepath.Join("testdata", s.GetClient()+".golden")
		if *update {
			if err := os.WriteFile(name, []byte(got.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil || got.String() != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s (%v)", s.GetClient(), got.String(), want, err)
		}
	}
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) != len(clientsetup.Clients()) {
		t.Errorf("%d golden files for %d clients, %v", len(files), len(clientsetup.Clients()), err)
	}
}

func TestSetupsAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range setups(t, "https://g.example", "m") {
		if seen[s.GetClient()] || s.GetTitle() == "" || !slices.Contains([]string{"chat", "responses", "messages", "gemini"}, s.GetApi()) || !strings.HasPrefix(s.GetDocsUrl(), "https://") {
			t.Errorf("%v", s)
		}
		seen[s.GetClient()] = true
		keys := 0
		for _, b := range s.GetBlocks() {
			keys += len(b.GetParts()) - 1
			if isFile := b.GetPlace() == adminv1.ClientSetupPlace_CLIENT_SETUP_PLACE_FILE; isFile != (b.GetPath() != "") {
				t.Errorf("%s: %v", s.GetClient(), b)
			}
			if last := b.GetParts()[len(b.GetParts())-1]; !strings.HasSuffix(last, "\n") {
				t.Errorf("%s: no line end after %q", s.GetClient(), last)
			}
		}
		if keys != 1 {
			t.Errorf("%s says the key %d times", s.GetClient(), keys)
		}
	}
	for _, client := range []string{"codex", "claude-code", "gemini-cli", "cursor", "aider", "open-webui"} {
		if !seen[client] {
			t.Errorf("%s is missing", client)
		}
	}
}

// A shell gets exactly the model and the key, and runs nothing that is in them.
func TestShellGetsWhatIsMeant(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	for _, s := range setups(t, "https://g.example/sub", odd) {
		for _, b := range s.GetBlocks() {
			if b.GetPlace() != adminv1.ClientSetupPlace_CLIENT_SETUP_PLACE_SHELL {
				continue
			}
			// The programs that it runs say how they were called.
			script := "say() { for a in \"$@\"; do printf '%s\\0' \"$a\"; done; }\ncurl() { say \"$@\"; }; docker() { say \"$@\"; }; aider() { say \"$@\"; }; codex() { :; }; claude() { :; }; gemini() { say \"$@\"; }\n" +
				clientsetup.Text(b, key) + "env -0\n"
			cmd := exec.CommandContext(t.Context(), sh, "-c", script)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nowhere"}
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%s: %v", s.GetClient(), err)
				continue
			}
			words := strings.Split(string(out), "\x00")
			if !slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(w, "="+key) }) {
				t.Errorf("%s: the key is not in %q", s.GetClient(), words)
			}
			for _, w := range words {
				name, value, _ := strings.Cut(w, "=")
				if strings.HasSuffix(name, "_MODEL") && value != odd {
					t.Errorf("%s: %s is %q", s.GetClient(), name, value)
				}
			}
			for client, want := range map[string]string{"aider": "openai/" + odd, "open-webui": "DEFAULT_MODELS=" + odd, "gemini-cli": odd} {
				if s.GetClient() == client && !slices.Contains(words, want) {
					t.Errorf("%s: %q", client, words)
				}
			}
			if s.GetClient() == "curl" {
				var body struct{ Model string }
				i := slices.Index(words, "-d")
				if err := json.Unmarshal([]byte(words[i+1]), &body); err != nil || body.Model != odd {
					t.Errorf("curl sends %s, %v", words[i+1], err)
				}
			}
		}
	}
}

// What stands between double quotes in a file means the model and the key.
func TestFilesSayWhatIsMeant(t *testing.T) {
	t.Parallel()
	for client, lines := range map[string][]string{
		"codex":            {`model = `, ""},
		"continue":         {`    model: `, `    apiKey: `},
		"openai-python":    {`    model=`, ""},
		"anthropic-python": {`    model=`, ""},
		"openai-node":      {`  model: `, ""},
	} {
		i := slices.Index(clientsetup.Clients(), client)
		for _, b := range setups(t, "https://g.example", odd)[i].GetBlocks() {
			if b.GetPlace() != adminv1.ClientSetupPlace_CLIENT_SETUP_PLACE_FILE {
				continue
			}
			for n, want := range []string{odd, key} {
				if lines[n] == "" {
					continue
				}
				_, rest, _ := strings.Cut("\n"+clientsetup.Text(b, key), "\n"+lines[n])
				quoted, _, _ := strings.Cut(rest, "\n")
				var got string
				if err := json.Unmarshal([]byte(strings.TrimSuffix(quoted, ",")), &got); err != nil || got != want {
					t.Errorf("%s: %s%s is %q, %v", client, lines[n], quoted, got, err)
				}
			}
		}
	}
}

func TestGateway(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://g.example":             "https://g.example",
		"https://g.example/":            "https://g.example",
		"https://g.example/v1":          "https://g.example",
		"https://g.example/v1/":         "https://g.example",
		"http://127.0.0.1:8001/sub/v1/": "http://127.0.0.1:8001/sub",
		"https://[::1]:8443/a/b":        "https://[::1]:8443/a/b",
		"https://g.example/a'b\"c d":    "https://g.example/a%27b%22c%20d",
	} {
		if got, ok := clientsetup.Gateway(address); !ok || got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	for _, address := range []string{"", "g.example", "ftp://g.example", "https://", "https://u:p@g.example", "https://g.example?a=b", "https://g.example/#x", "https://g.example/\x00"} {
		if got, ok := clientsetup.Gateway(address); ok {
			t.Errorf("%q became %q", address, got)
		}
	}
}

// A container does not find the host's loopback by itself.
func TestOpenWebUIOnTheSameMachine(t *testing.T) {
	t.Parallel()
	i := slices.Index(clientsetup.Clients(), "open-webui")
	for gateway, host := range map[string]bool{"http://127.0.0.1:8001": true, "http://localhost:8001": true, "http://[::1]:8001": true, "http://10.0.0.5:8001": false, "https://g.example": false} {
		text := clientsetup.Text(setups(t, gateway, "m")[i].GetBlocks()[0], "")
		if strings.Contains(text, "--network host") != host || strings.Contains(text, "-p 3000:8080") == host {
			t.Errorf("%s: %s", gateway, text)
		}
	}
}
