package classify

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
)

// scopes is how the table writes a scope.
var scopes = map[dataplane.ScopeKind]string{
	dataplane.ScopeNone: "none", dataplane.ScopeTarget: "target", dataplane.ScopeProvider: "provider", dataplane.ScopeCredential: "credential",
}

// TestFollowsTheTable asks the fake provider over HTTP for every case that its
// answer alone decides.
func TestFollowsTheTable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(fakeprovider.New(fakeprovider.Config{}))
	t.Cleanup(server.Close)
	count := 0
	for _, c := range outcometest.Load(t).Cases {
		for _, stream := range []bool{false, true} {
			model, ok := c.Model(stream)
			if !ok || c.Judged == "" {
				continue
			}
			count++
			t.Run(c.Name+map[bool]string{false: "/plain", true: "/stream"}[stream], func(t *testing.T) {
				t.Parallel()
				got := judged(t, server.URL, model, stream, c.Judged)
				compare(t, got, c.Want)
			})
		}
	}
	if count < 130 {
		t.Errorf("%d calls judged, want at least 130", count)
	}
}

// classify makes one call and judges its answer the way the table says.
func judged(t *testing.T, url, model string, stream bool, by string) dataplane.Verdict {
	t.Helper()
	body := `{"model":"` + model + `","stream":` + map[bool]string{false: "false", true: "true"}[stream] + `}`
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if by == "status" {
		if resp.StatusCode < 300 {
			t.Fatalf("status %d, want none of 2xx", resp.StatusCode)
		}
		return Status(resp.StatusCode, resp.Header, text, model, time.Now())
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, want 200", resp.StatusCode)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		v, is := ErrorBody(text, model)
		if !is {
			t.Fatalf("no error seen in %s", text)
		}
		return v
	}
	for event := range bytes.SplitSeq(text, []byte("\n\n")) {
		var data []byte
		for line := range bytes.SplitSeq(event, []byte("\n")) {
			if rest, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				data = append(append(data, rest...), '\n')
			}
		}
		if v, is := ErrorBody(data, model); is {
			return v
		}
	}
	t.Fatalf("no error event seen in %s", text)
	return dataplane.Verdict{}
}

func compare(t *testing.T, got dataplane.Verdict, want outcometest.Want) {
	t.Helper()
	rule := got.Outcome.Rule()
	if got.Outcome.String() != want.Outcome {
		t.Fatalf("outcome %s, want %s (%s)", got.Outcome, want.Outcome, got.Reason)
	}
	scope := rule.Scope
	if got.Scope != dataplane.ScopeNone {
		scope = got.Scope
	}
	if got.Uncounted {
		scope = dataplane.ScopeNone
	}
	if scopes[scope] != want.Counts {
		t.Errorf("counts against %s, want %s (%s)", scopes[scope], want.Counts, got.Reason)
	}
	if got.Unconfirmed != want.Unconfirmed {
		t.Errorf("unconfirmed %v, want %v (%s)", got.Unconfirmed, want.Unconfirmed, got.Reason)
	}
	hold := rule.Hold
	if got.Wait > 0 {
		hold = got.Wait
	}
	// A date in a header has whole seconds, and the clock goes on.
	if diff := want.Hold - hold; diff < 0 || diff > 2*time.Second || diff > 0 && want.Hold != 30*time.Second {
		t.Errorf("held for %s, want %s (%s)", hold, want.Hold, got.Reason)
	}
	if rule.HoldDoubles && rule.HoldMax != want.HoldMax || !rule.HoldDoubles && want.HoldMax != 0 {
		t.Errorf("doubles %v up to %s, want up to %s", rule.HoldDoubles, rule.HoldMax, want.HoldMax)
	}
	if got.Reason == "" || len(got.Reason) > 200 {
		t.Errorf("reason %q, want 1 to 200 bytes", got.Reason)
	}
}
