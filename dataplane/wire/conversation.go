package wire

import (
	"errors"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// conversation is where a request says to which conversation it belongs, and how that began.
type conversation struct {
	cacheKey, id, system, turns place // values; empty: absent
}

func (c *conversation) note(endpoint *Endpoint, key []byte, value scan.Span) {
	switch string(key) {
	case "prompt_cache_key":
		c.cacheKey = placeOf(value)
	case "conversation":
		c.id = placeOf(value)
	case endpoint.Turns:
		c.turns = placeOf(value)
	case endpoint.System:
		c.system = placeOf(value)
	}
}

// PromptCacheKey is the request's prompt_cache_key; empty: it has none.
func (e *Envelope) PromptCacheKey(body []byte) string { return text(body, e.conv.cacheKey.span()) }

// ConversationID is the request's conversation, or the id in it; empty: it has none.
func (e *Envelope) ConversationID(body []byte) string {
	at := e.conv.id.span()
	if at.End > 0 && body[at.Start] == '{' {
		return gjson.GetBytes(body[at.Start:at.End], "id").Str
	}
	return text(body, at)
}

// claudeMark stands before the session in what older versions of Claude Code send as user_id.
const claudeMark = "_session_"

// ClaudeSession is the session in metadata.user_id as Claude Code sends it: user_..._session_ID, or
// since version 2.1 a JSON object in which it is session_id. Empty: there is none. A user_id that
// names a user says nothing about conversations.
func (e *Envelope) ClaudeSession(body []byte) string {
	at := e.said.metadata.span()
	if at.End == 0 || body[at.Start] != '{' {
		return ""
	}
	user := gjson.GetBytes(body[at.Start:at.End], "user_id").Str
	if strings.HasPrefix(user, "{") {
		return gjson.Get(user, "session_id").Str
	}
	if i := strings.LastIndex(user, claudeMark); i >= 0 {
		return user[i+len(claudeMark):]
	}
	return ""
}

// maxOpening is how many bytes are read of how a conversation began: of each part, no more than that.
const maxOpening = 64 << 10

var errUser = errors.New("a message of a user")

// Opening gives the parts of how a conversation began, the same at each of its turns: the system
// prompt and all up to the first message of the user. Only what is said counts: one and the same
// message may come as a text or as a list with one text, and marks of what is to be cached move from
// message to message. It reports whether there is a message of a user.
func (e *Envelope) Opening(body []byte, part func([]byte)) bool {
	turns := e.conv.turns.span()
	if turns.End == 0 {
		return false
	}
	contents(body, e.conv.system.span(), part)
	if body[turns.Start] == '"' {
		contents(body, turns, part)
		return turns.End-turns.Start > len(`""`)
	}
	s := scan.Inside(body, turns)
	if !s.OpenArray() {
		return false
	}
	err := s.Elements(func(message scan.Span) error {
		isUser, named, content := false, false, scan.Span{}
		m := scan.Inside(body, message)
		if !m.Open() {
			return nil
		}
		err := m.Members(func(key []byte, value scan.Span) error {
			switch string(key) {
			case "role":
				isUser, named = string(body[value.Start:value.End]) == `"user"`, true
			case "content":
				content = value
			case "parts": // Google's, where a user need not be named
				isUser, content = isUser || !named, value
			}
			return nil
		})
		if err != nil {
			return err
		}
		contents(body, content, part)
		if isUser {
			return errUser
		}
		return nil
	})
	return errors.Is(err, errUser)
}

// contents gives the parts of what one message says: a text, or a list of blocks.
func contents(body []byte, at scan.Span, part func([]byte)) {
	give := func(at scan.Span) { part(body[at.Start:min(at.End, at.Start+maxOpening)]) }
	if at.End == 0 {
		return
	}
	s := scan.Inside(body, at)
	if !s.OpenArray() {
		give(at)
		return
	}
	_ = s.Elements(func(block scan.Span) error { // the body was found to be JSON
		b := scan.Inside(body, block)
		if !b.Open() {
			give(block)
			return nil
		}
		return b.Members(func(key []byte, value scan.Span) error {
			if k := string(key); k != "type" && k != "cache_control" {
				give(value)
			}
			return nil
		})
	})
}
