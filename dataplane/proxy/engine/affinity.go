package engine

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/affinity"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

// stickiness ties a call of a sticky group to the member and the credential that its conversation belongs
// to, or to where a failover has taken it (package affinity).
type stickiness struct {
	session  routing.Session // zero: nothing told which conversation it is
	home     dataplane.Candidate
	homeWell bool           // it, and the conversation's own credential there
	held     affinity.Place // zero: none holds
	isHeld   bool           // somewhere, though perhaps not well there
	first    *dataplane.Target
}

// sticky begins the affinity of a call, and notes what told which conversation it belongs to.
func (c *call) sticky() *stickiness {
	r := c.req
	body := r.Body.JSON
	if r.Body.Form != nil {
		body = nil
	}
	s := &stickiness{}
	s.session, c.rec.Affinity.Key = affinity.SessionOf(r.Key.Name, r.HTTP.Header, &r.Envelope, body)
	return s
}

// arrange puts the candidate in front that holds the conversation, if it is well; all were ordered for
// the conversation.
func (a *stickiness) arrange(c *call, all []dataplane.Candidate) {
	if len(all) == 0 {
		return
	}
	health := c.engine.cfg.Health
	a.home = dataplane.Home(all)
	a.homeWell = !a.home.Cooling && !a.home.HalfOpen
	if own := a.home.Provider.OwnCredential(a.session); own != nil && a.homeWell {
		a.homeWell = health.Condition(own.Scope).State == dataplane.Closed
	}
	held, ok := c.engine.holds.Of(c.conversation(a), c.engine.cfg.Now())
	if a.isHeld = ok; !ok {
		return
	}
	for i, m := range all {
		if m.Scope == held.Target && !m.Cooling && !m.HalfOpen {
			copy(all[1:i+1], all[:i])
			all[0] = m
			a.held, c.rec.Affinity.Held = held, true
			return
		}
	}
}

// credentials appends the provider's credentials to buf, in the order in which the conversation uses
// them.
func (a *stickiness) credentials(buf []*dataplane.Credential, p *dataplane.Provider) []*dataplane.Credential {
	buf = p.OwnCredentials(buf, a.session)
	if a.held.Target.Provider != p.Name {
		return buf
	}
	for i, c := range buf {
		if c.Name == a.held.Credential {
			copy(buf[1:i+1], buf[:i])
			buf[0] = c
			break
		}
	}
	return buf
}

// isAt reports whether an attempt is where the conversation belongs, or is held.
func (a *stickiness) isAt(by *attempt) bool {
	switch {
	case a == nil || a.session == 0:
		return false
	case a.held != affinity.Place{}:
		return a.held.Target == by.Scope && (by.credential == nil || a.held.Credential == by.credential.Name)
	}
	return a.home.Target == by.Target && by.credential == by.Provider.OwnCredential(a.session)
}

// stay keeps in mind where a conversation was answered that does not belong there, so that it stays
// for a while: what its beginning left in a prompt cache is there now. What answers beside a slow home,
// or because
// the client named it or a response that is stored there, or since home does not serve such calls, takes
// nothing over. The caller holds the lock of what attempts share.
func (c *call) stay(a *attempt) {
	s := c.affinity
	if s == nil || s.session == 0 || a.hedge || c.req.Options.Provider != "" || c.req.Followed != nil {
		return
	}
	own := a.Provider.OwnCredential(s.session)
	if a.Target == s.home.Target && a.credential == own {
		if s.isHeld {
			c.engine.holds.Drop(c.conversation(s))
		}
		return
	}
	if c.unconfirmed.lacks(s.home.Target) {
		return
	}
	here := affinity.Place{Target: a.Scope}
	if a.credential != nil {
		here.Credential = a.credential.Name
	}
	here.Until = s.held.Until
	switch {
	case s.homeWell && here == s.held: // nothing new: it ends when it was to
		return
	case s.homeWell && a.Target == s.first && a.credential == own && s.held == (affinity.Place{}): // it was the first that could
		return
	}
	here.Until = c.engine.cfg.Now().Add(c.req.policy().AffinityHold)
	c.engine.holds.Put(c.conversation(s), here, c.engine.cfg.Now())
}

// conversation is under what name a call's conversation is held.
func (c *call) conversation(a *stickiness) affinity.Conversation {
	return affinity.Conversation{Group: c.req.Group.Name, Key: c.req.Key.Name, Session: a.session}
}
