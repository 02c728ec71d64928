package ledger

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// grace is what a killed node may lose: 20 ms of calls, and what the machine stalls.
const grace = 300 * time.Millisecond

// audit is the outcome of comparing the books.
type audit struct {
	served   int // requests the upstream answered
	answered int // answers that clients have read to their end
	rows     int // calls in the log
	folded   int64
	inRing   int // answered, not in the log, at most grace before their node was killed
	lost     int // answered, not in the log, otherwise
	wrong    int // rows that differ from what the client was answered
	unserved int // rows or answers that the upstream knows nothing of
	drifts   int // sums of usage that differ from the calls
	total    usage.Sum
	answers  usage.Cost // what the answers cost, by the price list
}

// compare reads the database, the upstream's record and the clients' answers. Run it when
// everything is shipped and the load has ended.
func (f *fleet) compare(t *testing.T, answers []answer) audit {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: f.database, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := audit{answered: len(answers)}
	served := f.served(t)
	a.served = len(served)
	rows := everyCall(t, store.NewCalls(db))
	a.rows = len(rows)
	rowCost := usage.Cost{}
	for _, row := range rows {
		rowCost = rowCost.Plus(usage.CostOfPico(row.GetCost()))
	}
	matched := 0
	for _, line := range answers {
		a.answers = a.answers.Plus(usage.CostOfPico(costOf(line)))
		if !served[line.upstream] {
			a.unserved++
		}
		row, ok := rows[line.id]
		switch {
		case !ok && f.mayBeInRing(line):
			a.inRing++
			continue
		case !ok:
			a.lost++
			continue
		}
		matched++
		if row.GetCost() != costOf(line) || row.GetUsage().GetInputTokens() != line.usage.Input ||
			row.GetUsage().GetCachedInputTokens() != line.usage.Details.Cached || row.GetUsage().GetOutputTokens() != line.usage.Output {
			if a.wrong++; a.wrong < 5 {
				t.Logf("row %v, answered %+v", row.Call, line)
			}
		}
	}
	// Rows of calls whose clients were cut off: the upstream has seen as many at least.
	if others := a.rows - matched; others > a.served-a.answered+a.unserved {
		a.unserved += others - (a.served - a.answered)
	}
	a.drifts = verify(t, store.NewUsage(db))
	sums, err := store.NewUsage(db).Usage(t.Context(), calllog.UsageQuery{From: time.Now().Add(-48 * time.Hour), To: time.Now().Add(48 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sums {
		a.total.Add(&s.Total)
	}
	a.folded = a.total.Calls - int64(a.rows)
	if a.folded == 0 && a.total.Cost != rowCost {
		t.Errorf("usage says %s USD, the calls cost %s USD", a.total.Cost, rowCost)
	}
	return a
}

// mayBeInRing reports whether the node was killed so soon after an answer that its record
// may not have been written yet.
func (f *fleet) mayBeInRing(line answer) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, kill := range f.kills[line.node] {
		if before := kill.Sub(line.at); before > -grace && before < grace {
			return true
		}
	}
	return false
}

// report shows the figures.
func (a audit) report(t *testing.T) {
	t.Helper()
	t.Logf("upstream served %d, clients were answered %d, rows %d, folded %d; lost in rings of killed nodes %d, lost otherwise %d, "+
		"wrong %d, unknown to the upstream %d, drift %d; usage: %d calls, %s USD, %d output tokens",
		a.served, a.answered, a.rows, a.folded, a.inRing, a.lost, a.wrong, a.unserved, a.drifts, a.total.Calls, a.total.Cost, a.total.OutputTokens)
}

// everyCall pages through the log; a call that is there twice fails the test.
func everyCall(t *testing.T, db calllog.Store) map[string]calllog.Call {
	t.Helper()
	all := map[string]calllog.Call{}
	var after calllog.Position
	for {
		page, err := db.ListCalls(t.Context(), calllog.Filter{After: after, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			if _, twice := all[c.GetId()]; twice {
				t.Errorf("call %s is stored twice", c.GetId())
			}
			all[c.GetId()] = c
			after = calllog.Position{StartUS: c.GetStartUs(), ID: c.GetId()}
		}
		if len(page) < 1000 {
			return all
		}
	}
}

// verify compares every hour that can have calls, and every day that ends with one.
func verify(t *testing.T, db calllog.UsageStore) (drifts int) {
	t.Helper()
	hour := time.Now().UTC().Truncate(time.Hour)
	for at := hour.Add(-26 * time.Hour); at.Before(hour.Add(26 * time.Hour)); at = at.Add(time.Hour) {
		found, err := db.VerifyUsage(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range found[:min(len(found), 3)] {
			t.Logf("drift in %s of %s, %+v: %d calls stored, %d counted", d.Table, d.Bucket, d.Key, d.Stored.Calls, d.Counted.Calls)
		}
		drifts += len(found)
	}
	return drifts
}

// served is the upstream's own record, by the id of its answers: those that it sent to the end.
func (f *fleet) served(t *testing.T) map[string]bool {
	t.Helper()
	resp, err := http.Get(strings.TrimSuffix(f.up.Address("api"), "/v1") + "/_served")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		Served []struct {
			RequestID string `json:"request_id"`
			Ended     string `json:"ended"`
		} `json:"served"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool, len(got.Served))
	for _, s := range got.Served {
		ids[s.RequestID] = true
	}
	return ids
}

// metrics are a node's, labels summed up.
func metrics(t *testing.T, p *program.Process) map[string]float64 {
	t.Helper()
	resp, err := http.Get(p.Address("ops") + "/metrics")
	if err != nil {
		return nil // it says nothing while it is down
	}
	defer resp.Body.Close()
	all := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(name, "#") || !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "{")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] += n
		}
	}
	return all
}
