package e2e

import (
	"testing"
)

// Official SDKs find the Responses API whole where the provider has chat completions alone.
func TestSDKsOverAnotherAPI(t *testing.T) {
	t.Parallel()
	s := allInOne(t)
	runSDKs(t, s, "ai", "translated.test.mjs", "translated.py")
}
