package adminapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
)

// sums is one kind of sums: those over calls or those over attempts.
type sums[T any, P summed[T]] struct {
	stored func(context.Context, calllog.UsageQuery) ([]calllog.SumOf[T], error)
	now    func() time.Time
}

// summed is what one sum can do.
type summed[T any] interface {
	*T
	Add(*T)
	Subtract(*T)
	Size() int64 // how many calls or attempts it sums up
}

// read reads whole hours from the sums per hour, and the minutes before and after them
// from the sums per minute as far as those are kept.
func (s sums[T, P]) read(ctx context.Context, q calllog.UsageQuery) ([]calllog.SumOf[T], error) {
	from, to := ceil(q.From, time.Hour), q.To.Truncate(time.Hour)
	parts := []calllog.UsageQuery{q}
	switch oldest := s.now().Add(-calllog.KeepUsageMinutes); {
	case keyed(q) || q.Minutes || q.From.Equal(from) && q.To.Equal(to):
	case q.From.Before(oldest): // its minutes are gone
		parts[0].From, parts[0].To = q.From.Truncate(time.Hour), ceil(q.To, time.Hour)
	case !from.Before(to):
		parts[0].Minutes = true
	default:
		head, tail := q, q
		head.To, head.Minutes = from, true
		tail.From, tail.Minutes = to, true
		parts[0].From, parts[0].To = from, to
		parts = append(parts, head, tail)
	}
	var all []calllog.SumOf[T]
	for _, part := range parts {
		if !part.From.Before(part.To) {
			continue
		}
		found, err := s.stored(ctx, part)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// total adds sums up.
func total[T any, P summed[T]](all []calllog.SumOf[T]) *T {
	sum := new(T)
	for i := range all {
		P(sum).Add(&all[i].Total)
	}
	return sum
}

// valueOf and partOf are what sums are put together by.
func valueOf[T any](s *calllog.SumOf[T]) string { return s.Value }
func partOf[T any](s *calllog.SumOf[T]) string  { return s.Part }

// byValue adds the sums of each value up and puts them in order: what order says first, then
// the largest, then by value. The value is what of gives.
func byValue[T any, P summed[T]](all []calllog.SumOf[T], of func(*calllog.SumOf[T]) string, order func(a, b *T) int) []calllog.SumOf[T] {
	at := map[string]int{}
	var rows []calllog.SumOf[T]
	for i := range all {
		value := of(&all[i])
		if _, there := at[value]; !there {
			at[value] = len(rows)
			rows = append(rows, calllog.SumOf[T]{Value: value})
		}
		P(&rows[at[value]].Total).Add(&all[i].Total)
	}
	slices.SortFunc(rows, func(a, b calllog.SumOf[T]) int {
		return cmp.Or(order(&a.Total, &b.Total), cmp.Compare(P(&b.Total).Size(), P(&a.Total).Size()), cmp.Compare(a.Value, b.Value))
	})
	return rows
}

// breakdown is the largest values of a question, what each has in parts, and what the other values add up to.
type breakdown[T any] struct {
	rows       []calllog.SumOf[T] // in order
	parts      map[string][]calllog.SumOf[T]
	other      *T // nil: there are no others
	otherCount int
}

// breakDown reads the largest values of a question. Where it asks for times or parts, which are most of what is read, numbers
// alone say which values those are, and the others are what is left of everything.
func (s sums[T, P]) breakDown(ctx context.Context, q calllog.UsageQuery, limit int, order func(a, b *T) int) (breakdown[T], error) {
	ranking := q
	ranking.ThenBy, ranking.WithoutTimes = calllog.ByNothing, true
	all, err := s.read(ctx, ranking)
	if err != nil {
		return breakdown[T]{}, err
	}
	rows := byValue[T, P](all, valueOf, order)
	shown := min(len(rows), limit)
	found := breakdown[T]{rows: rows[:shown], otherCount: len(rows) - shown}
	if shown < len(rows) {
		found.other = total[T, P](rows[shown:])
	}
	if shown == 0 || q.ThenBy == calllog.ByNothing && q.WithoutTimes {
		return found, nil
	}
	top := q
	if found.other != nil {
		for _, row := range found.rows {
			top.Values = append(top.Values, row.Value)
		}
	}
	if all, err = s.read(ctx, top); err != nil {
		return breakdown[T]{}, err
	}
	if found.other != nil && !q.WithoutTimes {
		everything := q
		everything.By, everything.ThenBy = calllog.ByNothing, calllog.ByNothing
		read, err := s.read(ctx, everything) // after its parts: calls come in meanwhile
		if err != nil {
			return breakdown[T]{}, err
		}
		found.other = total[T, P](read)
		P(found.other).Subtract(total[T, P](all))
	}
	found.rows, found.parts = byValue[T, P](all, valueOf, order), map[string][]calllog.SumOf[T]{}
	if q.ThenBy != calllog.ByNothing {
		for _, sum := range all {
			found.parts[sum.Value] = append(found.parts[sum.Value], sum)
		}
	}
	return found, nil
}

// bySize leaves the order to byValue: the largest first.
func bySize[T any](_, _ *T) int { return 0 }
