package rollout

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// fleet is n nodes that serve a revision and have been up for a while.
func fleet(n int, applied uint64) map[string]*adminv1.Node {
	nodes := map[string]*adminv1.Node{}
	for i := range n {
		name := fmt.Sprintf("n%d", i)
		nodes[name] = &adminv1.Node{
			Name: name, Connected: true, BootId: "boot", AppliedRevision: applied, Uptime: durationpb.New(time.Minute), Requests: 100, FailedRequests: 1,
		}
	}
	return nodes
}

// at is the situation of revision 7, which changed something since base 5, in a fleet of n nodes at 5.
func at(n int) situation {
	return situation{
		policy:   controlplane.EffectiveRollout(&adminv1.Settings{Rollout: &adminv1.RolloutPolicy{Mode: "canary", CanaryNodes: []string{"n1"}}}),
		revision: 7, target: 7, nodes: fleet(n, 5), gone: map[string]time.Duration{}, settled: true, now: time.Unix(1000, 0),
	}
}

// applied lets the first node apply the target.
func (s situation) applied(name string) situation {
	s.nodes[name].AppliedRevision = uint64(s.target)
	return s
}

// pass lets every node report again after a while, with as many more requests and failures.
func (s situation) pass(d time.Duration, requests, failed map[string]int64) situation {
	for name, n := range s.nodes {
		n.Uptime = durationpb.New(n.GetUptime().AsDuration() + d)
		n.Requests += requests[name]
		n.FailedRequests += failed[name]
	}
	return s
}

// withholds lets a node say what it does not serve for lack of features.
func (s situation) withholds(name string, documents ...string) {
	s.nodes[name].RefusedDocuments = nil
	for _, d := range documents {
		kind, document, _ := strings.Cut(d, "/")
		s.nodes[name].RefusedDocuments = append(s.nodes[name].RefusedDocuments, &adminv1.RefusedDocument{Kind: kind, Name: document})
	}
}

func short(r Record) string {
	text := fmt.Sprintf("base %d %s %d %v", r.Base, r.Stage, r.Target, r.Nodes)
	if len(r.Lost) > 0 {
		text += fmt.Sprintf(" lost %v", r.Lost)
	}
	if r.Last != nil {
		text += fmt.Sprintf(" last %s %d", r.Last.Outcome, r.Last.Target)
	}
	return text
}

func want(t *testing.T, r Record, text, reason string) {
	t.Helper()
	if got := short(r); got != text || !strings.Contains(r.Reason, reason) || (reason == "") != (r.Reason == "") {
		t.Errorf("%s, reason %q; want %s, %q", got, r.Reason, text, reason)
	}
}

func TestAGoodChangeIsPromoted(t *testing.T) {
	t.Parallel()
	s := at(4)
	r := Record{Base: 5}.next(s)
	want(t, r, "base 5 applying 7 [n1]", "")
	want(t, r.next(s), "base 5 applying 7 [n1]", "")
	r = r.next(s.applied("n1"))
	want(t, r, "base 5 watching 7 [n1]", "")
	s = s.pass(14*time.Second, nil, nil)
	want(t, r.next(s), "base 5 watching 7 [n1]", "") // reports may be 5 s old
	s.revision = 9                                   // keys changed meanwhile
	r = r.next(s.pass(time.Second, nil, nil))
	want(t, r, "base 9  0 [] last promoted 7", "")
	s.target = 0
	want(t, r.next(s), "base 9  0 [] last promoted 7", "")
	s.revision = 200
	want(t, r.next(s), "base 200  0 [] last promoted 7", "")
}

func TestABadChangeIsHeld(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(s situation)
		reason string
	}{
		"refused":     {func(s situation) { s.nodes["n1"].Error = "revision 7: no" }, "node n1 refuses it: revision 7: no"},
		"a new start": {func(s situation) { s.nodes["n1"].BootId = "other" }, "started again"},
		"failures":    {func(s situation) { s.pass(0, map[string]int64{"n1": 10, "n2": 10}, map[string]int64{"n1": 3}) }, "3 of 10 requests failed on the first nodes, 0 of 10 on the others"},
		"failures twice as often": {func(s situation) {
			s.pass(0, map[string]int64{"n1": 10, "n2": 100}, map[string]int64{"n1": 5, "n2": 24})
		}, "5 of 10"},
		"two failures": {func(s situation) { s.pass(0, map[string]int64{"n1": 2}, map[string]int64{"n1": 2}) }, ""},
		"failures as everywhere": {func(s situation) {
			s.pass(0, map[string]int64{"n1": 10, "n2": 100}, map[string]int64{"n1": 5, "n2": 25})
		}, ""},
		"few of many":            {func(s situation) { s.pass(0, map[string]int64{"n1": 1000}, map[string]int64{"n1": 20}) }, ""},
		"an old refusal":         {func(s situation) { s.nodes["n1"].Error = "revision 6: no" }, ""},
		"a document withheld":    {func(s situation) { s.withholds("n1", "Provider/old", "Group/new") }, "node n1 does not serve Group/new: its build lacks"},
		"one withheld before":    {func(s situation) { s.withholds("n1", "Provider/old", "ApiKey/new") }, ""},
		"one withheld elsewhere": {func(s situation) { s.withholds("n2", "Group/new") }, ""},
		"failures elsewhere":     {func(s situation) { s.pass(0, map[string]int64{"n2": 10}, map[string]int64{"n2": 10}) }, ""},
		"another node's start":   {func(s situation) { s.nodes["n2"].BootId = "other" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := at(4)
			s.withholds("n1", "Provider/old")
			r := Record{Base: 5}.next(s)
			r = r.next(s.applied("n1"))
			tt.change(s)
			r = r.next(s)
			if tt.reason == "" {
				want(t, r, "base 5 watching 7 [n1]", "")
				return
			}
			want(t, r, "base 5 held 7 [n1]", tt.reason)
			if again := r.next(s.pass(time.Hour, nil, nil)); again.Stage != Held {
				t.Errorf("goes on by itself: %s", short(again))
			}
			s.target, s.revision = 8, 8 // somebody corrects it: that is tried in its place, on the same nodes
			s.nodes["n1"].Error = ""
			s.withholds("n1", "Provider/old")
			want(t, r.next(s), "base 5 applying 8 [n1]", "")
			s.target = 0 // or takes it back
			want(t, r.next(s), "base 8  0 [] last taken_back 7", "")
		})
	}
}

// What a node does not serve of a change is not taken for what it did not serve before when another one follows, when it
// begins to be watched, or when another node is replaced.
func TestWhatIsWithheldStaysWrong(t *testing.T) {
	t.Parallel()
	s := at(4)
	r := Record{Base: 5}.next(s).next(s.applied("n1"))
	s.withholds("n1", "Group/new")
	const why = "node n1 does not serve Group/new"
	r = r.next(s)
	want(t, r, "base 5 held 7 [n1]", why)
	s.target, s.revision = 8, 8 // nothing is better
	r = r.next(s)
	want(t, r, "base 5 applying 8 [n1]", "")
	want(t, r.next(s), "base 5 held 8 [n1]", why)
	s.withholds("n1")
	r = r.next(s.applied("n1"))
	want(t, r, "base 5 watching 8 [n1]", "")
	s.withholds("n1", "Group/new")
	want(t, r.next(s), "base 5 held 8 [n1]", why)

	s = at(5)
	s.policy.CanaryNodes = []string{"n1", "n2"}
	r = Record{Base: 5}.next(s)
	for _, name := range []string{"n1", "n2"} {
		s.nodes[name].Connected = false
	}
	s.gone["n2"] = lostTime
	r = r.next(s)
	s.nodes["n1"].Connected = true
	s.withholds("n1", "Group/new")
	if r = r.next(s.applied("n1")); r.Stage != Held || !strings.Contains(r.Reason, why) {
		t.Errorf("%s, reason %q", short(r), r.Reason)
	}
}

// A node that was lost and comes back is a first node all the while: what it does not serve of what was tried then is
// wrong when it tries the next change too.
func TestWhatALostNodeWithholdsStaysWrong(t *testing.T) {
	t.Parallel()
	s := at(5)
	s.withholds("n1", "Provider/old")
	r := Record{Base: 5}.next(s)
	s.nodes["n1"].Connected = false
	s.gone["n1"] = lostTime
	r = r.next(s)
	if !slices.Equal(r.Lost, []string{"n1"}) {
		t.Fatal(short(r))
	}
	for _, name := range r.Nodes {
		s.applied(name)
	}
	r = r.next(s)
	s.nodes["n1"].Connected = true // it gets what is tried, as one of the first
	delete(s.gone, "n1")
	s.withholds("n1", "Provider/old", "Group/new")
	s.target, s.revision = 8, 8
	r = r.next(s)
	if !slices.Contains(r.Nodes, "n1") {
		t.Fatal(short(r))
	}
	if r = r.next(s); r.Stage != Held || !strings.Contains(r.Reason, "node n1 does not serve Group/new") {
		t.Errorf("%s, reason %q", short(r), r.Reason)
	}
}

// A replica of the version before does not note what nodes do not serve: then nobody knows what they did not before.
func TestWhatWasWithheldBeforeAnUpgradeIsNotHeld(t *testing.T) {
	t.Parallel()
	s := at(4)
	s.withholds("n1", "Provider/old")
	begun := Record{Base: 5}.next(s)
	begun.Start = map[string]Report{}
	if err := json.Unmarshal([]byte(`{"n1":{"boot":"boot","uptime":60000000000,"requests":100,"failed":1}}`), &begun.Start); err != nil {
		t.Fatal(err)
	}
	s.applied("n1")
	watching := begun.next(s)
	want(t, watching, "base 5 watching 7 [n1]", "")
	want(t, watching.next(s), "base 5 watching 7 [n1]", "")

	// That there was nothing is known, also to those who read it.
	text, err := json.Marshal(Record{Base: 5}.next(at(4)))
	if err != nil {
		t.Fatal(err)
	}
	var read Record
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	want(t, read.next(s), "base 5 held 7 [n1]", "node n1 does not serve Provider/old")
}

func TestTheFirstNodesMustApplyItInTime(t *testing.T) {
	t.Parallel()
	s := at(4)
	r := Record{Base: 5}.next(s)
	s.waiting = applyTime
	want(t, r.next(s), "base 5 applying 7 [n1]", "")
	s.waiting++
	want(t, r.next(s), "base 5 held 7 [n1]", "have not applied it within 1m30s")
}

func TestALostNodeIsReplacedOnce(t *testing.T) {
	t.Parallel()
	s := at(4)
	r := Record{Base: 5}.next(s)
	r = r.next(s.applied("n1"))
	s.nodes["n1"].Connected = false
	s.gone["n1"] = lostTime - 1
	s.pass(time.Hour, nil, nil)
	want(t, r.next(s), "base 5 watching 7 [n1]", "") // nobody is promoted by a node that is not there
	s.gone["n1"] = lostTime
	r = r.next(s)
	if r.Stage != Applying || len(r.Nodes) != 1 || r.Nodes[0] == "n1" || r.Lost[0] != "n1" {
		t.Fatal(short(r))
	}
	if second := r.Nodes[0]; !r.first("n1") || !r.first(second) || r.first("n99") {
		t.Error("who was sent it keeps it, and nobody else gets it")
	}
	second := r.Nodes[0]
	s.nodes[second].Connected, s.gone[second] = false, lostTime
	want(t, r.next(s), "base 5 held 7 ["+second+"] lost [n1]", "as is n1")

	s = at(2)
	r = Record{Base: 5}.next(s)
	s.nodes["n1"].Connected, s.gone["n1"] = false, lostTime
	want(t, r.next(s), "base 5 held 7 [] lost [n1]", "no other node can try it")
}

func TestWhoIsFirst(t *testing.T) {
	t.Parallel()
	s := at(50)
	s.policy.CanaryNodes = nil
	seen := map[string]bool{}
	for target := controlplane.Revision(7); target < 60; target++ {
		s.target = target
		r := Record{Base: 5}.next(s)
		if len(r.Nodes) != 3 { // 5 % of 50, rounded up
			t.Fatal(short(r))
		}
		if again := (Record{Base: 5}).next(s); short(again) != short(r) {
			t.Errorf("replicas choose %v and %v", r.Nodes, again.Nodes)
		}
		for _, name := range r.Nodes {
			seen[name] = true
		}
	}
	if len(seen) < 40 {
		t.Errorf("of 50 nodes always the same %d are first", len(seen))
	}

	s.policy.CanaryNodes = []string{"gone", "n4"}
	want(t, Record{Base: 5}.next(s), "base 5 applying 59 [n4]", "")
	s.nodes["n4"].Connected = false
	if r := (Record{Base: 5}).next(s); len(r.Nodes) != 3 {
		t.Errorf("with no named node there: %s", short(r))
	}
	for name, n := range s.nodes {
		n.Draining = name != "n9" && name != "n8" && name != "n7"
	}
	for _, name := range (Record{Base: 5}).next(s).Nodes {
		if s.nodes[name].GetDraining() {
			t.Errorf("%s gets no clients and says nothing", name)
		}
	}
}

func TestWithoutTwoNodesNothingIsTried(t *testing.T) {
	t.Parallel()
	s := at(1)
	s.settled = false
	want(t, Record{Base: 5}.next(s), "base 5  0 []", "") // more may come
	s.settled = true
	want(t, Record{Base: 5}.next(s), "base 7  0 [] last promoted 7", "")
	s = at(2)
	s.policy.CanaryNodes = []string{"n0", "n1"}
	want(t, Record{Base: 5}.next(s), "base 7  0 [] last promoted 7", "")
	want(t, Record{}.next(s), "base 7  0 []", "") // changes are tried from here on
}

func TestWhatIsHeldReachesNobodyForWantOfNodesToTryTheNextOn(t *testing.T) {
	t.Parallel()
	// n1 had a bad change, and is gone; n0 must not get it with the next change.
	s := at(2)
	r := Record{Base: 5}.next(s)
	s.nodes["n1"].Error = "revision 7: no"
	r = r.next(s)
	want(t, r, "base 5 held 7 [n1]", "refuses it")
	s.nodes["n1"].Connected = false
	s.target, s.revision = 8, 8
	r = r.next(s)
	want(t, r, "base 5 held 8 [n1]", "fewer than two nodes are connected, and the change before was held: node n1 refuses it: revision 7: no")
	s.target, s.revision = 9, 9
	r = r.next(s)
	want(t, r, "base 5 held 9 [n1]", "fewer than two nodes are connected, and the change before was held: node n1 refuses it: revision 7: no")
	if strings.Count(r.Reason, "held") != 1 || r.first("n0") {
		t.Error(r.Reason, r.Nodes)
	}
	s.nodes["n1"].Connected, s.nodes["n1"].Error = true, ""
	s.target, s.revision = 10, 10
	want(t, r.next(s), "base 5 applying 10 [n1]", "")

	// Those that are left have the bad change; the one that is gone must not get it when it comes back.
	s = at(3)
	s.policy.CanaryNodes = []string{"n1", "n2"}
	r = Record{Base: 5}.next(s)
	s.nodes["n1"].Error = "revision 7: no"
	r = r.next(s)
	s.nodes["n0"].Connected = false
	s.target, s.revision = 8, 8
	want(t, r.next(s), "base 5 held 8 [n1 n2]", "every connected node is one of the first, and the change before was held")

	// n1 has a change that nobody has judged yet: it is waited for.
	s = at(2)
	r = Record{Base: 5}.next(s)
	s.nodes["n1"].Connected, s.gone["n1"] = false, lostTime-1
	s.target, s.revision = 8, 8
	want(t, r.next(s), "base 5 applying 7 [n1]", "")
	s.gone["n1"] = lostTime
	want(t, r.next(s), "base 5 held 8 [n1]", "node n1 is gone, which had the change before")
	// Where the other one is gone, n1 has all of it already.
	s.nodes["n1"].Connected, s.nodes["n0"].Connected = true, false
	want(t, r.next(s), "base 8  0 [] last promoted 8", "")
}

func TestNothingIsSentToAllBeforeNodesHadTheTimeToConnect(t *testing.T) {
	t.Parallel()
	s := at(2)
	s.policy.CanaryNodes, s.settled = []string{"n0", "n1", "n2"}, false
	want(t, Record{Base: 5}.next(s), "base 5  0 []", "")
	for name, n := range fleet(4, 5) {
		s.nodes[name] = n
	}
	want(t, Record{Base: 5}.next(s), "base 5 applying 7 [n0 n1 n2]", "")
}

func TestNodesThatConnectedAgainAreNotJudgedBeforeTheyReport(t *testing.T) {
	t.Parallel()
	s := at(4).applied("n1")
	silent := func(name string) (report func(uptime time.Duration, requests, failed int64)) {
		n := s.nodes[name]
		n.Uptime, n.Requests, n.FailedRequests = nil, 0, 0
		return func(uptime time.Duration, requests, failed int64) {
			n.Uptime, n.Requests, n.FailedRequests = durationpb.New(uptime), requests, failed
		}
	}
	n1, n2 := silent("n1"), silent("n2")
	r := Record{Base: 5}.next(s)
	r = r.next(s)
	want(t, r, "base 5 applying 7 [n1]", "")
	n1(time.Minute, 1000, 500)
	r = r.next(s)
	n2(time.Minute, 1000, 900) // long ago
	want(t, r.next(s), "base 5 watching 7 [n1]", "")
	if c := r.count(s.nodes); c.Failed != 0 || c.OtherFailed != 0 {
		t.Errorf("counts %v", c)
	}
	report := silent("n1")
	want(t, r.next(s), "base 5 watching 7 [n1]", "")
	report(2*time.Minute, 1010, 505)
	want(t, r.next(s), "base 5 held 7 [n1]", "5 of 10 requests failed on the first nodes, 0 of 0")
}

func TestNamedNodesAreNotJoinedByOthers(t *testing.T) {
	t.Parallel()
	s := at(50) // 5 % would be 3
	r := Record{Base: 5}.next(s)
	s.target, s.revision = 8, 8
	want(t, r.next(s), "base 5 applying 8 [n1]", "")
}

func TestALostNodeIsReplacedBesideOthers(t *testing.T) {
	t.Parallel()
	s := at(5)
	s.policy.CanaryNodes = []string{"n1", "n2"}
	r := Record{Base: 5}.next(s)
	s.nodes["n1"].Connected, s.gone["n1"] = false, lostTime
	r = r.next(s)
	if r.Stage != Applying || len(r.Nodes) != 2 || r.Nodes[0] != "n2" || r.Nodes[1] == "n1" || len(r.Lost) != 1 {
		t.Error(short(r))
	}
}

func TestAnotherChangeIsTriedInTurn(t *testing.T) {
	t.Parallel()
	s := at(4)
	r := Record{Base: 5}.next(s)
	r = r.next(s.applied("n1"))
	s.target, s.revision = 8, 8
	s.pass(time.Hour, nil, nil)
	r = r.next(s)
	want(t, r, "base 5 applying 8 [n1]", "")
	r = r.next(s.applied("n1"))
	want(t, r, "base 5 watching 8 [n1]", "")
	s.policy.CanaryNodes = []string{"n3"} // the one that has it keeps it
	s.target, s.revision = 9, 9
	want(t, r.next(s), "base 5 applying 9 [n1 n3]", "")
}
