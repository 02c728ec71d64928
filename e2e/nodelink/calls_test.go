package nodelink

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func id(node, i int) string { return fmt.Sprintf("0190f000-0000-7000-%04d-%012d", 8000+node, i) }

// record is calls from to to-1 of the node.
func (n *node) record(node, from, to int) {
	for i := from; i < to; i++ {
		n.Record(dataplane.Call{
			ID: id(node, i), Start: time.Now(), Group: "group-0", Outcome: dataplane.OK, Status: 200, Provider: "p",
			Attempts: []dataplane.Attempt{{Provider: "p", Model: "ok", Status: 200}},
		})
	}
}

// ledger is a call store that counts how often it was given each call.
type ledger struct {
	calllog.Store

	mu    sync.Mutex
	given map[string]int
}

func newLedger() *ledger { return &ledger{given: map[string]int{}} }

func (l *ledger) InsertCalls(_ context.Context, _ string, calls []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored := 0
	for _, c := range calls {
		if l.given[c.GetId()]++; l.given[c.GetId()] == 1 {
			stored++
		}
	}
	return stored, nil, nil
}

// check wants calls 0 to calls-1 of each node, and nothing else.
func (l *ledger) check(t *testing.T, nodes, calls int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.given) != nodes*calls {
		t.Errorf("%d calls are stored, want %d", len(l.given), nodes*calls)
	}
	for node := range nodes {
		for i := range calls {
			if l.given[id(node, i)] == 0 {
				t.Fatalf("call %d of node %d is lost", i, node)
			}
		}
	}
}

// flaky fails every third batch after it was committed, so that its acknowledgement is lost.
type flaky struct {
	calllog.Store
	batches atomic.Int32
}

func (f *flaky) InsertCalls(ctx context.Context, node string, calls []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	stored, rejected, err := f.Store.InsertCalls(ctx, node, calls)
	if f.batches.Add(1)%3 == 1 {
		return 0, nil, errs.Newf(errs.Unavailable, "the test loses this acknowledgement")
	}
	return stored, rejected, err
}

func TestCallsAreStoredOnceInARealDatabase(t *testing.T) {
	t.Parallel()
	for engine, open := range map[string]func() string{
		"sqlite": func() string {
			return "sqlite:///" + (&url.URL{Path: filepath.Join(t.TempDir(), "trunkline.db")}).EscapedPath()
		},
		"postgres": func() string { return testenv.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), store.Config{URL: open(), Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			calls := store.NewCalls(db)
			lis := listen(t, "127.0.0.1:0")
			cfg := newConfig(1, 1)
			c := serve(t, lis, cfg, &flaky{Store: calls})
			const perNode = 1500
			nodes := []*node{join(t, "a", lis.Addr().String(), nil), join(t, "b", lis.Addr().String(), nil)}
			for i, n := range nodes {
				n.record(i, 0, perNode/2)
				n.Record(dataplane.Call{ID: "not a uuid", Start: time.Now()})
			}
			until(t, "some are stored", func() bool { return nodes[0].Counters().Shipped > 0 && nodes[1].Counters().Shipped > 0 })
			c.kill()
			for i, n := range nodes {
				n.record(i, perNode/2, perNode)
			}
			serve(t, listen(t, lis.Addr().String()), cfg, &flaky{Store: calls})
			for _, n := range nodes {
				n.flush(t)
				if got := n.Counters(); got.Dropped != 0 || got.Waiting != 0 || got.Rejected != 1 || got.Shipped != perNode {
					t.Errorf("counters %+v", got)
				}
			}
			stored := list(t, calls)
			if len(stored) != len(nodes)*perNode {
				t.Errorf("%d calls are stored, want %d", len(stored), len(nodes)*perNode)
			}
			for i := range nodes {
				for j := range perNode {
					if got := stored[id(i, j)]; got != []string{"a", "b"}[i] {
						t.Fatalf("call %d of node %d is stored as one of %q", j, i, got)
					}
				}
			}
		})
	}
}

// list pages through every call: id to node.
func list(t *testing.T, db calllog.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	var after calllog.Position
	for {
		page, err := db.ListCalls(t.Context(), calllog.Filter{After: after, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			if _, twice := all[c.GetId()]; twice {
				t.Fatalf("call %s is listed twice", c.GetId())
			}
			all[c.GetId()] = c.Node
			after = calllog.Position{StartUS: c.GetStartUs(), ID: c.GetId()}
		}
		if len(page) < 1000 {
			return all
		}
	}
}

// messages is a logger whose lines come out of a channel.
func messages(out chan<- string) *slog.Logger {
	return slog.New(slog.NewTextHandler(writer(func(p []byte) {
		select {
		case out <- strings.TrimSpace(string(p)):
		default:
		}
	}), nil))
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }
