package proxy_test

import "testing"

// The record blames what the failure was held against, also where the answer said more
// than its status did.
func TestWhoIsToBlame(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		"ok":                                  "",
		"status-500":                          "target",
		"status-401":                          "credential",
		"status-429-retry-after-7":            "credential",
		"error-gemini_retry_info":             "target", // the same, but it names a model's limit
		"status-503+status-503-retry-after-5": "target",
		"status-400":                          "caller",
		"status-405":                          "target",
	} {
		r := newRig(t, setup{models: []string{model}, config: quick})
		r.chat(false)
		if call := r.call(); call.Attempts[0].Blame != want {
			t.Errorf("%s (%s): %q is to blame, want %q", model, outcomes(call), call.Attempts[0].Blame, want)
		}
	}
}
