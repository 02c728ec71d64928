package calllog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// bodyStore keeps bodies by call.
type bodyStore struct {
	calllog.BodyStore // what is not used here panics

	mu     sync.Mutex
	bodies map[string]calllog.Body
	err    error
}

func (s *bodyStore) InsertBodies(_ context.Context, bodies []calllog.Body) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range bodies {
		s.bodies[b.CallID] = b
	}
	return s.err
}

// withBodies makes a log whose groups are these.
func withBodies(t *testing.T, store *memory, groups map[string]*adminv1.BodyLog) (*calllog.Log, *bodyStore, calllog.BodySealer) {
	t.Helper()
	var resources []*controlplane.Resource
	for name, log := range groups {
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindGroup, Name: name, Spec: &adminv1.Group{Name: name, BodyLog: log}})
	}
	resources = append(resources, &controlplane.Resource{Kind: controlplane.KindSettings, Name: controlplane.SettingsName, Spec: &adminv1.Settings{
		Retention: &adminv1.Retention{Calls: durationpb.New(240 * time.Hour)},
	}})
	sealer, err := secrets.New(bytes.Repeat([]byte{3}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	kept := &bodyStore{bodies: map[string]calllog.Body{}}
	l, err := calllog.New(calllog.Config{
		Store: store, Gaps: store, Bodies: kept, BodySealer: secrets.Bodies(sealer), Source: &settings{cfg: controlplane.NewConfig(1, "l", resources, nil)},
		Logger: slog.New(slog.DiscardHandler), Now: fixed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, kept, secrets.Bodies(sealer)
}

func bodied(i int, group string, age time.Duration) *nodev1.Call {
	c := call(i, now.Add(-age))
	c.Group, c.ApiKey = group, "app"
	c.Body = &nodev1.CallBody{Request: fmt.Appendf(nil, "question %d", i), Response: []byte("answer")}
	return c
}

func TestBodiesAreStoredApart(t *testing.T) {
	t.Parallel()
	store := &memory{calls: map[string]*nodev1.Call{}, refuse: id(6)}
	l, kept, sealer := withBodies(t, store, map[string]*adminv1.BodyLog{
		"on": {Enabled: true}, "off": {}, "none": nil, "short": {Enabled: true, Retention: durationpb.New(time.Hour)},
	})
	bad := bodied(9, "on", 0)
	bad.Id = "nonsense"
	calls := []*nodev1.Call{
		bodied(1, "on", 0), bodied(2, "short", 0), bodied(3, "off", 0), bodied(4, "none", 0), bodied(5, "gone", 0), bodied(6, "on", 0),
		bodied(7, "on", 230*time.Hour), bodied(8, "on", 241*time.Hour), bad, call(10, now),
	}
	if _, _, err := l.Ingest(t.Context(), "node", calls); err != nil {
		t.Fatal(err)
	}
	for _, c := range store.calls {
		if c.GetBody() != nil {
			t.Errorf("call %s is stored with its body", c.GetId())
		}
	}
	want := map[string]time.Duration{id(1): 7 * 24 * time.Hour, id(2): time.Hour, id(7): 10 * time.Hour}
	for callID, keep := range want {
		b, ok := kept.bodies[callID]
		if !ok {
			t.Errorf("the body of %s is not stored", callID)
			continue
		}
		if got := b.ExpiresAt.Sub(now); got != keep || b.APIKey != "app" {
			t.Errorf("the body of %s of key %q is kept for %v, want %v", callID, b.APIKey, got, keep)
		}
		plain, err := sealer.OpenBody(b.Key, b.Ciphertext, calllog.BodyBinding(callID))
		if err != nil {
			t.Fatal(err)
		}
		var body nodev1.CallBody
		if err := proto.Unmarshal(plain, &body); err != nil || !strings.HasPrefix(string(body.GetRequest()), "question ") || string(body.GetResponse()) != "answer" {
			t.Errorf("stored of %s: %v, %v", callID, &body, err)
		}
		if bytes.Contains(b.Ciphertext, []byte("question")) {
			t.Errorf("the body of %s lies in clear", callID)
		}
	}
	if len(kept.bodies) != len(want) {
		t.Errorf("%d bodies are stored, want %d", len(kept.bodies), len(want))
	}
}

func TestCallsOutliveTheirBodies(t *testing.T) {
	t.Parallel()
	store := &memory{calls: map[string]*nodev1.Call{}}
	l, kept, _ := withBodies(t, store, map[string]*adminv1.BodyLog{"on": {Enabled: true}})
	kept.err = errors.New("the disk is full")
	stored, rejected, err := l.Ingest(t.Context(), "node", []*nodev1.Call{bodied(1, "on", 0), bodied(2, "on", 0)})
	if err != nil || stored != 2 || len(rejected) != 0 {
		t.Errorf("stored %d, rejected %v, %v", stored, rejected, err)
	}
	if l.BodiesLost() != 2 {
		t.Errorf("%d bodies are counted as lost, want 2", l.BodiesLost())
	}
}

func TestHugeBodiesAreCut(t *testing.T) {
	t.Parallel()
	l, kept, sealer := withBodies(t, &memory{calls: map[string]*nodev1.Call{}}, map[string]*adminv1.BodyLog{"on": {Enabled: true}})
	c := bodied(1, "on", 0)
	c.Body.Request = bytes.Repeat([]byte("x"), 3<<20)
	if _, _, err := l.Ingest(t.Context(), "node", []*nodev1.Call{c}); err != nil {
		t.Fatal(err)
	}
	plain, err := sealer.OpenBody(kept.bodies[id(1)].Key, kept.bodies[id(1)].Ciphertext, calllog.BodyBinding(id(1)))
	if err != nil {
		t.Fatal(err)
	}
	var body nodev1.CallBody
	if err := proto.Unmarshal(plain, &body); err != nil || len(body.GetRequest()) != 1<<20 || !body.GetRequestTruncated() || body.GetResponseTruncated() {
		t.Errorf("%d bytes are kept, truncated %t: %v", len(body.GetRequest()), body.GetRequestTruncated(), err)
	}
}
