package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// callFilters compares lists with what a loop over the calls finds, for filters and
// positions by chance.
func callFilters(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := newestFirst(makeCalls(500))
	r := rand.New(rand.NewPCG(7, 8))
	for i, c := range calls {
		if i%3 == 0 {
			c.ClientRequestId, c.User = fmt.Sprintf("client-%d", i%30), []string{"ann", "ANN", "50%"}[r.IntN(3)]
			c.Metadata = map[string]string{"team": []string{"search", "s_arch", "mail"}[r.IntN(3)], "env": "prod"}
		}
		if i%5 == 0 {
			c.TraceId = fmt.Sprintf("%032x", i%20)
		}
		if i%4 == 0 {
			c.IncomingRequestId = fmt.Sprintf("client-%d", i%20)
		}
		c.UpstreamModel, c.Stream, c.DurationUs = []string{"m1", "m2", ""}[r.IntN(3)], r.IntN(2) == 0, r.Int64N(4_000_000)
	}
	insertAll(t, s, calls)
	maybe := func(of ...string) string {
		if r.IntN(2) == 0 {
			return ""
		}
		return of[r.IntN(len(of))]
	}
	hits := 0
	for range 300 {
		f := calllog.Filter{
			Group: maybe("g1", "g2", "g3", "nobody"), Provider: maybe("p1", "p2", "p3", "p4", "nobody"), APIKey: maybe("k1", "k2"),
			Outcome: maybe("ok", "rate_limited"), Status: []int{0, 0, 0, 200, 429, 500}[r.IntN(6)], Limit: 1 + r.IntN(50),
		}
		if r.IntN(4) == 0 {
			f.Model, f.Node = maybe("m1", "m2", "nobody"), maybe("node-1", "node-1", "node-2")
		}
		if r.IntN(4) == 0 {
			stream := r.IntN(2) == 0
			f.Stream, f.MinDuration = &stream, time.Duration(r.IntN(3))*time.Second
		}
		if r.IntN(3) == 0 {
			f.Failed, f.FailedOver = r.IntN(2) == 0, r.IntN(2) == 0
		}
		if r.IntN(4) == 0 {
			f.ClientRequestID = maybe("client-0", "client-12", "client-x")
			f.User, f.Metadata = maybe("ann", "5%", "50%"), maybe("team", "team=search", "team=s_arch", "tea", "env=prod", "env=pro")
		}
		if r.IntN(8) == 0 {
			f.TraceID = fmt.Sprintf("%032x", r.IntN(4)*5)
		}
		if r.IntN(4) == 0 {
			f.AttemptOutcome = maybe("ok", "rate_limited", "server_error")
		}
		if r.IntN(4) == 0 {
			f.MinCost = calls[r.IntN(len(calls))].GetCost() // met by that call exactly
		}
		if r.IntN(20) == 0 {
			f.ID = calls[r.IntN(len(calls))].GetId()
		}
		if r.IntN(3) == 0 {
			f.From = epoch.Add(time.Duration(r.IntN(500)) * time.Millisecond)
		}
		if r.IntN(3) == 0 {
			f.To = epoch.Add(time.Duration(r.IntN(500)) * time.Millisecond)
		}
		if r.IntN(3) == 0 {
			f.After = positionOf(calllog.Call{Call: calls[r.IntN(len(calls))]})
		}
		var want []*nodev1.Call
		for _, c := range calls {
			if matches(f, c) && len(want) < f.Limit {
				want = append(want, c)
			}
		}
		got, err := s.ListCalls(t.Context(), f)
		must(t, err)
		wantCalls(t, fmt.Sprintf("filter %+v", f), got, want)
		for _, c := range calls {
			g := f
			g.After = calllog.Position{}
			if m := matches(g, c); m != g.Matches(calllog.Call{Node: "node-1", Call: c}) {
				t.Fatalf("filter %+v: Matches says %t of %v", f, !m, c)
			}
		}
		hits += len(want)
	}
	if hits < 500 {
		t.Errorf("the filters found %d calls in all: too few to mean anything", hits)
	}
}

// said reports whether metadata has a key, or key=value.
func said(metadata map[string]string, want string) bool {
	key, value, pair := strings.Cut(want, "=")
	have, ok := metadata[key]
	return ok && (!pair || have == value)
}

func matches(f calllog.Filter, c *nodev1.Call) bool {
	start := time.UnixMicro(c.GetStartUs())
	after := f.After == calllog.Position{} || c.GetStartUs() < f.After.StartUS ||
		c.GetStartUs() == f.After.StartUS && c.GetId() < f.After.ID
	return after &&
		(f.Group == "" || f.Group == c.GetGroup()) &&
		(f.ClientRequestID == "" || f.ClientRequestID == c.GetClientRequestId() || f.ClientRequestID == c.GetIncomingRequestId()) &&
		(f.TraceID == "" || f.TraceID == c.GetTraceId()) &&
		(f.User == "" || f.User == c.GetUser()) && (f.Metadata == "" || said(c.GetMetadata(), f.Metadata)) &&
		(f.Provider == "" || hasAttempt(c, f.Provider, "")) &&
		(f.AttemptOutcome == "" || hasAttempt(c, f.Provider, f.AttemptOutcome)) &&
		(f.APIKey == "" || f.APIKey == c.GetApiKey()) &&
		(f.Outcome == "" || f.Outcome == c.GetOutcome()) &&
		(f.ID == "" || f.ID == c.GetId()) &&
		(f.Model == "" || f.Model == c.GetUpstreamModel()) &&
		(f.Node == "" || f.Node == "node-1") &&
		(f.Stream == nil || *f.Stream == c.GetStream()) &&
		time.Duration(c.GetDurationUs())*time.Microsecond >= f.MinDuration &&
		(!f.Failed || c.GetOutcome() != "ok") &&
		(!f.FailedOver || len(c.GetAttempts()) > 1) &&
		c.GetCost() >= f.MinCost &&
		(f.Status == 0 || f.Status == int(c.GetStatus())) &&
		(f.From.IsZero() || !start.Before(f.From)) &&
		(f.To.IsZero() || start.Before(f.To))
}

func hasAttempt(c *nodev1.Call, provider, outcome string) bool {
	return slices.ContainsFunc(c.GetAttempts(), func(a *nodev1.Attempt) bool {
		return (provider == "" || a.GetProvider() == provider) && (outcome == "" || a.GetOutcome() == outcome)
	})
}

func withProvider(calls []*nodev1.Call, provider string) []*nodev1.Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c *nodev1.Call) bool { return !hasAttempt(c, provider, "") })
}
