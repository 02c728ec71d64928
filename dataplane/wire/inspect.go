package wire

import (
	"bytes"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
)

// Kind is what an event means for the commit.
type Kind uint8

// The kinds of event.
const (
	Filler     Kind = iota // comments, roles, lifecycle: nothing a user would see
	Meaningful             // output, or the end of it
	Hidden                 // a usage chunk the client did not ask for
	Failed                 // an error
	Done                   // the end
)

var (
	keyError  = []byte(`"error"`)
	keyUsage  = []byte(`"usage"`)
	keyFinish = []byte(`"finish_reason"`)
)

// Inspection is what has been seen of a stream so far. Behind the first meaningful event
// it searches bytes and decodes only what holds an error or the usage.
type Inspection struct {
	Stream     *Stream
	Events     int  // that carried data
	Content    int  // of these, meaningful ones: about one token each
	Meaningful bool // output was seen
	Finished   bool // a finish_reason was seen
	Usage      dataplane.Usage

	Watch   *keyword.Watch // looks for failure keywords; nil: there are none
	Hits    []int          // found and not yet looked at
	TextLen int            // characters of output so far
}

// See looks at one event. hideUsage marks a usage chunk that only we asked for.
func (i *Inspection) See(event []byte, hideUsage bool) Kind {
	text, ok := sse.Data(event)
	if !ok || len(bytes.TrimSpace(text)) == 0 {
		return Filler
	}
	if bytes.Equal(bytes.TrimSpace(text), sse.Done) {
		if i.Stream.Typed && !i.Finished {
			return Filler // the end has an event of its own
		}
		return Done
	}
	i.Events++
	if i.Stream.Typed {
		return i.seeTyped(text)
	}
	has := membersOf(text)
	if has.err {
		if _, is := classify.ErrorBody(text, ""); is {
			return Failed
		}
	}
	if has.usage && i.seeUsage(text) && hideUsage && i.Stream.UsageOnly(text) {
		return Hidden
	}
	i.Finished = i.Finished || has.finish
	if i.Meaningful && i.Watch == nil {
		i.Content++
		return Meaningful
	}
	if i.Stream.Output(text, i) || i.Finished {
		i.Meaningful = true
		i.Content++
		return Meaningful
	}
	return Filler
}

func (i *Inspection) seeUsage(text []byte) bool {
	u, ok := UsageOf(gjson.GetBytes(text, "usage"))
	if ok {
		i.Usage = u
	}
	return ok
}

// IsThere reports whether a value says anything: no empty list and no empty text.
func IsThere(r gjson.Result) bool {
	switch {
	case r.IsArray():
		return r.Get("#").Int() > 0
	case r.IsObject():
		return true
	}
	return r.Type == gjson.String && r.Str != ""
}

// Keep looks for failure keywords in a piece of output.
func (i *Inspection) Keep(s string) {
	if i.Watch == nil {
		return
	}
	i.TextLen += utf8.RuneCountInString(s)
	i.Watch.Add(s, func(hit int) { i.Hits = append(i.Hits, hit) })
}
