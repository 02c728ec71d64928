package e2e

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The quick start of the README, with its own file and its own request.
func TestTheQuickStart(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	file := match(t, readme, `--apply (\S+\.yaml)`)
	key := match(t, readme, `Authorization: Bearer (\S+)'`)
	body := match(t, readme, `-d '(\{.*\})'`)
	config, err := os.ReadFile("../" + file)
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, config: t.TempDir() + "/quickstart.yaml"}
	if err := os.WriteFile(s.config, config, 0o600); err != nil {
		t.Fatal(err)
	}
	s.all = programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword}, "--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.admin = s.all.Address("console")
	s.awaitNodes(1)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.admin+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded") // what curl -d sends
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || !bytes.Contains(answer, []byte(`"chat.completion"`)) {
		t.Fatalf("status %d: %s", resp.StatusCode, answer)
	}
	for _, header := range []string{"X-Trunkline-Provider", "X-Trunkline-Attempts"} {
		if want := match(t, readme, header+": ([^`]+)`"); resp.Header.Get(header) != want {
			t.Errorf("%s is %q, the README says %q", header, resp.Header.Get(header), want)
		}
	}
}

func match(t *testing.T, text []byte, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindSubmatch(text)
	if m == nil {
		t.Fatalf("the README does not hold %s", pattern)
	}
	return string(m[1])
}
