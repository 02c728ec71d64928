package health_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// T-R5: Redis fails over to a replica. What was replicated stays; the last news may be
// lost, which costs no more than finding out again.
func TestRedisFailsOverToAReplica(t *testing.T) {
	t.Parallel()
	primary, replica := testenv.Redis(t), testenv.Redis(t)
	follower := operate(t, replica)
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := follower.ReplicaOf(t.Context(), host, port).Err(); err != nil {
		t.Fatal(err)
	}
	network := startProxy(t, primary.Addr)
	a, b := startPatient(t, network.url()), startPatient(t, network.url())
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	shares(t, a.node, b.node, "known")
	known := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "shared", Name: "known"}
	eventually(t, "the replica has it", func() bool {
		keys, err := follower.Keys(t.Context(), "*:scope:target:shared:known").Result()
		return err == nil && len(keys) == 1
	})
	// From here on the replica hears nothing, and becomes the primary all the same.
	if err := follower.ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	shares(t, a.node, b.node, "lost")
	lost := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "shared", Name: "lost"}
	primary.Kill(t)
	network.drop()
	a.requests(t)
	a.awaitState(t, "down")
	b.awaitState(t, "down")
	network.moved.Store(&replica.Addr)
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	for _, n := range []*patientNode{a, b} {
		n.Sync(t.Context())
		if s := n.Condition(known).State; s != dataplane.Open {
			t.Errorf("what the replica knew is %s", s)
		}
		n.wantTransitions(t, "up", "down", "up") // its memory is the same one: no flush
	}
	// What it did not know is closed, and is found out again by as few failures as before.
	eventually(t, "the lost cooldown is over", func() bool {
		return a.Condition(lost).State == dataplane.Closed && b.Condition(lost).State == dataplane.Closed
	})
	r := failure(lost, time.Now())
	for range 5 {
		b.Report(r)
	}
	eventually(t, "both skip it again", func() bool {
		return a.Condition(lost).State != dataplane.Closed && b.Condition(lost).State != dataplane.Closed
	})
}

// A replica that was not promoted takes no writes: nodes say so and go by themselves.
func TestRedisIsAReplica(t *testing.T) {
	t.Parallel()
	primary, replica := testenv.Redis(t), testenv.Redis(t)
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := operate(t, replica).ReplicaOf(t.Context(), host, port).Err(); err != nil {
		t.Fatal(err)
	}
	n := startPatient(t, replica.URL())
	eventually(t, "it is said", func() bool { return strings.Contains(n.log.String(), "Redis is unreachable") })
	if !strings.Contains(n.log.String(), "READONLY") {
		t.Errorf("the log does not say why:\n%s", n.log)
	}
	n.localTrip(t, "m")
	n.localProbe(t)
}
