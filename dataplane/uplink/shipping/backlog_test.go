package shipping

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func noTotals(t *testing.T) *overflow.Totals {
	t.Helper()
	totals, err := overflow.Open(overflow.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return totals
}

func fill(b *backlog, from, to int) {
	for i := from; i < to; i++ {
		b.add(&nodev1.Call{Id: fmt.Sprint(i)}, 100)
	}
}

func TestBatchWaitsForCompanyOrDelay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		calls int
		want  int
		after time.Duration
	}{
		{"one call waits the whole delay", 1, 1, time.Second},
		{"not enough wait too", batchCalls - 1, batchCalls - 1, time.Second},
		{"a full batch goes at once", batchCalls, batchCalls, 0},
		{"more than one batch goes at once", 3 * batchCalls, batchCalls, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBacklog(1<<20, 1<<30, nil, noTotals(t))
				began := time.Now()
				go func() {
					fill(b, 0, tt.calls)
				}()
				out, _ := b.next(t.Context(), batchCalls, time.Second, true, func() bool { return true })
				calls := out.calls
				if took := time.Since(began); len(calls) != tt.want || took != tt.after {
					t.Errorf("%d calls after %s, want %d after %s", len(calls), took, tt.want, tt.after)
				}
			})
		})
	}
}

func TestBatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if out, _ := newBacklog(1, 1, nil, noTotals(t)).next(ctx, batchCalls, time.Minute, true, func() bool { return true }); out.size() != 0 {
			t.Errorf("%d calls out of nothing", out.size())
		}
	})
}

func TestMarkClosesWhenWhatWasBeforeItIsSettled(t *testing.T) {
	t.Parallel()
	closed := func(c chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	b := newBacklog(100, 1<<20, nil, noTotals(t))
	empty, first, second := make(chan struct{}), make(chan struct{}), make(chan struct{})
	b.mark(empty)
	if !closed(empty) {
		t.Error("a mark with nothing before it must be closed at once")
	}
	fill(b, 0, 3)
	b.mark(first)
	fill(b, 3, 5)
	b.mark(second)
	b.settle(2)
	if closed(first) {
		t.Error("closed with one call outstanding")
	}
	b.settle(1)
	if !closed(first) || closed(second) {
		t.Errorf("after 3 of 5: first %v, second %v; want true, false", closed(first), closed(second))
	}
	b.settle(2)
	if !closed(second) || b.length() != 0 || b.bytes != 0 {
		t.Errorf("after all: second %v, %d calls, %d bytes", closed(second), b.length(), b.bytes)
	}
}

func TestHeadKeepsAnOversizedCallSendable(t *testing.T) {
	t.Parallel()
	b := newBacklog(100, 1<<30, nil, noTotals(t))
	b.add(&nodev1.Call{Id: "huge"}, 2*batchBytes)
	b.add(&nodev1.Call{Id: "small"}, 1)
	if out, _ := b.next(t.Context(), batchCalls, time.Hour, true, func() bool { return true }); len(out.calls) != 1 || out.calls[0].GetId() != "huge" {
		t.Errorf("batch %v, want the huge call alone", out.calls)
	}
}
