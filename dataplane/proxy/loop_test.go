package proxy_test

import (
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// sentHops is what the last upstream request of a rig said in its HopHeader.
func (r *rig) sentHops() []string {
	served := r.fake.Served()
	return served[len(served)-1].Header[dataplane.HopHeader]
}

// A client that sends the header of a gateway itself harms nobody but its own call.
func TestAFakedLoop(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Headers = []*nodev1.Header{{Name: "CDN-Loop", Value: "none"}}
	}})
	if got := r.chat(false); got.status != 200 {
		t.Fatalf("status %d", got.status)
	}
	r.call()
	own := r.sentHops()
	if len(own) != 1 || !strings.HasPrefix(own[0], "trunkline-") {
		t.Fatalf("sent %q", own)
	}
	for path, code := range map[string]string{"/v1/chat/completions": `"code":"loop_detected"`, "/v1/messages": `"type":"error"`} {
		got := r.do(r.upload(path, clientKey, strings.NewReader(`{"model":"g","max_tokens":1,"messages":[]}`), "CDN-Loop", own[0]))
		if got.status != 508 || !strings.Contains(got.body, code) || got.header.Get("X-Should-Retry") != "false" || strings.Contains(got.body, own[0]) {
			t.Errorf("status %d: %s", got.status, got.body)
		}
		if c := r.call(); c.Outcome != dataplane.LoopDetected || len(c.Attempts) != 0 || c.Status != 508 {
			t.Errorf("recorded %v, attempts %s", c.Outcome, outcomes(c))
		}
	}
	if n := len(r.health.Snapshot()); n != 0 {
		t.Errorf("held against %d", n)
	}
	// What other gateways and CDNs say is no loop; only the gateways are passed on.
	const other = "trunkline-0123456789abcdef"
	if got := r.post(`{"model":"g","messages":[]}`, "CDN-Loop", "cloudflare; loops=1, "+other); got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	r.call()
	if got := r.sentHops(); len(got) != 1 || got[0] != other+", "+own[0] {
		t.Errorf("sent %q", got)
	}
}
