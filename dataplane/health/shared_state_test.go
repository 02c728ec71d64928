package health

import (
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestScopeKeys(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, names := range [][2]string{{"p", "m"}, {"p:m", ""}, {"p", "m:x"}, {"p:m", "x"}, {"a b", "c/d%3A"}, {"{x}", "ü\n"}, {"", ""}} {
		for _, kind := range []dataplane.ScopeKind{dataplane.ScopeTarget, dataplane.ScopeProvider, dataplane.ScopeCredential} {
			s := dataplane.Scope{Kind: kind, Provider: names[0], Name: names[1]}
			key := scopeKey(s)
			if got, ok := parseScope(key); !ok || got != s || seen[key] {
				t.Errorf("%+v -> %q -> %+v, %v (seen before: %v)", s, key, got, ok, seen[key])
			}
			seen[key] = true
		}
	}
	for _, key := range []string{"", "target", "none:p", "test:abc", "target:a:b:c", "target:%zz", "target:a:%zz"} {
		if s, ok := parseScope(key); ok {
			t.Errorf("%q gave %+v", key, s)
		}
	}
}

func TestRecordsOfOtherVersionsAreReadWithCare(t *testing.T) {
	t.Parallel()
	began := time.Unix(1000, 0)
	st, err := unpack("5000 9000 2 3 1 1 6000 7 brand_new_reason and_more", 4000, began)
	if err != nil || !st.open || st.level != 2 || st.openings != 3 || !st.probeFailed || !st.early || st.threshold != 7 {
		t.Errorf("%+v, %v", st, err)
	}
	if d := st.until.Sub(began); d != time.Second {
		t.Errorf("until %v after, want the second that was left by Redis' clock", d)
	}
	for _, bad := range []string{"1 2 3", "x 9000 2 3 1 1 6000 7 busy", "1.5 9000 2 3 1 1 6000 7 busy"} {
		if _, err := unpack(bad, 0, began); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if st, err := unpack("", 0, began); err != nil || st.open {
		t.Errorf("an empty record is %+v, %v; want closed", st, err)
	}
	for name, reply := range map[string][]any{"nothing": nil, "text": {"a", "b"}, "numbers": {int64(1), int64(2)}, "odd": {int64(1), "e", "k"}} {
		if _, _, _, err := refreshReply(reply); err == nil {
			t.Errorf("refresh: %s was read", name)
		}
		if _, err := reportReply(reply, began); err == nil {
			t.Errorf("report: %s was read", name)
		}
		if _, _, err := probeReply(reply); err == nil {
			t.Errorf("probe: %s was read", name)
		}
	}
}
