package proxy_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A key and a group that this build cannot serve as they are meant are refused with the
// reason, and nobody is called; all the rest is served.
func TestWhatThisBuildDoesNotKnowIsRefused(t *testing.T) {
	t.Parallel()
	const restricted = "sk-restricted-0123456789"
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		hash := apikey.Hash(s.GetKeyPepper(), restricted)
		s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: "restricted", Hash: hash[:], RequiredFeatures: []string{"key.new"}})
		s.Groups = append(s.Groups, &nodev1.Group{Name: "newer", RequiredFeatures: []string{"selection.new", "policy.new"}})
		s.ApiKeys[0].Groups = append(s.ApiKeys[0].Groups, "newer")
	}})
	for name, tt := range map[string]struct {
		key, model string
		status     int
		says       string
	}{
		"the key":       {restricted, "g", http.StatusUnauthorized, "key.new"},
		"the group":     {clientKey, "newer", http.StatusServiceUnavailable, "selection.new, policy.new"},
		"anything else": {clientKey, "g", http.StatusOK, ""},
	} {
		got := r.request(http.MethodPost, "/v1/chat/completions", `{"model":"`+tt.model+`","messages":[{"role":"user","content":"hi"}]}`,
			"Authorization", "Bearer "+tt.key, "Content-Type", "application/json")
		if got.status != tt.status || !strings.Contains(got.body, tt.says) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
