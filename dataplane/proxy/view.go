package proxy

import (
	"bytes"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
)

// eventKind is what an event means for the commit.
type eventKind uint8

const (
	eventFiller     eventKind = iota // comments, roles, lifecycle: nothing a user would see
	eventMeaningful                  // output, or the end of it
	eventHidden                      // a usage chunk the client did not ask for
	eventError
	eventDone
)

var (
	doneData  = []byte("[DONE]")
	doneEvent = []byte("data: [DONE]\n\n")

	keyError  = []byte(`"error"`)
	keyUsage  = []byte(`"usage"`)
	keyFinish = []byte(`"finish_reason"`)
)

// streamView is what has been seen of a stream so far. Behind the first meaningful event
// it searches bytes and decodes only what holds an error or the usage.
type streamView struct {
	kind       *streamKind
	parsed     int  // events that carried data
	content    int  // of these, meaningful ones: about one token each
	meaningful bool // output was seen
	finished   bool // a finish_reason was seen
	sentDone   bool
	sentError  bool
	usage      dataplane.Usage

	watch   *keyword.Watch // looks for failure keywords; nil: there are none
	hits    []int          // found and not yet looked at
	textLen int            // characters of output so far
}

// see looks at one event. hideUsage marks a usage chunk that only we asked for.
func (v *streamView) see(event []byte, hideUsage bool) eventKind {
	text, ok := data(event)
	if !ok || len(bytes.TrimSpace(text)) == 0 {
		return eventFiller
	}
	if bytes.Equal(bytes.TrimSpace(text), doneData) {
		if v.kind.typed && !v.finished {
			return eventFiller // the end has an event of its own
		}
		return eventDone
	}
	v.parsed++
	if v.kind.typed {
		return v.seeTyped(text)
	}
	has := keysOf(text)
	if has.err {
		if _, is := classify.ErrorBody(text, ""); is {
			return eventError
		}
	}
	if has.usage && v.seeUsage(text) && hideUsage && isUsageOnly(text) {
		return eventHidden
	}
	v.finished = v.finished || has.finish
	if v.meaningful && v.watch == nil {
		v.content++
		return eventMeaningful
	}
	if v.output(text) || v.finished {
		v.meaningful = true
		v.content++
		return eventMeaningful
	}
	return eventFiller
}

func (v *streamView) seeUsage(text []byte) bool {
	u, ok := usageOf(gjson.GetBytes(text, "usage"))
	if ok {
		v.usage = u
	}
	return ok
}

// isUsageOnly recognises the last chunk of include_usage: no choices.
func isUsageOnly(text []byte) bool {
	choices := gjson.GetBytes(text, "choices")
	return !choices.Exists() || choices.IsArray() && choices.Get("#").Int() == 0
}

// output reports whether a chunk carries output of any kind, and keeps its text when
// failure keywords are looked for.
func (v *streamView) output(text []byte) bool {
	found := false
	gjson.GetBytes(text, "choices").ForEach(func(_, choice gjson.Result) bool {
		delta := choice.Get("delta")
		for _, s := range [...]gjson.Result{
			delta.Get("content"), delta.Get("refusal"), delta.Get("reasoning_content"), delta.Get("reasoning"), choice.Get("text"),
		} {
			if s.Type == gjson.String && s.Str != "" {
				found = true
				v.keep(s.Str)
			} else if s.IsArray() && s.Get("#").Int() > 0 {
				found = true
			}
		}
		for _, part := range [...]gjson.Result{delta.Get("tool_calls"), delta.Get("function_call"), delta.Get("audio.data"), delta.Get("audio.transcript")} {
			found = found || isThere(part)
		}
		return true
	})
	return found
}

func isThere(r gjson.Result) bool {
	switch {
	case r.IsArray():
		return r.Get("#").Int() > 0
	case r.IsObject():
		return true
	}
	return r.Type == gjson.String && r.Str != ""
}

// keep looks for failure keywords in output.
func (v *streamView) keep(s string) {
	if v.watch == nil {
		return
	}
	v.textLen += utf8.RuneCountInString(s)
	v.watch.Add(s, func(i int) { v.hits = append(v.hits, i) })
}

// asEvent makes an event of a JSON body.
func asEvent(body []byte) []byte {
	body = bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\r' { // white space of JSON
			return ' '
		}
		return r
	}, body)
	event := make([]byte, 0, len(body)+8)
	event = append(event, "data: "...)
	event = append(event, body...)
	return append(event, "\n\n"...)
}
