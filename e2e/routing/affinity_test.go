package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/routing"
	"github.com/trunkline-ai/trunkline/dataplane"
	domain "github.com/trunkline-ai/trunkline/internal/domain/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// What is explained of a conversation is where its calls go: the whole order, the one that serves, and
// the credential there.
func TestExplainAgreesWithConversations(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	moved, credentials := 0, 0
	for i := range 1500 {
		e := explain(t, newWorld(r, "sticky"))
		session := domain.NamedSession("app", fmt.Sprint("s", i))
		route := routing.NewView(e.config, e.reported()).ExplainCall(e.group, routing.Call{Session: session})
		var shown, did []string
		for _, c := range route.GetCandidates() {
			shown = append(shown, c.GetProvider()+"/"+c.GetModel())
		}
		if e.node == nil {
			continue
		}
		order := e.node.Order(nil, e.look, e.IntN, session)
		for _, c := range order {
			did = append(did, name(c))
		}
		if !slices.Equal(shown, did) {
			t.Fatalf("explained %v, tried %v", shown, did)
		}
		serving := adminv1.CandidateRole_CANDIDATE_ROLE_SERVING
		at := slices.IndexFunc(order, func(c dataplane.Candidate) bool { return !c.Cooling && !c.HalfOpen })
		for n, c := range route.GetCandidates() {
			if is := c.GetRole() == serving; is != (n == at) || is != (c.GetShare() == 1) {
				t.Fatalf("candidate %d of %v is %s with a share of %v, want the one at %d to serve", n, shown, c.GetRole(), c.GetShare(), at)
			}
		}
		if at >= 0 {
			if want := e.credential(order[at].Provider, session); route.GetCandidates()[at].GetCredential() != want {
				t.Fatalf("explained with credential %q, want %q", route.GetCandidates()[at].GetCredential(), want)
			} else if want != "" {
				credentials++
			}
			if home := dataplane.Home(order); name(home) != did[at] {
				moved++
			}
		}
	}
	if moved < 100 || credentials < 100 {
		t.Errorf("only %d conversations were not at home, %d used a credential", moved, credentials)
	}
}

// credential is the one that a node picks for a conversation.
func (e *explained) credential(p *dataplane.Provider, session domain.Session) string {
	for _, c := range p.OwnCredentials(nil, session) {
		if e.look(c.Scope).State == dataplane.Closed {
			return c.Name
		}
	}
	return ""
}
