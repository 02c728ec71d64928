package health_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// model is the rules once more, as plainly as can be: it keeps every attempt and counts
// from the beginning each time. It knows one scope, one policy and no jitter.
type model struct {
	start, now      time.Time
	policy          *dataplane.Policy
	attempts        []attempt // since the scope opened or closed last
	open            bool
	until, closedAt time.Time
	fades           time.Time
	level, openings int
	probeFailed     bool
	lease           string
	leaseUntil      time.Time
	reason          dataplane.Outcome
}

type attempt struct {
	bucket int64
	caller string
	failed bool
	any    bool // no caller can cause it
}

func (m *model) bucket() int64 { return int64(m.now.Sub(m.start) / (m.policy.FailureWindow / 10)) }

func (m *model) tick() {
	if !m.fades.IsZero() && !m.now.Before(m.fades) {
		*m = model{start: m.start, now: m.now, policy: m.policy, attempts: m.attempts}
	}
}

func (m *model) condition() dataplane.Condition {
	m.tick()
	if !m.open {
		return dataplane.Condition{}
	}
	c := dataplane.Condition{State: dataplane.Open, Until: m.until, Level: m.level, Reason: m.reason}
	if !m.now.Before(m.until) {
		c.State = dataplane.HalfOpen
	}
	return c
}

func (m *model) mayProbe() bool {
	m.tick()
	return m.open && !m.now.Before(m.until) && (m.lease == "" || !m.now.Before(m.leaseUntil))
}

func (m *model) report(r dataplane.Report) {
	m.tick()
	probe := m.open && r.Probe != "" && r.Probe == m.lease && m.now.Before(m.leaseUntil)
	if probe {
		m.lease = ""
	}
	switch {
	case m.open && r.Result == dataplane.Success && (probe || r.LastResort):
		m.open, m.closedAt, m.lease, m.attempts = false, m.now, "", nil
		m.fades = m.now.Add(2 * m.policy.CooldownMax)
	case m.open && r.Result == dataplane.Failure && probe:
		if m.probeFailed {
			m.level++
		}
		m.begin(r, max(m.holdFor(r, m.openings), m.cooldown()))
		m.probeFailed = true
	case m.open && r.Result == dataplane.Failure && r.Hold > 0 && !r.LastResort:
		if until := m.now.Add(m.holdFor(r, m.openings-1)); until.After(m.until) {
			m.until, m.reason, m.fades = until, r.Outcome, until.Add(2*m.policy.CooldownMax)
		}
	case m.open || r.Result == dataplane.Neutral:
	case r.Result == dataplane.Success:
		m.attempts = append(m.attempts, attempt{m.bucket(), r.Caller, false, false})
	case r.StartedAt.Before(m.closedAt):
	case r.Hold > 0:
		m.level++
		m.probeFailed = false
		m.begin(r, m.holdFor(r, m.openings))
	default:
		m.attempts = append(m.attempts, attempt{m.bucket(), r.Caller, true, r.AnyCaller})
		if m.convicts(r) {
			m.level++
			m.probeFailed = false
			m.begin(r, m.cooldown())
		}
	}
}

func (m *model) begin(r dataplane.Report, d time.Duration) {
	until := m.now.Add(d)
	if m.open && m.until.After(until) {
		until = m.until
	}
	m.open, m.until, m.reason, m.lease, m.attempts = true, until, r.Outcome, "", nil
	m.openings++
	m.fades = until.Add(2 * m.policy.CooldownMax)
}

func (m *model) holdFor(r dataplane.Report, openings int) time.Duration {
	if !r.HoldDoubles {
		return r.Hold
	}
	return max(r.Hold, min(r.Hold<<min(openings, 20), r.HoldMax))
}

func (m *model) cooldown() time.Duration {
	return min(m.policy.Cooldown*time.Duration(m.level), m.policy.CooldownMax)
}

// counts is what lies within the window.
func (m *model) counts() (failures, total int, byCaller map[string]int, failing map[string]bool) {
	byCaller, failing = map[string]int{}, map[string]bool{}
	for _, a := range m.attempts {
		if a.bucket <= m.bucket()-10 {
			continue
		}
		total++
		byCaller[a.caller]++
		if a.failed {
			failures++
			failing[a.caller] = true
		}
	}
	return failures, total, byCaller, failing
}

func (m *model) convicts(r dataplane.Report) bool {
	failures, total, byCaller, failing := m.counts()
	needed := 2
	if r.AnyCaller {
		needed = 1
	}
	for caller, n := range byCaller {
		if failing[caller] && float64(n) > 0.95*float64(total) {
			needed = 1
		}
	}
	row, anyInRow := 0, 0
	for _, a := range slices.Backward(m.attempts) {
		if !a.failed {
			break
		}
		row++
		if a.any {
			anyInRow++
		}
	}
	return failures >= m.policy.FailureThreshold && len(failing) >= needed &&
		(float64(failures)/float64(total) >= m.policy.MinRatio || anyInRow >= m.policy.FailureThreshold || row >= 10*m.policy.FailureThreshold)
}

// history drives store and model with the same random steps.
type history struct {
	*testing.T
	rnd    *rand.Rand
	clock  *clock
	store  healthtest.Store
	model  *model
	tokens []string // ever given, and some that were not
	log    []string
}

var modelScope = dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: "m"}

func TestMemoryAgreesWithTheModelOnRandomHistories(t *testing.T) {
	t.Parallel()
	const histories = 300
	reached := map[dataplane.State]int{}
	for seed := range histories {
		newHistory(t, uint64(seed), func(c *clock) healthtest.Store { return memoryAt(c) }).run(reached)
	}
	for _, state := range []dataplane.State{dataplane.Closed, dataplane.HalfOpen, dataplane.Open} {
		if reached[state] < histories {
			t.Errorf("only %d steps were in state %s: the histories prove little", reached[state], state)
		}
	}
}

// The scripts agree with the model as well, as seen by a node that knows them through
// Redis alone.
func TestSharedAgreesWithTheModelOnRandomHistories(t *testing.T) {
	t.Parallel()
	url := testenv.Redis(t).URL()
	for seed := range 40 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newHistory(t, uint64(seed), func(c *clock) healthtest.Store { return newTwoNodes(t, url, c) }).run(map[dataplane.State]int{})
		})
	}
}

func newHistory(t *testing.T, seed uint64, open func(*clock) healthtest.Store) *history {
	rnd := rand.New(rand.NewPCG(seed, 1))
	c := newClock()
	policy := &dataplane.Policy{
		FailureThreshold: 1 + rnd.IntN(4),
		FailureWindow:    time.Second,
		MinRatio:         []float64{0, 0.2, 0.5}[rnd.IntN(3)],
		Cooldown:         time.Duration(1+rnd.IntN(5)) * 100 * time.Millisecond,
		CooldownMax:      time.Duration(1+rnd.IntN(10)) * 200 * time.Millisecond,
	}
	policy.Cooldown = min(policy.Cooldown, policy.CooldownMax)
	return &history{
		T: t, rnd: rnd, clock: c,
		store:  open(c),
		model:  &model{start: c.Now(), now: c.Now(), policy: policy},
		tokens: []string{"never given"},
		log:    []string{fmt.Sprintf("seed %d, policy %+v", seed, *policy)},
	}
}

func (h *history) run(reached map[dataplane.State]int) {
	h.Helper()
	for range 120 {
		h.step()
		got, want := h.store.Condition(modelScope), h.model.condition()
		reached[got.State]++
		if got != want {
			h.Fatalf("condition %+v\n     want %+v\nafter:\n%s", got, want, strings.Join(h.log, "\n"))
		}
		h.compareSnapshot()
	}
}

func (h *history) compareSnapshot() {
	h.Helper()
	failures, _, _, _ := h.model.counts()
	lines := h.store.Snapshot()
	if listed := len(lines) == 1; listed != (h.model.open || failures > 0) || listed && lines[0].Condition.Failures != failures {
		h.Fatalf("snapshot %+v, model is open: %v with %d failures, after:\n%s", lines, h.model.open, failures, strings.Join(h.log, "\n"))
	}
}

func (h *history) step() {
	h.Helper()
	switch n := h.rnd.IntN(10); {
	case n < 2:
		d := time.Duration(h.rnd.IntN(12)) * 37 * time.Millisecond
		if h.rnd.IntN(12) == 0 {
			d *= 10
		}
		h.clock.Advance(d)
		h.model.now = h.clock.Now()
		if s, ok := h.store.(*twoNodes); ok {
			s.sync()
		}
		h.log = append(h.log, fmt.Sprintf("advance %v", d))
	case n < 4:
		h.probe()
	default:
		h.report()
	}
}

func (h *history) probe() {
	h.Helper()
	lease := time.Duration(1+h.rnd.IntN(5)) * 100 * time.Millisecond
	want := h.model.mayProbe()
	token, ok := h.store.Probe(h.Context(), modelScope, lease)
	h.log = append(h.log, fmt.Sprintf("probe for %v: %q %v", lease, token, ok))
	if ok != want || ok && slices.Contains(h.tokens, token) {
		h.Fatalf("Probe = %q, %v, want %v and a new token, after:\n%s", token, ok, want, strings.Join(h.log, "\n"))
	}
	if ok {
		h.model.lease, h.model.leaseUntil = token, h.model.now.Add(lease)
		h.tokens = append(h.tokens, token)
	}
}

func (h *history) report() {
	r := dataplane.Report{
		Scope:     modelScope,
		Policy:    h.model.policy,
		Result:    dataplane.Result(h.rnd.IntN(3)),
		Outcome:   dataplane.ServerError,
		StartedAt: h.clock.Now().Add(-time.Duration(h.rnd.IntN(4)) * 90 * time.Millisecond),
		Caller:    []string{"a", "a", "a", "b", "c"}[h.rnd.IntN(5)],
		AnyCaller: h.rnd.IntN(5) == 0,
	}
	if h.model.open && h.rnd.IntN(2) == 0 {
		r.Probe = h.tokens[max(0, len(h.tokens)-1-h.rnd.IntN(3))]
	}
	if h.model.open && h.rnd.IntN(4) == 0 {
		r.LastResort = true
	}
	if r.Result == dataplane.Failure && h.rnd.IntN(5) == 0 {
		r.Outcome, r.Hold = dataplane.RateLimited, time.Duration(1+h.rnd.IntN(10))*70*time.Millisecond
		if h.rnd.IntN(2) == 0 {
			r.Outcome, r.HoldDoubles, r.HoldMax = dataplane.AuthFailed, true, 900*time.Millisecond
		}
	}
	h.store.Report(r)
	h.model.report(r)
	h.log = append(h.log, fmt.Sprintf("report result %d, hold %v (doubles %v), probe %q, last resort %v, caller %s (any %v), began %v ago",
		r.Result, r.Hold, r.HoldDoubles, r.Probe, r.LastResort, r.Caller, r.AnyCaller, h.clock.Now().Sub(r.StartedAt)))
}
