// Command seed writes made-up calls of the past days into a database, so that the console's charts
// have something to show: go run ./webui/e2e/seed -database sqlite:////path -days 30. The names are those
// of e2e/demo.yaml. The same flags write the same calls. No program may be using the database.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane/store"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func main() {
	database := flag.String("database", "", "database URL, in the form of DATABASE_URL")
	days := flag.Int("days", 30, "how far back")
	perHour := flag.Int("per-hour", 60, "calls in a busy hour")
	large := flag.Bool("large", false, "with the names of e2e/large.ts")
	flag.Parse()
	maker := newMaker()
	if *large {
		useLarge(maker)
	}
	if err := run(context.Background(), maker, *database, *days, *perHour); err != nil {
		slog.Error("seeding failed", "error", err)
		os.Exit(1)
	}
}

// Calls are stored in batches, each of a node. After so many they are folded into the sums, as a control plane does; it
// folds what is left.
const (
	batch   = 1000
	folding = 25_000
)

func run(ctx context.Context, maker *maker, database string, days, perHour int) error {
	now := time.Now()
	hour := now.Add(-time.Duration(days) * 24 * time.Hour).Truncate(time.Hour)
	// The database's clock is that of the calls: they are stored in the tables of their days.
	db, err := store.Open(ctx, store.Config{URL: database, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return hour }})
	if err != nil {
		return err
	}
	defer db.Close()
	calls, sums := store.NewCalls(db), store.NewUsage(db)
	var waiting []*nodev1.Call
	pending := 0
	for ; hour.Before(now); hour = hour.Add(time.Hour) {
		if hour.UTC().Hour() == 0 {
			if err := calls.KeepCalls(ctx, time.Time{}); err != nil {
				return err
			}
		}
		for range maker.busy(hour, perHour) {
			if at := hour.Add(time.Duration(maker.random.Int64N(int64(time.Hour)))); at.Before(now) {
				waiting = append(waiting, maker.call(at))
			}
		}
		last := hour.Add(time.Hour).After(now)
		if len(waiting) < batch && !last {
			continue
		}
		for of := range slices.Chunk(waiting, batch) {
			if _, _, err := calls.InsertCalls(ctx, maker.node(), of); err != nil {
				return err
			}
		}
		pending += len(waiting)
		waiting = waiting[:0]
		for more := pending >= folding; more; pending = 0 {
			if more, err = sums.FoldUsage(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

type maker struct {
	random *rand.Rand
	routes []route
	pick   func(*rand.Rand) int    // which route a call takes
	key    func(*rand.Rand) string // whose call it is
	nodes  int
}

func newMaker() *maker {
	return &maker{
		random: rand.New(rand.NewPCG(5, 2)), routes: routes, pick: byShare, nodes: 1,
		key: func(random *rand.Rand) string { return keys[random.IntN(len(keys))] },
	}
}

// node is one of those that calls come through.
func (m *maker) node() string {
	if m.nodes == 1 {
		return "node-1"
	}
	return fmt.Sprintf("node-%03d", m.random.IntN(m.nodes))
}

// busy is how many calls an hour has: more by day than by night, fewer at weekends.
func (m *maker) busy(hour time.Time, most int) int {
	share := 0.55 + 0.45*math.Sin(float64(hour.Hour()-7)/24*2*math.Pi)
	if day := hour.Weekday(); day == time.Saturday || day == time.Sunday {
		share *= 0.5
	}
	return int(share*float64(most)) + m.random.IntN(5)
}

// route is a group with what answers it, first choice first.
type route struct {
	group  string
	share  int // of 100 calls
	stream bool
	to     []target
}

type target struct {
	provider, model string
	in, out         int64 // pico-USD a token
	ms              float64
	fails           float64 // share of its calls
	outcome         string
	status          int32
}

var (
	azure    = target{"azure-east-us-2", "gpt-5.2", 1_750_000, 14_000_000, 1500, 0.05, "rate_limited", 429}
	openai   = target{"openai-direct", "gpt-5.2", 1_750_000, 14_000_000, 1900, 0.012, "server_error", 500}
	mini     = target{"openai-direct", "gpt-5.2-mini", 250_000, 2_000_000, 700, 0.006, "server_error", 502}
	router   = target{"openrouter", "openai/gpt-5.2", 1_840_000, 14_700_000, 2100, 0.03, "first_token_timeout", 0}
	claude   = target{"openrouter", "anthropic/claude-opus-5", 5_000_000, 25_000_000, 3800, 0.04, "overloaded", 529}
	deepseek = target{"deepseek", "deepseek-v4", 280_000, 420_000, 2600, 0.03, "failure_keyword", 200}
	embed    = target{"azure-east-us-2", "text-embedding-3-large", 130_000, 0, 160, 0.004, "server_error", 503}

	routes = []route{
		{"chat-default", 48, true, []target{azure, openai, router, deepseek}},
		{"reasoning-large", 14, true, []target{claude, openai}},
		{"fast-cheap", 24, true, []target{deepseek, mini}},
		{"embeddings", 14, false, []target{embed}},
	}
	keys = []string{"support-bot", "support-bot", "support-bot", "batch-jobs", "internal-search"}
)

// call makes one: its targets are tried in order until one goes well.
func (m *maker) call(at time.Time) *nodev1.Call {
	r := m.routes[m.pick(m.random)]
	c := &nodev1.Call{
		Id: m.id(at), StartUs: at.UnixMicro(), Endpoint: "/v1/chat/completions", Model: r.group, Group: r.group,
		ApiKey: m.key(m.random), Stream: r.stream, OverheadUs: 180 + m.random.Int64N(400),
	}
	if r.group == "embeddings" {
		c.Endpoint = "/v1/embeddings"
	}
	for _, t := range r.to {
		a := m.attempt(t, c.DurationUs, r.stream)
		c.Attempts = append(c.Attempts, a)
		c.DurationUs += a.DurationUs + 300
		c.Outcome, c.Status, c.Provider, c.UpstreamModel = a.Outcome, a.Status, a.Provider, a.Model
		c.Cost += a.Cost
		if a.Outcome == "ok" {
			c.Usage, c.FirstTokenUs = a.Usage, a.StartOffsetUs+a.FirstTokenUs
			break
		}
	}
	if c.Outcome != "ok" {
		c.Status, c.ErrorCode = 502, "upstream_error"
	}
	return c
}

func (m *maker) attempt(t target, offset int64, stream bool) *nodev1.Attempt {
	a := &nodev1.Attempt{
		Provider: t.provider, Model: t.model, Credential: "main", StartOffsetUs: offset,
		Outcome: "ok", Status: 200, Usage: &nodev1.Usage{Source: "none"},
	}
	took := t.ms * math.Exp(m.random.NormFloat64()*0.45) // most near the middle, a few much longer
	a.DurationUs = int64(took * 1000)
	if m.random.Float64() < t.fails {
		a.Outcome, a.Status, a.Blame = t.outcome, t.status, "provider"
		a.Reason = "the upstream answered " + t.outcome
		a.DurationUs /= 6
		return a
	}
	in := 300 + m.random.Int64N(5000)
	a.Usage = &nodev1.Usage{Source: "upstream", InputTokens: in, CachedInputTokens: in * m.random.Int64N(80) / 100}
	if t.out > 0 {
		a.Usage.OutputTokens = 60 + m.random.Int64N(900)
	}
	a.Cost = in*t.in + a.Usage.OutputTokens*t.out
	if stream {
		a.FirstTokenUs = a.DurationUs * (15 + m.random.Int64N(20)) / 100
	}
	return a
}

func byShare(random *rand.Rand) int {
	at := random.IntN(100)
	for i, r := range routes {
		if at -= r.share; at < 0 {
			return i
		}
	}
	return 0
}

// id is a UUIDv7 of that time.
func (m *maker) id(at time.Time) string {
	var id uuid.UUID
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	for i := 6; i < len(id); i++ {
		id[i] = byte(m.random.Uint32())
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
