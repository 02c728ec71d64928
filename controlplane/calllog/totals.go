package calllog

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// IngestTotals adds sums of calls that a node could not keep to usage, each once, and
// stores the gaps in its records. It returns after the commit. What cannot be stored
// whatever the node does is put aside and returned as rejected, and holds up nothing else.
func (l *Log) IngestTotals(ctx context.Context, node string, totals []*nodev1.Total, gaps []*nodev1.Gap) ([]*nodev1.RejectedCall, error) {
	if n := max(len(totals), len(gaps)); n > MaxBatch {
		return nil, errs.Newf(errs.InvalidArgument, "a batch holds %d totals or gaps, at most %d are allowed", n, MaxBatch)
	}
	now := l.cfg.Now()
	aside := &aside{node: node, at: now}
	goodTotals, goodGaps := make([]*nodev1.Total, 0, len(totals)), make([]*nodev1.Gap, 0, len(gaps))
	for _, t := range totals {
		if reason := checkTotal(t, now); reason != "" {
			aside.add(RefusedTotal, t, reason)
			continue
		}
		goodTotals = append(goodTotals, t)
	}
	for _, g := range gaps {
		if reason := checkGap(g, now); reason != "" {
			aside.add(RefusedGap, g, reason)
			continue
		}
		g.Reason = text(g.GetReason(), maxName)
		goodGaps = append(goodGaps, g)
	}
	refused, err := l.cfg.Gaps.InsertTotals(ctx, node, goodTotals, goodGaps)
	if err != nil {
		return nil, err
	}
	reasons := reasonsOf(refused)
	for _, t := range goodTotals {
		if reason, ok := reasons[t.GetId()]; ok {
			aside.add(RefusedTotal, t, reason)
		}
	}
	for _, g := range goodGaps {
		if reason, ok := reasons[g.GetId()]; ok {
			aside.add(RefusedGap, g, reason)
		}
	}
	if err := l.putAside(ctx, aside); err != nil {
		return nil, err
	}
	for _, t := range goodTotals {
		if _, no := reasons[t.GetId()]; !no {
			l.summed.Add(t.GetCalls())
		}
	}
	return aside.rejected, nil
}

// Receipt says what was stored of a node last; nil when that is nothing. A node that has a newer
// receipt shows that the database was set back: the gap is stored and returned. One that this control
// plane cannot have given, for its time, says nothing: records must not wait for a clock.
func (l *Log) Receipt(ctx context.Context, node string, newest *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap, error) {
	if newest != nil && (newest.GetNumber() > maxReceipt || checkIdentity(uuid.Nil.String(), newest.GetStoredUs(), l.cfg.Now()) != "") {
		newest = nil
	}
	return l.cfg.Gaps.Receipt(ctx, node, newest)
}

// maxReceipt bounds what nodes say of receipts: what databases can count.
const maxReceipt = 1 << 62

// checkTotal says why a total cannot be stored; empty when it can.
func checkTotal(t *nodev1.Total, now time.Time) string {
	if reason := cmp.Or(checkIdentity(t.GetId(), t.GetStartUs(), now), checkSize(t)); reason != "" {
		return reason
	}
	if _, _, err := usage.FromTotal(t); err != nil {
		return "it is no sum of calls: " + err.Error()
	}
	return ""
}

func checkGap(g *nodev1.Gap, now time.Time) string {
	if reason := checkIdentity(g.GetId(), g.GetFromUs(), now); reason != "" {
		return reason
	}
	if reason := cmp.Or(checkIdentity(g.GetId(), g.GetToUs(), now), checkSize(g)); reason != "" {
		return reason
	}
	if g.GetToUs() < g.GetFromUs() || g.GetCalls() < 0 || g.GetCalls() == 0 && g.GetReason() != GapKilled {
		return "it is no gap: it ends before it begins, or nothing is missing"
	}
	return ""
}

// checkIdentity checks what makes a record the same record.
func checkIdentity(raw string, us int64, now time.Time) string {
	id, err := uuid.Parse(raw)
	if err != nil || id.String() != raw {
		return "the id is not a UUID in its usual lower-case form"
	}
	start := time.UnixMicro(us)
	if start.Before(earliest) {
		return "it started before 2024: the node's clock is wrong"
	}
	if start.After(now.Add(maxAhead)) {
		return "it started more than three days from now: the node's clock is wrong"
	}
	return ""
}

// maxRecord bounds a record that is kept, in bytes: pages of them are read into memory.
// The largest call, of texts as long as may be, has two thirds of that.
const maxRecord = 256 << 10

// checkSize refuses what only fields that we do not know can have made so large.
func checkSize(m proto.Message) string {
	if n := proto.Size(m); n > maxRecord {
		return fmt.Sprintf("it has %d bytes, more than %d", n, maxRecord)
	}
	return ""
}

// aside is what is put aside of one batch.
type aside struct {
	node     string
	at       time.Time
	records  []Refused
	rejected []*nodev1.RejectedCall
}

func (a *aside) add(kind RefusedKind, m interface {
	proto.Message
	GetId() string
}, reason string) {
	record, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		record = nil // text that is not UTF-8: the reason says so
	}
	if len(record) > maxRecord {
		record, reason = nil, fmt.Sprintf("%s; its %d bytes are not kept", reason, len(record))
	}
	a.records = append(a.records, Refused{
		ID: m.GetId(), Kind: kind, Node: a.node, At: a.at, Reason: reason, Record: record,
	})
	a.rejected = append(a.rejected, &nodev1.RejectedCall{Id: text(m.GetId(), maxName), Reason: reason})
}

// putAside keeps what was refused before the node hears of it and forgets it.
func (l *Log) putAside(ctx context.Context, a *aside) error {
	if len(a.records) == 0 {
		return nil
	}
	if err := l.cfg.Gaps.PutAside(ctx, a.records); err != nil {
		return err
	}
	l.refused.Add(int64(len(a.records)))
	return nil
}

func reasonsOf(rejected []*nodev1.RejectedCall) map[string]string {
	reasons := make(map[string]string, len(rejected))
	for _, r := range rejected {
		reasons[r.GetId()] = r.GetReason()
	}
	return reasons
}

// Stored is how many calls were new to this replica.
func (l *Log) Stored() int64 { return l.stored.Load() }

// Summed is how many calls came to this replica in sums only, those sent twice included.
func (l *Log) Summed() int64 { return l.summed.Load() }

// Refused is how many records this replica has put aside, those sent twice included.
func (l *Log) Refused() int64 { return l.refused.Load() }

// expireTotals is one round for totals, gaps and what was put aside: they are kept as long
// as calls are.
func (l *Log) expireTotals(ctx context.Context) {
	keep, known := l.keep()
	if !known {
		return
	}
	for {
		more, err := l.cfg.Gaps.DeleteTotalsBefore(ctx, l.cfg.Now().Add(-keep), chunk)
		if err != nil {
			if ctx.Err() == nil {
				l.cfg.Logger.Error("failed to delete old totals of unrecorded calls", "error", err)
			}
			return
		}
		if !more || !sleep(ctx, breath) {
			return
		}
	}
}
