package proxy_test

import (
	"testing"

	"github.com/tidwall/gjson"
)

// What a target cannot do is asked of the next, every time: it says nothing about the endpoint.
func TestWhatATargetCannotIsNotHeldAgainstIt(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		r := newRig(t, setup{models: []string{"error-no_endpoints-times-1", "ok"}})
		for _, want := range []string{"p1:unsupported p2:ok", "p1:ok"} {
			r.chat(stream)
			if call := r.call(); outcomes(call) != want {
				t.Errorf("stream %v: attempts %s, want %s", stream, outcomes(call), want)
			}
		}
	}
}

// A refusal by one target does not hide that another would answer once it is well again; a
// failure that lasts does not hide the refusal.
func TestARefusalHidesNoPassingFailure(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		models []string
		status int
		code   string
	}{
		"cannot, then down":     {[]string{"error-unsupported_parameter", "status-500"}, 503, "upstream_error"},
		"down, then cannot":     {[]string{"status-500", "error-unsupported_parameter"}, 503, "upstream_error"},
		"cannot, then busy":     {[]string{"error-unsupported_parameter", "status-429"}, 429, "rate_limit_exceeded"},
		"cannot, then no key":   {[]string{"error-unsupported_parameter", "error-invalid_api_key"}, 400, "unsupported_parameter"},
		"both cannot":           {[]string{"error-unsupported_value", "error-unsupported_parameter"}, 400, "unsupported_value"},
		"down, then too long":   {[]string{"status-500", "error-context_length_exceeded"}, 503, "upstream_error"},
		"busy, then too long":   {[]string{"status-429", "error-context_length_exceeded"}, 429, "rate_limit_exceeded"},
		"too long, then down":   {[]string{"error-context_length_exceeded", "status-500"}, 503, "upstream_error"},
		"cannot, then nonsense": {[]string{"error-unsupported_parameter", "error-bad_request"}, 400, "unsupported_parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: tc.models})
			got := r.chat(false)
			if code := gjson.Get(got.body, "error.code").Str; got.status != tc.status || code != tc.code {
				t.Errorf("%d %s, want %d %s: %s", got.status, code, tc.status, tc.code, outcomes(r.call()))
			}
		})
	}
}
