package proxy_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/upstream"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// dialogue is many conversations of several turns, on all three APIs, each turn with all that was said
// before; some name their session, the others are known by how they began.
type dialogue struct {
	random *rand.Rand
	said   []string // messages so far, by conversation
	turns  []int
}

const conversations, turnsOfEach = 60, 6

// request is the next turn of a conversation.
func (d *dialogue) request(i int) (path, body string, header http.Header) {
	header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + clientKey}}
	system := strings.Repeat(fmt.Sprintf("You are assistant %d. ", i), 20)
	if d.turns[i] > 0 {
		d.said[i] += `,{"role":"assistant","content":"Hello! This answer comes from the scripted provider."},`
	}
	d.said[i] += fmt.Sprintf(`{"role":"user","content":"turn %d: %s"}`, d.turns[i], strings.Repeat(fmt.Sprintf("question %d of %d, ", d.turns[i], i), 20))
	d.turns[i]++
	extra := ""
	switch i % 6 {
	case 0:
		header.Set("X-Session-Id", fmt.Sprint("conversation-", i))
	case 1:
		extra = fmt.Sprintf(`,"prompt_cache_key":"key-%d"`, i)
	case 2:
		extra = fmt.Sprintf(`,"metadata":{"user_id":"user_0_account__session_%d"}`, i)
	}
	switch i % 3 {
	case 0:
		return "/chat/completions", fmt.Sprintf(`{"model":"g","messages":[{"role":"system","content":%q},%s]%s}`, system, d.said[i], extra), header
	case 1:
		return "/responses", fmt.Sprintf(`{"model":"g","instructions":%q,"input":[%s]%s}`, system, d.said[i], extra), header
	}
	return "/messages", fmt.Sprintf(`{"model":"g","max_tokens":99,"system":%q,"messages":[%s]%s}`, system, d.said[i], extra), header
}

// hitRate is the share of all prompt tokens that came from the provider's cache, as the calls' records
// tell, when the conversations take turns at random over two nodes that share nothing.
func hitRate(t *testing.T, selection string, credentials int) float64 {
	t.Helper()
	fake := httptest.NewServer(fakeprovider.New(fakeprovider.Config{MaxServed: -1}))
	t.Cleanup(fake.Close)
	s := setup{models: []string{"prompt-cache"}, snapshot: func(s *nodev1.Snapshot) {
		s.Groups[0].Selection = selection
		for i := 1; i < credentials; i++ {
			s.Providers[0].Credentials = append(s.Providers[0].Credentials, &nodev1.Credential{Name: fmt.Sprint("more-", i), Secret: fmt.Sprint("up-secret-more-", i)})
		}
	}, policy: func(p *nodev1.Policy) { p.AffinityHold = durationpb.New(5 * time.Minute) }}
	compiled, err := dataplane.Compile((&rig{t: t}).snapshot(s, fake.URL))
	if err != nil {
		t.Fatal(err)
	}
	var usage dataplane.Usage
	var nodes [2]*proxy.Handler
	for i := range nodes {
		pool := upstream.NewPool(upstream.Config{AllowPrivateNetwork: true})
		pool.Update(compiled)
		t.Cleanup(pool.Close)
		nodes[i] = proxy.New(proxy.Config{
			Snapshot: func() *dataplane.Snapshot { return compiled },
			Upstream: func(p *dataplane.Provider) engine.Upstream { return pool.Client(p.Name) },
			Health:   health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler)}),
			Record:   func(c dataplane.Call) { usage.Add(c.Usage) }, Random: rand.IntN,
			NewID: func() string { return "id" }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		})
	}
	d := dialogue{random: rand.New(rand.NewPCG(1, 2)), said: make([]string, conversations), turns: make([]int, conversations)}
	for range turnsOfEach {
		for _, i := range d.random.Perm(conversations) {
			path, body, header := d.request(i)
			r := httptest.NewRequest(http.MethodPost, "/v1"+path, strings.NewReader(body))
			r.Header = header
			w := httptest.NewRecorder()
			nodes[d.random.IntN(2)].ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	}
	return float64(usage.CachedInput) / float64(usage.Input)
}

// With two credentials a sticky group finds as much in the provider's prompt cache as with one.
func TestPromptCacheHitRateWithTwoCredentials(t *testing.T) {
	t.Parallel()
	one := hitRate(t, "sticky", 1)
	sticky, inTurn := hitRate(t, "sticky", 2), hitRate(t, "weighted", 2)
	stickyOfFive, inTurnOfFive := hitRate(t, "sticky", 5), hitRate(t, "weighted", 5)
	t.Logf("%d conversations of %d turns over two nodes: hit rate of one credential %.3f; of two %.3f sticky, %.3f in turn; of five %.3f sticky, %.3f in turn",
		conversations, turnsOfEach, one, sticky, inTurn, stickyOfFive, inTurnOfFive)
	if one < 0.5 {
		t.Fatalf("one credential hits only %.3f: the conversations are too short to tell anything", one)
	}
	if sticky < 0.95*one || stickyOfFive < 0.95*one {
		t.Errorf("sticky hits %.3f and %.3f, want at least 0.95 of %.3f", sticky, stickyOfFive, one)
	}
	if inTurn > 0.9*one {
		t.Errorf("credentials in turn hit %.3f of one's %.3f: the cache that is played tells nothing", inTurn, one)
	}
}
