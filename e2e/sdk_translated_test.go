package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// Official SDKs find the Responses API whole where the provider has chat completions alone.
func TestSDKsOverAnotherAPI(t *testing.T) {
	t.Parallel()
	s := allInOne(t)
	t.Run("node", func(t *testing.T) {
		node, err := exec.LookPath("node")
		needs(t, "Node 20 or later", err)
		_, err = os.Stat("sdk/node_modules/ai")
		needs(t, "e2e/sdk/node_modules, which make test installs", err)
		runSDK(t, s, node, "--test", "--test-reporter=spec", "translated.test.mjs")
	})
	t.Run("python", func(t *testing.T) {
		if _, err := os.Stat("sdk/.venv/bin/python"); err != nil {
			t.Skipf("needs e2e/sdk/.venv, which make test installs where Python and PyPI are: %v", err)
		}
		runSDK(t, s, ".venv/bin/python", "translated.py")
	})
}
