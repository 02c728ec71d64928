package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// BenchmarkInsertCalls stores batches as a busy node sends them: 500 calls of a second, of 20
// groups with six targets each and 200 API keys, of which one in twelve fails over, and folds them
// into the sums when that is due, and in the end. It reports the processor time of a call: of this process, and on PostgreSQL of its backends.
func BenchmarkInsertCalls(b *testing.B) {
	for _, mix := range []struct {
		name string
		call func(r *rand.Rand, n int, at time.Time) *nodev1.Call
	}{{"busy", busyCall}, {"alike", alikeCall}} {
		b.Run(mix.name+"/sqlite", func(b *testing.B) {
			benchmarkInsertCalls(b, "sqlite:///"+filepath.Join(b.TempDir(), "trunkline.db"), mix.call)
		})
		b.Run(mix.name+"/postgres", func(b *testing.B) { benchmarkInsertCalls(b, testenv.Postgres(b), mix.call) })
	}
}

func benchmarkInsertCalls(b *testing.B, url string, call func(r *rand.Rand, n int, at time.Time) *nodev1.Call) {
	const batch = 500
	s := openPlain(b, url)
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	n := 0
	next := func() []*nodev1.Call {
		calls := make([]*nodev1.Call, batch)
		for i := range calls {
			calls[i] = call(r, n, start.Add(time.Duration(n)*2*time.Millisecond))
			n++
		}
		return calls
	}
	store := func() {
		if stored, _, err := NewCalls(s).InsertCalls(b.Context(), "node", next()); err != nil || stored != batch {
			b.Fatalf("%d stored: %v", stored, err)
		}
		select {
		case <-s.foldDue:
			foldAll(b, s)
		default:
		}
	}
	for range 20 { // the sums are there then
		store()
	}
	foldAll(b, s)
	before := cpuTime(b, s)
	b.ResetTimer()
	for b.Loop() {
		store()
	}
	foldAll(b, s)
	b.StopTimer()
	spent := cpuTime(b, s) - before
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N*batch), "cpu-us/call")
}

// fold does what is left of the work.
func foldAll(b *testing.B, s *DB) {
	b.Helper()
	for more := true; more; {
		var err error
		if more, err = NewUsage(s).FoldUsage(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func busyCall(r *rand.Rand, n int, at time.Time) *nodev1.Call {
	group, target := r.IntN(20), r.IntN(6)
	attempt := func(target int, outcome string) *nodev1.Attempt {
		return &nodev1.Attempt{
			Provider: fmt.Sprint("provider-", (group+target)%6), Model: fmt.Sprint("model-", group*3+target/2), Credential: "main",
			StartOffsetUs: 100, FirstTokenUs: 200_000 + r.Int64N(400_000), DurationUs: 500_000 + r.Int64N(5_000_000), Status: 200, Outcome: outcome,
		}
	}
	c := &nodev1.Call{
		Id: fmt.Sprintf("0193%08d-%04d", n, r.IntN(10000)), StartUs: at.UnixMicro(), Endpoint: "chat", Group: fmt.Sprint("group-", group), Model: fmt.Sprint("group-", group),
		ApiKey: fmt.Sprint("key-", r.IntN(200)), Stream: true, Outcome: "ok", Status: 200, FirstTokenUs: 300_000 + r.Int64N(400_000),
		DurationUs: 500_000 + r.Int64N(5_000_000), OverheadUs: 90, Cost: r.Int64N(1_000_000_000),
		Usage: &nodev1.Usage{InputTokens: r.Int64N(4000), OutputTokens: r.Int64N(800), Source: "upstream"},
	}
	if r.IntN(12) == 0 {
		c.Attempts = append(c.Attempts, attempt((target+1)%6, []string{"rate_limited", "server_error", "timeout_first_token"}[r.IntN(3)]))
	}
	c.Attempts = append(c.Attempts, attempt(target, "ok"))
	last := c.GetAttempts()[len(c.GetAttempts())-1]
	c.Provider, c.UpstreamModel = last.GetProvider(), last.GetModel()
	return c
}

// alikeCall is one of those of a single program: one API key, one group with one target.
func alikeCall(r *rand.Rand, n int, at time.Time) *nodev1.Call {
	c := busyCall(r, n, at)
	c.Group, c.Model, c.ApiKey, c.Provider, c.UpstreamModel = "group", "group", "key", "provider", "model"
	c.Attempts = c.Attempts[len(c.Attempts)-1:]
	c.Attempts[0].Provider, c.Attempts[0].Model = c.Provider, c.UpstreamModel
	return c
}

// cpuTime is what this process and the backends of its database have used.
func cpuTime(b *testing.B, s *DB) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	spent := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	rows, err := s.engine.Reader().QueryContext(b.Context(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database()`)
	if err != nil {
		return spent // SQLite, which is part of this process
	}
	defer rows.Close()
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			b.Fatal(err)
		}
		spent += backendTime(pid)
	}
	return spent
}

// backendTime is what Linux says of a process, in ticks of 10 ms.
func backendTime(pid int) time.Duration {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
