package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Failure keywords are found in the text of every kind of stream, across its events.
func TestKeywordsInTypedStreams(t *testing.T) {
	t.Parallel()
	for _, a := range faulty(t, true) {
		if a.path == "/audio/speech" {
			continue // there is no text
		}
		for _, stream := range []bool{false, true} {
			t.Run(name(a, stream, ""), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, setup{models: []string{"keyword-overloaded", "ok"}, keywords: []*nodev1.FailureKeyword{{Name: "over", Keyword: "model is OVERLOADED"}}})
				got, call := a.call(t, r, stream)
				a.wantGood(t, got, stream)
				if outcomes(call) != "p1:failure_keyword p2:ok" {
					t.Errorf("attempts %s", outcomes(call))
				}
			})
		}
	}
}

// When comments kept a stream alive, its failure is an event in the endpoint's own words;
// where a plain answer may come, there are no comments.
func TestTypedStreamsAreKeptAlive(t *testing.T) {
	t.Parallel()
	for _, a := range faulty(t, true) {
		t.Run(a.path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{"slow-200ms+status-500"}, config: func(c *proxy.Config) {
				c.KeepAlive = 30 * time.Millisecond
			}})
			got, call := a.call(t, r, true)
			if strings.HasPrefix(a.path, "/audio") {
				if got.status != 503 || call.Status != 503 {
					t.Errorf("status %d: %s", got.status, got.body)
				}
				return
			}
			alive, kind := ": wait\n", `"type":"error"`
			if a.google {
				alive, kind = "\n", `{"error":{"code":503,`
			}
			if doc := gjson.Parse(got.lastEvent()); got.status != 200 || got.cut || !strings.HasPrefix(got.body, alive) || !strings.Contains(got.body, kind) || doc.Get("error.message").Str+doc.Get("response.error.message").Str == "" {
				t.Errorf("status %d, cut=%v: %s", got.status, got.cut, got.body)
			}
		})
	}
}

// What a client did not finish reading is guessed from what it had.
func TestUsageOfATypedStreamThatWasCut(t *testing.T) {
	t.Parallel()
	messages := apis[3]
	r := newRig(t, setup{models: []string{"tokens-20+eof-events-10"}})
	_, call := messages.call(t, r, true)
	if call.Usage.Source != dataplane.UsageEstimated || call.Usage.Input != 24 || call.Usage.Output != 9 { // message_start told the input and a first token; 32 bytes came
		t.Errorf("usage %+v", call.Usage)
	}
	responses := apis[2]
	r = newRig(t, setup{models: []string{"tokens-20+eof-events-10"}})
	_, call = responses.call(t, r, true)
	if call.Usage.Source != dataplane.UsageEstimated || call.Usage.Output != 8 {
		t.Errorf("usage %+v", call.Usage)
	}
}

// A model that ends a message without its last event has said all there is.
func TestAMissingMessageStopIsAdded(t *testing.T) {
	t.Parallel()
	messages := apis[3]
	r := newRig(t, setup{models: []string{"no-done"}})
	got, call := messages.call(t, r, true)
	if messages.wantGood(t, got, true); call.Outcome != dataplane.OK || strings.Count(got.body, "event: message_stop") != 1 {
		t.Errorf("call %v: %s", call.Outcome, got.body)
	}
}
