package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// local is the nodes of one replica, and what they were told.
type local struct {
	mu     sync.Mutex
	lines  map[string]*fleet.Line
	told   []string
	urgent chan struct{}
}

func (l *local) Urgent() <-chan struct{} { return l.urgent }

func (l *local) Lines() (all []fleet.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		all = append(all, *line)
	}
	return all
}

func (l *local) tell(node, format string, args ...any) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := l.lines[node]
	if line == nil || !line.Node.GetConnected() {
		return false
	}
	l.told = append(l.told, node+" "+fmt.Sprintf(format, args...))
	return true
}

func (l *local) Reset(node, provider, model, credential string) bool {
	return l.tell(node, "reset %s/%s/%s", provider, model, credential)
}

func (l *local) End(node, reason string) bool { return l.tell(node, "end: %s", reason) }

func (l *local) Drain(node, bootID string, drain bool) { l.tell(node, "drain %s %t", bootID, drain) }

func (l *local) Supersede(node, bootID string, opened int64) {
	l.tell(node, "superseded %s %d", bootID, opened)
}

func (l *local) Forget(node string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lines, node)
}

// takeTold takes what nodes were told, without drains that change nothing.
func (l *local) takeTold() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, told := range l.told {
		if !strings.HasSuffix(told, "false") {
			all = append(all, told)
		}
	}
	l.told = nil
	return all
}

// connect opens a stream of a node.
func (l *local) connect(node, boot string, opened int64, revision uint64) {
	l.set(node, boot, opened, &adminv1.Node{Name: node, Connected: true, AppliedRevision: revision, InFlight: 3})
}

func (l *local) disconnect(node string) {
	l.mu.Lock()
	line := *l.lines[node]
	l.mu.Unlock()
	n := proto.CloneOf(line.Node)
	n.Connected = false
	l.set(node, line.BootID, line.Opened, n)
}

func (l *local) set(node, boot string, opened int64, doc *adminv1.Node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change := uint64(1)
	if old := l.lines[node]; old != nil {
		change = old.Change + 1
	}
	l.lines[node] = &fleet.Line{Node: doc, BootID: boot, Opened: opened, Seen: time.Unix(1000, 0), Change: change}
	select {
	case l.urgent <- struct{}{}:
	default:
	}
}

// source is a configuration at a revision.
type source struct {
	mu       sync.Mutex
	revision controlplane.Revision
}

func (s *source) Current() *controlplane.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return controlplane.NewConfig(s.revision, "lineage", nil, nil)
}

func (s *source) set(r controlplane.Revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision = r
}

// flaky is a store that can be away.
type flaky struct {
	fleet.Store
	mu   sync.Mutex
	away bool
}

func (s *flaky) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *flaky) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errs.Wrap(errs.Unavailable, errors.New("gone"), "the database is not available")
	}
	return nil
}

func (s *flaky) ReportFleet(ctx context.Context, r fleet.Report) ([]string, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Store.ReportFleet(ctx, r)
}

func (s *flaky) PlaceOrders(ctx context.Context, orders []fleet.Order) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.PlaceOrders(ctx, orders)
}

// bench is several replicas on one database, whose rounds a test runs one by one.
type bench struct {
	t      *testing.T
	clock  time.Time
	source *source
	store  *flaky
	fleets []*fleet.Fleet
	locals []*local
	mu     sync.Mutex
}

func newBench(t *testing.T, replicas int) *bench {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:///" + filepath.Join(t.TempDir(), "t.db"), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{t: t, clock: time.Unix(2000, 0), source: &source{revision: 7}, store: &flaky{Store: store.NewFleet(db)}}
	for i := range replicas {
		l := &local{lines: map[string]*fleet.Line{}, urgent: make(chan struct{}, 1)}
		f, err := fleet.New(fleet.Config{
			Store: b.store, Lock: db, Local: l, Source: b.source, Replica: fmt.Sprintf("r%d", i+1), Logger: log, Now: b.now,
		})
		if err != nil {
			t.Fatal(err)
		}
		b.fleets, b.locals = append(b.fleets, f), append(b.locals, l)
	}
	return b
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

// round runs a round of some replicas; twice, so that each has heard of the others.
func (b *bench) round(fleets ...*fleet.Fleet) {
	b.t.Helper()
	for range 2 {
		for _, f := range fleets {
			if err := f.Round(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// shown is the nodes as a replica lists them, in short.
func shown(f *fleet.Fleet) (all []string) {
	for _, n := range f.Nodes() {
		line := fmt.Sprintf("%s %d at %s", n.GetName(), n.GetAppliedRevision(), n.GetReplica())
		if !n.GetConnected() {
			line += " gone"
		}
		if n.GetDrainOrdered() {
			line += " drain"
		}
		all = append(all, line)
	}
	return all
}

func (b *bench) want(want ...string) {
	b.t.Helper()
	for _, f := range b.fleets {
		if got := shown(f); !slices.Equal(got, want) {
			b.t.Errorf("%s shows %q, want %q", f.Replica(), got, want)
		}
	}
}

// run lets every replica's rounds go on; stop ends that and waits.
func (b *bench) run() (stop func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	var wg sync.WaitGroup
	for _, f := range b.fleets {
		f.SetInterval(5 * time.Millisecond)
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = f.Round(ctx) // it ends with ctx
			}
		})
	}
	return sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
}
