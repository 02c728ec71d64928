package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A stream that fails behind its first token ends with the provider's reason, and cleanly, so
// that every official SDK shows that reason and not a broken connection.
func TestSDKsShowWhyAStreamFailed(t *testing.T) {
	t.Parallel()
	s := allInOne(t)
	t.Run("openai-go", func(t *testing.T) { goEndings(t, s) })
	runSDKs(t, s, "ai", "endings.test.mjs", "endings.py")
}

// needs skips a test that lacks something, but not in CI.
func needs(t *testing.T, what string, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("needs %s: %v", what, err)
	default:
		t.Skipf("needs %s: %v", what, err)
	}
}

// runSDKs runs the tests of SDKs in both languages; module is one that those of Node need.
func runSDKs(t *testing.T, s *stack, module, nodeTest, pythonTest string) {
	t.Helper()
	t.Run("node", func(t *testing.T) {
		t.Parallel()
		node, err := exec.LookPath("node")
		needs(t, "Node 20 or later", err)
		_, err = os.Stat("sdk/node_modules/" + module)
		needs(t, "e2e/sdk/node_modules, which make test installs", err)
		runSDK(t, s, node, "--test", "--test-reporter=spec", nodeTest)
	})
	t.Run("python", func(t *testing.T) {
		t.Parallel()
		if _, err := os.Stat("sdk/.venv/bin/python"); err != nil {
			t.Skipf("needs e2e/sdk/.venv, which make test installs where Python and PyPI are: %v", err)
		}
		runSDK(t, s, ".venv/bin/python", pythonTest)
	})
}

func runSDK(t *testing.T, s *stack, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = "sdk"
	cmd.Env = append(os.Environ(), "TRUNKLINE_URL="+s.api, "TRUNKLINE_KEY="+appKey)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func goEndings(t *testing.T, s *stack) {
	c := client(s, appKey)
	for model, why := range map[string]string{
		"fails-late": "The server had an error while processing your request",
		"cut":        "The provider's answer ended early: stream_cut",
	} {
		stream := c.Chat.Completions.NewStreaming(t.Context(), ask(model))
		chunks := 0
		for stream.Next() {
			chunks++
		}
		if err := stream.Err(); err == nil || !strings.Contains(err.Error(), why) || chunks == 0 {
			t.Errorf("%s: after %d chunks %v, want %q", model, chunks, err, why)
		}
	}
}
