// Package affinity tells which conversation a request of a sticky group belongs to, and remembers where a
// failover has taken it.
package affinity

import (
	"net/http"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

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

// SessionOf tells which conversation a request with a key belongs to, and by what. Its body is nil where
// it is a form. Names that clients give are one and the same wherever they stand, since clients do not
// send all of them each time.
func SessionOf(key string, h http.Header, envelope *wire.Envelope, body []byte) (routing.Session, dataplane.AffinityKey) {
	if name := sessionHeader(h); name != "" {
		return routing.NamedSession(key, name), dataplane.SessionHeader
	}
	if body == nil {
		return 0, dataplane.NoSession
	}
	if name := envelope.PromptCacheKey(body); name != "" {
		return routing.NamedSession(key, name), dataplane.PromptCacheKey
	}
	if name := envelope.ClaudeSession(body); name != "" {
		return routing.NamedSession(key, name), dataplane.ClientMetadata
	}
	if name := envelope.ConversationID(body); name != "" {
		return routing.NamedSession(key, name), dataplane.ConversationID
	}
	opening := routing.NewSessionHash(key)
	if envelope.Opening(body, opening.Write) {
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
