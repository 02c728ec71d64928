package engine

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
)

// keywordSearch is what one attempt has found of failure keywords.
type keywordSearch struct {
	hit   func(name string) // learns of each
	name  string            // for the record: one that moves on before one that is only noted
	moves bool              // that one moves the call on
}

// in looks for failure keywords in a body and notes what it finds. It gives the first
// that moves the call on; nil when none does. Without keywords it costs nothing.
func (s *keywordSearch) in(body []byte, lists ...[]*dataplane.Keyword) *dataplane.Keyword {
	var first *dataplane.Keyword
	var text string
	for i, list := range lists {
		for _, k := range list {
			if i > 0 && slices.Contains(lists[i-1], k) {
				continue // looked for already
			}
			if text == "" {
				if text = keyword.Text(body); text == "" {
					return nil
				}
			}
			if k.Match(text) && s.note(k) && first == nil {
				first = k
			}
		}
	}
	return first
}

// inStream notes the keywords that were found in the stream since the last event, and gives
// the first that moves the call on, if it still can.
func (s *keywordSearch) inStream(seen *wire.Inspection, all []*dataplane.Keyword) *dataplane.Keyword {
	var first *dataplane.Keyword
	for _, i := range seen.Hits {
		if k := all[i]; s.note(k) && first == nil {
			first = k
		}
	}
	seen.Hits = seen.Hits[:0]
	return first
}

// note counts a hit and reports whether it moves the call on.
func (s *keywordSearch) note(k *dataplane.Keyword) bool {
	s.hit(k.Name)
	if s.name == "" || !k.LogOnly && !s.moves {
		s.name = k.Name
	}
	s.moves = s.moves || !k.LogOnly
	return !k.LogOnly
}

func keywordVerdict(k *dataplane.Keyword) dataplane.Verdict {
	v := dataplane.Verdict{Outcome: dataplane.FailureKeyword, Reason: "failure keyword " + k.Name}
	if k.Count {
		v.Scope = dataplane.ScopeTarget
	}
	return v
}

// keywordInError keeps what the error says by itself, for people who look for the cause.
func keywordInError(k *dataplane.Keyword, inner dataplane.Verdict) dataplane.Verdict {
	v := keywordVerdict(k)
	if inner.Reason != "" {
		v.Reason += ": " + inner.Reason
	}
	return v
}
