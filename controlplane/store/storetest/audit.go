package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// AuditStore is the audit log.
type AuditStore interface {
	audit.Store
	FailedSignIns(ctx context.Context, since time.Time) (int64, error)
}

// spoken is an event as what the tests look at.
func spoken(e audit.Event) string {
	return fmt.Sprintf("%d %s %s %s [%s] %d", e.Sequence, e.Actor, e.Action, e.Outcome, strings.ReplaceAll(e.TargetText(), "\n", " "), e.Revision)
}

func wantEvents(t *testing.T, s Store, f audit.Filter, want ...string) {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 100
	}
	events, err := s.OldestEvents(t.Context(), f)
	must(t, err)
	var got []string
	for _, e := range events {
		got = append(got, spoken(e))
	}
	wantEqual(t, fmt.Sprintf("events of %+v", f), got, want)
}

func wantIntact(t *testing.T, s Store, checked int64) {
	t.Helper()
	report, err := audit.Verify(t.Context(), s, nil)
	must(t, err)
	if report.Broken != 0 || report.Events != checked {
		t.Errorf("verification: %+v, want %d intact events", report, checked)
	}
}

// auditEventComesBackAsWritten: all of it, within its bounds, and found by each of its filters.
func auditEventComesBackAsWritten(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	must(t, s.AppendEvent(t.Context(), audit.Event{
		Actor: "user:root", Role: "owner", Address: "192.0.2.7", Action: "UpdateProvider", Targets: []string{"Provider/a%b_c", "Group/x\ny"},
		Revision: 7, RequestID: "id", Detail: strings.Repeat("d", 2000), Count: 3,
	}))
	at := clock.kept()
	must(t, s.AppendEvent(t.Context(), audit.Event{Actor: "token:ci", Action: "DeleteToken", Outcome: "not_found", Targets: []string{"Token/A%B_C"}}))
	events, err := s.NewestEvents(t.Context(), audit.Filter{Limit: 10})
	must(t, err)
	if len(events) != 2 || events[1].Hash != events[1].Link(audit.Hash{}) || events[0].Hash != events[0].Link(events[1].Hash) {
		t.Fatalf("events %+v", events)
	}
	got := events[1]
	got.Hash = audit.Hash{}
	wantEqual(t, "event", got, audit.Event{
		Sequence: 1, At: at, Actor: "user:root", Role: "owner", Address: "192.0.2.7", Action: "UpdateProvider",
		Targets: []string{"Provider/a%b_c", "Group/x\uFFFDy"}, Revision: 7, Outcome: audit.OK, Count: 3, RequestID: "id",
		Detail: strings.Repeat("d", 1021) + "...",
	})
	first, second := spoken(events[1]), spoken(events[0])
	for _, test := range []struct {
		filter audit.Filter
		want   []string
	}{
		{audit.Filter{}, []string{first, second}},
		{audit.Filter{Actor: "user:root"}, []string{first}},
		{audit.Filter{Actor: "user:roo"}, nil},
		{audit.Filter{Action: "DeleteToken"}, []string{second}},
		{audit.Filter{Outcome: "not_found"}, []string{second}},
		{audit.Filter{Target: "Provider/a%b_c"}, []string{first}},
		{audit.Filter{Target: "a%b_c"}, []string{first}},
		{audit.Filter{Target: "A%B_C"}, []string{second}},
		{audit.Filter{Target: "%"}, nil},
		{audit.Filter{Target: "a"}, nil},
		{audit.Filter{Target: "Provider"}, nil},
		{audit.Filter{From: at.Add(time.Microsecond)}, []string{second}},
		{audit.Filter{From: at, To: at.Add(time.Microsecond)}, []string{first}},
		{audit.Filter{After: 1}, []string{second}},
		{audit.Filter{Before: 2}, []string{first}},
		{audit.Filter{Limit: 1}, []string{first}},
	} {
		wantEvents(t, s, test.filter, test.want...)
	}
	wantIntact(t, s, 2)
}

// changesAndTheirEventsAreOne: an event is there exactly when its change is.
func changesAndTheirEventsAreOne(t *testing.T, db Database) {
	s := db.Open(t, newClock().now)
	provider := func(name string) func(*controlplane.Config) ([]controlplane.Op, error) {
		return func(*controlplane.Config) ([]controlplane.Op, error) {
			return []controlplane.Op{{Kind: controlplane.KindProvider, Name: name, Spec: &adminv1.Provider{Name: name, BaseUrl: "https://" + name + ".example"}}}, nil
		}
	}
	ctx, entry := audit.Begin(t.Context(), audit.Event{Actor: "user:root", Action: "CreateProvider"})
	_, err := s.Update(ctx, "user:root", nil, provider("a"))
	must(t, err)
	if _, pending := entry.Pending(); pending {
		t.Error("the event of the change is still to be written")
	}
	// A second change of the same call, and one of nobody, have events of their own.
	_, err = s.Update(ctx, "user:root", nil, provider("b"))
	must(t, err)
	_, err = s.Update(t.Context(), "file", nil, provider("c"))
	must(t, err)

	// What is refused, and what changes nothing, is for the caller to record.
	ctx, entry = audit.Begin(t.Context(), audit.Event{Actor: "user:root", Action: "UpdateProvider"})
	_, err = s.Update(ctx, "user:root", nil, func(*controlplane.Config) ([]controlplane.Op, error) { return nil, errs.Newf(errs.Conflict, "no") })
	wantCode(t, err, errs.Conflict)
	_, err = s.Update(ctx, "user:root", nil, func(*controlplane.Config) ([]controlplane.Op, error) { return nil, nil })
	must(t, err)
	if _, pending := entry.Pending(); !pending {
		t.Error("an event was written without a change")
	}

	ctx, _ = audit.Begin(t.Context(), audit.Event{Actor: "user:root", Action: "CreateToken", Targets: []string{"Token/ci"}})
	must(t, s.CreateToken(ctx, access.Token{Name: "ci", CreatedAt: epoch}))
	ctx, _ = audit.Begin(t.Context(), audit.Event{Actor: "user:root", Action: "CreateToken", Targets: []string{"Token/ci"}})
	wantCode(t, s.CreateToken(ctx, access.Token{Name: "ci", Hash: [32]byte{1}, CreatedAt: epoch}), errs.AlreadyExists)
	ctx, _ = audit.Begin(t.Context(), audit.Event{Actor: "token:ci", Action: audit.ActionFirstUseOfToken})
	must(t, s.NoteTokenUse(ctx, [32]byte{}, epoch))
	ctx, _ = audit.Begin(t.Context(), audit.Event{Actor: "token:ci", Action: audit.ActionFirstUseOfToken})
	wantCode(t, s.NoteTokenUse(ctx, [32]byte{}, epoch), errs.NotFound)
	tokens, err := s.ListTokens(t.Context(), "")
	must(t, err)
	if len(tokens) != 1 || !tokens[0].UsedAt.Equal(epoch) {
		t.Errorf("tokens %+v, want one first used at %s", tokens, epoch)
	}
	ctx, _ = audit.Begin(t.Context(), audit.Event{Actor: "user:root", Action: "AdoptDatabase"})
	adopted, err := s.Adopt(ctx, "user:root", nil)
	must(t, err)

	wantEvents(t, s, audit.Filter{},
		"1 user:root CreateProvider ok [Provider/a] 1",
		"2 system ChangeConfig ok [Provider/b] 2",
		"3 system ChangeConfig ok [Provider/c] 3",
		"4 user:root CreateToken ok [Token/ci] 0",
		"5 token:ci FirstUseOfToken ok [] 0",
		"6 user:root AdoptDatabase ok [Database/"+adopted.Lineage+"] 4",
	)
	wantIntact(t, s, 6)
}

// racingEventsMakeOneChain: of many writers on every replica.
func racingEventsMakeOneChain(t *testing.T, db Database) {
	const each = 20
	var group sync.WaitGroup
	failed := make(chan error, db.Replicas*4*each)
	var s Store
	for range db.Replicas {
		s = db.Open(t, time.Now)
		for writer := range 4 {
			group.Go(func() {
				for i := range each {
					e := audit.Event{Actor: "user:root", Action: "Logout", Detail: fmt.Sprint(writer, i)}
					if err := s.AppendEvent(context.WithoutCancel(t.Context()), e); err != nil {
						failed <- err
					}
				}
			})
		}
	}
	group.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	wantIntact(t, s, int64(db.Replicas*4*each))
}

// oldAuditEventsAreRemoved: the chain goes on from its anchor, over restarts, and an interrupted one is left alone.
func oldAuditEventsAreRemoved(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	var middle time.Time
	for i := range 10 {
		must(t, s.AppendEvent(t.Context(), audit.Event{Actor: "user:root", Action: "Logout"}))
		if i == 5 {
			middle = clock.kept()
		}
	}
	for _, test := range []struct {
		before time.Time
		limit  int
		want   int
	}{{middle.Add(-time.Hour), 100, 0}, {middle, 3, 3}, {middle, 100, 2}, {middle, 100, 0}} {
		n, err := s.RemoveEvents(t.Context(), test.before, test.limit)
		must(t, err)
		if n != test.want {
			t.Errorf("removed %d events from before %s, at most %d, want %d", n, test.before, test.limit, test.want)
		}
	}
	head, err := s.AuditHead(t.Context())
	must(t, err)
	if head.Sequence != 12 || head.AnchorSequence != 5 {
		t.Errorf("head %+v, want 12 events of which 5 were removed", head)
	}
	wantIntact(t, s, 7)
	wantIntact(t, db.Open(t, clock.now), 7)
	report, err := audit.Verify(t.Context(), s, &audit.Known{Sequence: 5, Hash: head.AnchorHash})
	if err != nil || report.Broken != 0 {
		t.Errorf("with the anchor known: %+v, %v", report, err)
	}
	// Everything but what says so may be old.
	n, err := s.RemoveEvents(t.Context(), clock.now().Add(time.Hour), 100)
	must(t, err)
	if n != 7 {
		t.Errorf("removed %d events, want 7", n)
	}
	wantIntact(t, s, 1)
}

// failedSignInsAreCounted: each as often as it stands for, and only what failed.
func failedSignInsAreCounted(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	count := func(since time.Time, want int64) {
		t.Helper()
		n, err := s.FailedSignIns(t.Context(), since)
		must(t, err)
		if n != want {
			t.Errorf("%d sign-ins failed since %s, want %d", n, since, want)
		}
	}
	count(time.Time{}, 0)
	for _, e := range []audit.Event{
		{Action: "Login", Outcome: "unauthenticated", Detail: audit.WrongPassword},
		{Action: "Login", Outcome: "unauthenticated", Detail: audit.WrongPassword, Count: 7},
		{Action: "Login", Outcome: "resource_exhausted", Detail: audit.TooManyFailures, Count: 100},
		{Action: "Login", Outcome: "unauthenticated", Detail: audit.CodeMissing, Count: 1000},
		{Action: "Login", Actor: "user:ann"},
		{Action: audit.ActionAuthenticate, Outcome: "unauthenticated", Detail: audit.UnknownToken},
	} {
		must(t, s.AppendEvent(t.Context(), e))
	}
	count(time.Time{}, 108)
	count(clock.kept().Add(time.Hour), 0)
}
