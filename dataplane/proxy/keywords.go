package proxy

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
)

// keyword looks for failure keywords in a body and notes what it finds. It gives the first
// that moves the call on; nil when none does. Without keywords it costs nothing.
func (a *attempt) keyword(body []byte, lists ...[]*dataplane.Keyword) *dataplane.Keyword {
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
			if k.Match(text) && a.noteKeyword(k) && first == nil {
				first = k
			}
		}
	}
	return first
}

// streamKeyword notes the keywords that were found in the stream since the last event, and
// gives the first that moves the call on, if it still can.
func (a *attempt) streamKeyword(view *streamView) *dataplane.Keyword {
	var first *dataplane.Keyword
	for _, i := range view.Hits {
		if k := a.Keywords.Stream[i]; a.noteKeyword(k) && first == nil {
			first = k
		}
	}
	view.Hits = view.Hits[:0]
	return first
}

// noteKeyword counts a hit and writes it into the attempt's record, where a keyword that
// moves on comes before one that is only noted. It reports whether this one moves on.
func (a *attempt) noteKeyword(k *dataplane.Keyword) bool {
	a.call.h.cfg.KeywordHit(k.Name)
	if a.record.Keyword == "" || !k.LogOnly && !a.keywordMoves {
		a.record.Keyword = k.Name
	}
	a.keywordMoves = a.keywordMoves || !k.LogOnly
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
