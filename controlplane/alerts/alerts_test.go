package alerts_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// patience is how long a test waits for what happens soon.
const patience = 60 * time.Second

// clock is a clock that only tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// detector sees what a test says.
type detector struct {
	mu     sync.Mutex
	holds  []string
	looked int
}

func (*detector) Event() string        { return alerts.EventCooldown }
func (*detector) Every() time.Duration { return 0 }

func (d *detector) Look(context.Context) (found []alerts.Condition, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looked++
	for _, subject := range d.holds {
		found = append(found, alerts.Condition{Subject: subject, Severity: 1, Alert: &adminv1.Alert{Provider: subject, Summary: subject + " cools"}})
	}
	return found, true
}

func (d *detector) set(subjects ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.holds = subjects
}

func (d *detector) looks() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.looked
}

// wire is what senders of all replicas send through.
type wire struct {
	mu   sync.Mutex
	sent []send.Message // guarded by mu
	// answer says how the receiver of a channel answers; nil: it takes everything.
	answer func(ctx context.Context, m send.Message) error
}

func (w *wire) Send(ctx context.Context, t send.Target, m send.Message) error {
	w.mu.Lock()
	w.sent = append(w.sent, m)
	answer := w.answer
	w.mu.Unlock()
	if t.Secret == "" {
		return &send.Fault{Text: "no secret"}
	}
	if answer == nil {
		return nil
	}
	return answer(ctx, m)
}

func (w *wire) answers(f func(ctx context.Context, m send.Message) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

func (w *wire) messages() []send.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

// world is a database and what its replicas share.
type world struct {
	url   string
	clock *clock
	seen  *detector
	wire  *wire
}

func newWorld(url string) *world {
	return &world{url: url, clock: &clock{at: time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)}, seen: &detector{}, wire: &wire{}}
}

func sqlite(t *testing.T) string {
	return "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db")
}

// replica is one control plane's part in this.
type replica struct {
	*alerts.Alerts
	live  *config.Live
	looks *detector // counts the rounds that it led
	kill  func()    // ends it without a word
}

// counted looks through another detector, and counts.
type counted struct {
	*detector
	of *detector
}

func (c counted) Look(ctx context.Context) ([]alerts.Condition, bool) {
	_, _ = c.detector.Look(ctx)
	return c.of.Look(ctx)
}

func (w *world) replica(t *testing.T) *replica {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Config{URL: w.url, Logger: log, Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := secrets.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	live, err := config.New(config.Options{Store: store.NewConfiguration(db), Sealer: sealer, Pepper: bytes.Repeat([]byte{9}, 32), Now: w.clock.Now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := live.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := &replica{live: live, looks: &detector{}}
	r.Alerts, err = alerts.New(alerts.Config{
		Live: live, Opener: config.NewOpener(live), Store: store.NewAlerts(db), Lock: db, Sender: w.wire, Detectors: []alerts.Detector{counted{r.looks, w.seen}}, Logger: log,
		Now: w.clock.Now, Interval: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = live.Run(ctx) })
	wg.Go(func() { _ = r.Run(ctx) })
	r.kill = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(func() {
		r.kill()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// channel makes a channel whose messages are sent at once.
func (r *replica) channel(t *testing.T, name string, digest time.Duration) {
	t.Helper()
	if _, _, err := config.NewEditor(r.live).Create(t.Context(), "test", &adminv1.AlertChannel{
		Name: name, Digest: durationpb.New(digest),
		Webhook: &adminv1.AlertWebhook{Url: "https://example.com/" + name, Secret: "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))},
	}); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// rounds waits until some replica of those has led a few rounds more.
func rounds(t *testing.T, replicas ...*replica) {
	t.Helper()
	looked := func() (n int) {
		for _, r := range replicas {
			n += r.looks.looks()
		}
		return n
	}
	before := looked()
	until(t, "three rounds", func() bool { return looked() >= before+3 })
}

func (w *world) count(t *testing.T, n int) []send.Message {
	t.Helper()
	until(t, "enough messages", func() bool { return len(w.wire.messages()) >= n })
	return w.wire.messages()
}

// told gives what messages tell, in short.
func told(messages []send.Message) (all []string) {
	for _, m := range messages {
		for _, a := range m.Alerts {
			all = append(all, m.Channel+" "+a.GetState().String()[len("ALERT_STATE_"):]+" "+a.GetProvider())
		}
	}
	return all
}

func TestTwoReplicasTellOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(testenv.Postgres(t))
	a, b := w.replica(t), w.replica(t)
	a.channel(t, "ops", 0)
	until(t, "both know the channel", func() bool { return b.live.Current().Revision == 1 })
	w.seen.set("p")
	w.count(t, 1)
	rounds(t, a, b)
	w.seen.set()
	rounds(t, a, b)
	w.clock.advance(15 * time.Second)
	all := w.count(t, 2)
	rounds(t, a, b)
	if got := told(all); !slices.Equal(got, []string{"ops FIRING p", "ops RESOLVED p"}) || len(w.wire.messages()) != 2 {
		t.Errorf("told %q in %d messages", got, len(w.wire.messages()))
	}
	if first, second := all[0].Alerts[0], all[1].Alerts[0]; first.GetId() != second.GetId() || first.GetId() == "" {
		t.Errorf("the alert is %q when it fires and %q when it is over", first.GetId(), second.GetId())
	}
	if a.looks.looks() > 0 && b.looks.looks() > 0 {
		t.Error("both replicas lead")
	}
}

// A leader that dies while it sends: the next one sends the same message under the same id, and
// nothing else.
func TestALeaderThatDiesLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(testenv.Postgres(t))
	a := w.replica(t)
	a.channel(t, "ops", 0)
	w.wire.answers(func(ctx context.Context, _ send.Message) error { <-ctx.Done(); return ctx.Err() })
	w.seen.set("p")
	first := w.count(t, 1)
	b := w.replica(t)
	rounds(t, a)
	a.kill()
	w.wire.answers(nil)
	rounds(t, b)
	if n := len(w.wire.messages()); n != 1 {
		t.Errorf("%d messages while the lease lasts, want 1", n)
	}
	w.clock.advance(2 * time.Minute)
	all := w.count(t, 2)
	rounds(t, b)
	if len(w.wire.messages()) != 2 || all[1].ID != first[0].ID {
		t.Errorf("%d messages, %q after %q", len(w.wire.messages()), all[1].ID, first[0].ID)
	}
	// The receiver has it before the sender has noted that.
	var got []alerts.Delivery
	until(t, "the delivery is noted as sent", func() bool {
		var err error
		if got, err = b.Deliveries(t.Context(), alerts.Filter{Limit: 10}); err != nil {
			t.Fatal(err)
		}
		return len(got) == 1 && got[0].GetState() == adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT
	})
	if got[0].GetAttempts() != 2 {
		t.Errorf("delivery %v", got[0])
	}
}

func TestADeadReceiverHoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(sqlite(t))
	r := w.replica(t)
	r.channel(t, "dead", 0)
	r.channel(t, "ops", 0)
	w.wire.answers(func(ctx context.Context, m send.Message) error {
		if m.Channel == "dead" {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	for n, subject := range []string{"p", "q", "r"} {
		w.seen.set([]string{"p", "q", "r"}[:n+1]...)
		until(t, "the other is told of "+subject, func() bool { return slices.Contains(told(w.wire.messages()), "ops FIRING "+subject) })
	}
	dead := 0
	for _, m := range w.wire.messages() {
		if m.Channel == "dead" {
			dead++
		}
	}
	if dead != 1 {
		t.Errorf("%d messages are under way to the dead one, want 1", dead)
	}
}

func TestRetriesThenWhatWaitedInOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(sqlite(t))
	r := w.replica(t)
	r.channel(t, "ops", 0)
	w.wire.answers(func(context.Context, send.Message) error { return &send.Fault{Text: "it answered 500"} })
	w.seen.set("p")
	w.count(t, 1)
	list := func() []alerts.Delivery {
		got, err := r.Deliveries(t.Context(), alerts.Filter{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	until(t, "the failure is noted", func() bool { return list()[0].GetError() == "it answered 500" })
	if d := list()[0]; d.GetState() != adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_PENDING || d.GetNextAttemptTime().AsTime().Sub(w.clock.Now()) != 5*time.Second {
		t.Errorf("it is %s, next at %s", d.GetState(), d.GetNextAttemptTime().AsTime())
	}
	w.seen.set("p", "q")
	rounds(t, r)
	w.seen.set("p", "q", "r")
	rounds(t, r)
	for n := 2; n <= 10; n++ {
		w.clock.advance(10 * time.Minute)
		w.count(t, n)
		until(t, "the attempt is noted", func() bool {
			return len(list()) > 1 || int(list()[0].GetAttempts()) == n && (n == 10 || list()[0].GetNextAttemptTime().AsTime().After(w.clock.Now()))
		})
	}
	until(t, "it is given up", func() bool {
		all := list()
		return all[len(all)-1].GetState() == adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_FAILED
	})
	w.wire.answers(nil)
	w.clock.advance(10 * time.Minute)
	until(t, "what waited is sent", func() bool { return list()[0].GetState() == adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT })
	last := w.wire.messages()
	if got := told(last[len(last)-1:]); !slices.Equal(got, []string{"ops FIRING q", "ops FIRING r"}) {
		t.Errorf("the last message tells %q", got)
	}
}

func TestDigestCollects(t *testing.T) {
	t.Parallel()
	w := newWorld(sqlite(t))
	r := w.replica(t)
	r.channel(t, "ops", time.Minute)
	w.seen.set("p")
	rounds(t, r)
	w.clock.advance(30 * time.Second)
	w.seen.set("p", "q")
	rounds(t, r)
	if n := len(w.wire.messages()); n != 0 {
		t.Errorf("%d messages before the digest is over", n)
	}
	w.clock.advance(30 * time.Second)
	if got := told(w.count(t, 1)); !slices.Equal(got, []string{"ops FIRING p", "ops FIRING q"}) {
		t.Errorf("told %q", got)
	}
	// What waits for a channel that is deleted goes with it.
	w.seen.set("p", "q", "r")
	rounds(t, r)
	if err := config.NewEditor(r.live).Delete(t.Context(), "test", "AlertChannel", "ops", ""); err != nil {
		t.Fatal(err)
	}
	rounds(t, r) // one that was under way may still know the channel
	w.clock.advance(time.Hour)
	rounds(t, r)
	if n := len(w.wire.messages()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}
