package secretname_test

import (
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/secretname"
)

func TestIs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value string
		want        bool
	}{
		{"X-Api-Key", "1", true},
		{"api_key", "", true},
		{"apikey", "", true},
		{"Ocp-Apim-Subscription-Key", "x", true},
		{"X-Auth-Token", "x", true},
		{"accessToken", "x", true},
		{"cf-aig-authorization", "x", true},
		{"X-Amz-Signature", "x", true},
		{"sig", "x", true},
		{"Cookie", "a=b", true},
		{"x-portkey-config", "sk-0123456789", true},
		{"X-Upstream", "Bearer abcdefghijkl", true},
		{"X-Upstream", "eyJhbGciOiJIUzI1NiJ9.e30.x", true},
		{"api-version", "2024-10-21", false},
		{"anthropic-beta", "output-128k-2025-02-19", false},
		{"anthropic-version", "2023-06-01", false},
		{"HTTP-Referer", "https://example.com", false},
		{"X-Title", "Basic tutorial", false},
		{"X-Author", "somebody", false},
		{"OpenAI-Organization", "org-0123456789abcdef", false},
		{"x-team", "sk-", false},
		{"design", "modern", false},
		{"max-tokens", "100", false},
		{"Idempotency-Keys-Off", "1", false},
	}
	for _, tt := range tests {
		if got := secretname.Is(tt.name, tt.value); got != tt.want {
			t.Errorf("Is(%q, %q) = %t, want %t", tt.name, tt.value, got, tt.want)
		}
	}
}
