package engine

import (
	"net/http"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

// affinity ties a call of a sticky group to the member and the credential that its conversation belongs
// to, or to where a failover has taken it (holds.go).
type affinity struct {
	session  routing.Session // zero: nothing told which conversation it is
	home     dataplane.Candidate
	homeWell bool      // it, and the conversation's own credential there
	held     heldPlace // zero: none holds
	isHeld   bool      // somewhere, though perhaps not well there
	first    *dataplane.Target
}

// sessionHeaders are headers in which clients name their session, the first one that is sent counts:
// our own and OpenRouter's, then those of Claude Code, Codex (newer and older ones), OpenCode, LiteLLM,
// Helicone and xAI's clients. They mean nothing else and go nowhere.
var sessionHeaders = []string{
	"X-Session-Id", "X-Claude-Code-Session-Id", "Session-Id", "Session_id", "Conversation-Id", "Conversation_id", "Thread-Id",
	"X-Opencode-Session", "X-Session-Affinity", "X-Litellm-Session-Id", "Helicone-Session-Id", "X-Grok-Conv-Id",
}

// IsSessionHeader recognises a header, in canonical form, in which clients name their session.
func IsSessionHeader(name string) bool {
	for _, h := range sessionHeaders {
		if name == h {
			return true
		}
	}
	return false
}

// sticky begins the affinity of a call, and notes what told which conversation it belongs to.
func (c *call) sticky() *affinity {
	a := &affinity{}
	a.session, c.rec.Affinity.Key = c.session()
	return a
}

// session tells which conversation the request belongs to, and by what. Names that clients give are one
// and the same wherever they stand, since clients do not send all of them each time.
func (c *call) session() (routing.Session, dataplane.AffinityKey) {
	r, key := c.req, c.req.Key.Name
	if name := sessionHeader(r.HTTP.Header); name != "" {
		return routing.NamedSession(key, name), dataplane.SessionHeader
	}
	if r.Body.Form != nil {
		return 0, dataplane.NoSession
	}
	if name := r.Envelope.PromptCacheKey(r.Body.JSON); name != "" {
		return routing.NamedSession(key, name), dataplane.PromptCacheKey
	}
	if name := r.Envelope.ClaudeSession(r.Body.JSON); name != "" {
		return routing.NamedSession(key, name), dataplane.ClientMetadata
	}
	if name := r.Envelope.ConversationID(r.Body.JSON); name != "" {
		return routing.NamedSession(key, name), dataplane.ConversationID
	}
	opening := routing.NewSessionHash(key)
	if r.Envelope.Opening(r.Body.JSON, opening.Write) {
		return opening.Sum(), dataplane.FirstMessage
	}
	return 0, dataplane.NoSession
}

func sessionHeader(h http.Header) string {
	for _, name := range sessionHeaders {
		if values := h[name]; len(values) > 0 {
			if value := strings.TrimSpace(values[0]); value != "" {
				return value
			}
		}
	}
	return ""
}

// arrange puts the candidate in front that holds the conversation, if it is well; all were ordered for
// the conversation.
func (a *affinity) arrange(c *call, all []dataplane.Candidate) {
	if len(all) == 0 {
		return
	}
	health := c.engine.cfg.Health
	a.home = dataplane.Home(all)
	a.homeWell = !a.home.Cooling && !a.home.HalfOpen
	if own := a.home.Provider.OwnCredential(a.session); own != nil && a.homeWell {
		a.homeWell = health.Condition(own.Scope).State == dataplane.Closed
	}
	held, ok := c.engine.holds.of(c.conversation(a), c.engine.cfg.Now())
	if a.isHeld = ok; !ok {
		return
	}
	for i, m := range all {
		if m.Scope == held.target && !m.Cooling && !m.HalfOpen {
			copy(all[1:i+1], all[:i])
			all[0] = m
			a.held, c.rec.Affinity.Held = held, true
			return
		}
	}
}

// credentials appends the provider's credentials to buf, in the order in which the conversation uses
// them.
func (a *affinity) credentials(buf []*dataplane.Credential, p *dataplane.Provider) []*dataplane.Credential {
	buf = p.OwnCredentials(buf, a.session)
	if a.held.target.Provider != p.Name {
		return buf
	}
	for i, c := range buf {
		if c.Name == a.held.credential {
			copy(buf[1:i+1], buf[:i])
			buf[0] = c
			break
		}
	}
	return buf
}

// stay keeps in mind where a conversation was answered that does not belong there, so that it stays
// for a while: what its beginning left in a prompt cache is there now. What answers beside a slow home,
// or because the client named it or a
// response that is stored there, or since home does not serve such calls, takes nothing over. The caller
// holds the lock of what attempts share.
func (c *call) stay(a *attempt) {
	s := c.affinity
	if s == nil || s.session == 0 || a.hedge || c.req.Options.Provider != "" || c.req.Followed != nil {
		return
	}
	own := a.Provider.OwnCredential(s.session)
	if a.Target == s.home.Target && a.credential == own {
		if s.isHeld {
			c.engine.holds.drop(c.conversation(s))
		}
		return
	}
	if c.shared.lacks(s.home.Target) {
		return
	}
	here := heldPlace{target: a.Scope}
	if a.credential != nil {
		here.credential = a.credential.Name
	}
	here.until = s.held.until
	switch {
	case s.homeWell && here == s.held: // nothing new: it ends when it was to
		return
	case s.homeWell && a.Target == s.first && a.credential == own && s.held == (heldPlace{}): // it was the first that could
		return
	}
	here.until = c.engine.cfg.Now().Add(c.req.policy().AffinityHold)
	c.engine.holds.put(c.conversation(s), here, c.engine.cfg.Now())
}

// conversation is under what name a call's conversation is held.
func (c *call) conversation(a *affinity) conversation {
	return conversation{group: c.req.Group.Name, key: c.req.Key.Name, session: a.session}
}
