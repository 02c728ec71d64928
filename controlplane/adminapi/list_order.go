package adminapi

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// position is where a resource stands in an order: by a time, then by its name.
type position struct {
	value int64 // 0 in the order of names
	name  string
}

// order is how a list is ordered.
type order struct {
	value   func(*controlplane.Resource) int64
	byName  bool
	reverse bool
}

// compare orders two positions. What has the same time is in name order either way.
func (o order) compare(a, b position) int {
	switch {
	case o.reverse && o.byName:
		return cmp.Compare(b.name, a.name)
	case o.reverse:
		return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.name, b.name))
	}
	return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.name, b.name))
}

// order reads what a request says of the order: a field, and " desc" behind it to turn it round.
func (l listing[T]) order(text string) (order, error) {
	field, reverse := strings.CutSuffix(text, " desc")
	o := order{reverse: reverse}
	if o.value, o.byName = l.field(strings.TrimSpace(field)); o.value != nil && text != " desc" {
		return o, nil
	}
	fields := append([]string{"name", "create_time", "update_time"}, slices.Sorted(maps.Keys(l.times))...)
	return order{}, errs.Invalid(errs.Violation{
		Field:       "order_by",
		Description: "must be one of " + strings.Join(fields, ", ") + `, with " desc" behind it to turn the order round`,
	})
}

// field gives the time that a field orders by; nil when it orders nothing.
func (l listing[T]) field(name string) (value func(*controlplane.Resource) int64, byName bool) {
	switch name {
	case "", "name":
		return func(*controlplane.Resource) int64 { return 0 }, true
	case "create_time":
		return func(r *controlplane.Resource) int64 { return r.CreatedAt.UnixMicro() }, false
	case "update_time":
		return func(r *controlplane.Resource) int64 { return r.UpdatedAt.UnixMicro() }, false
	}
	if of, ok := l.times[name]; ok {
		return func(r *controlplane.Resource) int64 { return of(r.Spec.(T)) }, false
	}
	return nil, false
}

// orNever is the time in microseconds; one that is not set is later than all others.
func orNever(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return math.MaxInt64
	}
	return t.AsTime().UnixMicro()
}
