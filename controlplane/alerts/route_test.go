package alerts

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	cooldown := &adminv1.Alert{Event: EventCooldown, Provider: "p", Groups: []string{"g", "h"}}
	node := &adminv1.Alert{Event: EventNodeLost, Node: "n"}
	group := &adminv1.Alert{Event: EventGroupUnavailable, Group: "g"}
	for name, tt := range map[string]struct {
		doc  *adminv1.AlertChannel
		want []bool // cooldown, node, group
	}{
		"everything":            {&adminv1.AlertChannel{}, []bool{true, true, true}},
		"one event":             {&adminv1.AlertChannel{Events: []string{EventNodeLost}}, []bool{false, true, false}},
		"its provider":          {&adminv1.AlertChannel{Providers: []string{"x", "p"}}, []bool{true, true, true}},
		"another provider":      {&adminv1.AlertChannel{Providers: []string{"x"}}, []bool{false, true, true}},
		"a group of its":        {&adminv1.AlertChannel{Groups: []string{"h"}}, []bool{true, true, false}},
		"another group":         {&adminv1.AlertChannel{Groups: []string{"x"}}, []bool{false, true, false}},
		"group but no provider": {&adminv1.AlertChannel{Groups: []string{"g"}, Providers: []string{"x"}}, []bool{false, true, true}},
	} {
		c := channel{doc: tt.doc}
		if got := []bool{c.wants(cooldown), c.wants(node), c.wants(group)}; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// Whoever was told that an alert fires, and nobody else, is told that it is over.
func TestResolvedArePaired(t *testing.T) {
	t.Parallel()
	quiet := &adminv1.AlertChannel{SendResolved: proto.Bool(false)}
	old, fresh := channel{uid: "old", doc: &adminv1.AlertChannel{}}, channel{uid: "fresh", doc: &adminv1.AlertChannel{}}
	c := change{Tracked{Event: EventDrift, Alert: &adminv1.Alert{Event: EventDrift, State: adminv1.AlertState_ALERT_STATE_FIRING}}, true}
	told := func(all ...channel) string { return fmt.Sprint(uids(c.route(all))) }
	if got := told(old, channel{uid: "quiet", doc: quiet}); got != "[old quiet]" {
		t.Errorf("firing: %s", got)
	}
	c.Alert = &adminv1.Alert{Event: EventDrift, State: adminv1.AlertState_ALERT_STATE_RESOLVED}
	if got := told(old, fresh, channel{uid: "quiet", doc: quiet}); got != "[old]" {
		t.Errorf("resolved: %s", got)
	}
	c.tell = false
	if got := told(old, fresh); got != "[]" {
		t.Errorf("a change that nobody is told of: %s", got)
	}
}

func uids(all []channel) (uids []string) {
	for _, c := range all {
		uids = append(uids, c.uid)
	}
	return uids
}

func TestDigest(t *testing.T) {
	t.Parallel()
	alert := func(id string, state adminv1.AlertState) Notice {
		return Notice{Alert: &adminv1.Alert{Id: id, State: state}}
	}
	const firing, over = adminv1.AlertState_ALERT_STATE_FIRING, adminv1.AlertState_ALERT_STATE_RESOLVED
	got, omitted := digest([]Notice{alert("a", firing), alert("b", over), alert("c", firing), alert("a", over), alert("c", firing)})
	var text []string
	for _, a := range got {
		text = append(text, a.GetId()+" "+stateName(a))
	}
	if want := []string{"c firing", "a resolved", "b resolved"}; !slices.Equal(text, want) || omitted != 0 {
		t.Errorf("%q and %d more, want %q", text, omitted, want)
	}
	var many []Notice
	for n := range 60 {
		many = append(many, alert(fmt.Sprint(n), firing))
	}
	if got, omitted := digest(many); len(got) != mostAlerts || omitted != 10 {
		t.Errorf("%d and %d more", len(got), omitted)
	}
}
