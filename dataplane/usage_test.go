package dataplane

import (
	"reflect"
	"testing"
)

// Every number is added, also one that comes later.
func TestUsageAddsUp(t *testing.T) {
	t.Parallel()
	var one, sum Usage
	fields := reflect.ValueOf(&one).Elem()
	for i := range fields.NumField() {
		if f := fields.Field(i); f.CanInt() {
			f.SetInt(int64(i + 1))
		}
	}
	one.ServiceTier, one.Source = "flex", UsageEstimated
	sum.Add(one)
	sum.Add(one)
	sum.Add(Usage{Source: UsageUpstream})
	for i := range fields.NumField() {
		name, got := reflect.TypeFor[Usage]().Field(i).Name, reflect.ValueOf(sum).Field(i)
		if got.CanInt() && got.Int() != 2*int64(i+1) {
			t.Errorf("%s is %d, want %d", name, got.Int(), 2*(i+1))
		}
	}
	if sum.ServiceTier != "flex" || sum.Source != UsageEstimated {
		t.Errorf("tier %q, source %v", sum.ServiceTier, sum.Source)
	}
}
