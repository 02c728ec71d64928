package wire

import (
	"bytes"
	"cmp"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// Kind is what an event means for the commit.
type Kind uint8

// The kinds of event.
const (
	Filler     Kind = iota // comments, roles, pings: nothing a user would see
	Working                // nor this, but the model works on the answer
	Reasoning              // nor this, but the model reasons
	Meaningful             // output, or the end of it
	Hidden                 // a usage chunk the client did not ask for
	Failed                 // an error
	Done                   // the end
)

var (
	keyError = []byte(`"error"`)
	keyUsage = []byte(`"usage"`)
	// keyUsageMetadata is Google's.
	keyUsageMetadata = []byte(`"usageMetadata"`)
	// keyTimings is llama.cpp's.
	keyTimings = []byte(`"timings"`)

	keyService = []byte(`"service_tier"`)
)

// Inspection is what has been seen of a stream so far. Behind the first meaningful event
// it searches bytes and decodes only what holds an error or the usage.
type Inspection struct {
	Stream     *Stream
	Events     int               // that carried data
	Output     int64             // bytes of output text, of reasoning and of what tools are called with
	Meaningful bool              // output was seen, or the end of it
	Spoken     bool              // output was seen
	Finished   bool              // a finish_reason was seen
	Limited    bool              // and it was not the model's own end
	Failure    dataplane.Verdict // what the finish_reason says; OK: nothing bad
	Broken     bool              // and no finish_reason tells the client so
	Usage      dataplane.Usage
	Images     int64 // that are whole

	around frame        // of events
	id     string       // of the answer, where Stream says where that is
	told   usageMembers // what Usage is made of
	toldAt int64        // Output when usage was told last
	aside  bool         // it was told in places that count only where there is no usage

	Places  *Spoken        // where the output of the last event is; nil: nobody needs it
	Watch   *keyword.Watch // looks for failure keywords; nil: there are none
	Hits    []int          // found and not yet looked at
	TextLen int            // characters of output so far
}

// See looks at one event. hideUsage marks a usage chunk that only we asked for.
func (i *Inspection) See(event []byte, hideUsage bool) Kind {
	if i.Places != nil {
		i.Places.reset()
	}
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
		return i.seeTyped(event, text)
	}
	has := membersIn(text, i.Places, &i.around)
	i.Output += has.output
	if has.service && !i.Meaningful {
		i.told.service = cmp.Or(i.serviceIn(text), i.told.service)
	}
	told := has.usage && i.seeUsage(text)
	if has.err || !has.filled {
		if _, is := classify.ErrorBody(text, ""); is || !has.filled && sse.Named(event, "error") {
			return Failed
		}
	}
	if told && hideUsage && i.Stream.UsageOnly != nil && i.Stream.UsageOnly(text) {
		return Hidden
	}
	if has.finish {
		i.finish(gjson.GetBytes(text, cmp.Or(i.Stream.Reason, "choices.#.finish_reason")), func() bool { return i.Stream.Output(text, new(Inspection)) })
	}
	if has.native {
		i.nativeFinish(text)
	}
	if i.Spoken && i.Watch == nil {
		return Meaningful
	}
	said := i.Stream.Output(text, i)
	i.Spoken = i.Spoken || said
	if said || i.Finished {
		i.Meaningful = true
		return Meaningful
	}
	return Filler
}

// Place is where the next event stands.
func (i *Inspection) Place() Place { return Place{Events: i.Events, ID: i.id} }

// Empty reports whether the answer is whole and says nothing, and neither a limit nor a filter
// is why.
func (i *Inspection) Empty() bool { return i.Finished && !i.Spoken && !i.Limited }

// finish notes that the answer is whole, and whether its reason is a failure. output tells
// whether the last event holds any.
func (i *Inspection) finish(reasons gjson.Result, output func() bool) {
	i.Finished = true
	i.Limited = i.Limited || !EndedByItself(reasons)
	if v, failed := ending(reasons, func() bool { return i.Meaningful || output() }); failed {
		i.Failure = v
	}
}

// seeUsage takes in the usage of an event, and reports whether there is a usage object.
func (i *Inspection) seeUsage(text []byte) (found bool) {
	for _, path := range i.Stream.Usage {
		u := gjson.GetBytes(text, path)
		if !u.IsObject() {
			continue
		}
		found = true
		later := usageMembersOf(u)
		if later == (usageMembers{}) {
			continue
		}
		if i.aside {
			if told, _ := later.usage(); told.Input+told.Output == 0 {
				continue // it counts nothing
			}
			i.told, i.aside = usageMembers{service: i.told.service}, false
		}
		i.takeUsage(&later, text)
	}
	if i.Usage.Source == dataplane.UsageUpstream && !i.aside && i.Usage.Input+i.Usage.Output > 0 {
		return found
	}
	if m, is := usageElsewhere(text); is {
		i.aside = true
		i.takeUsage(&m, text)
	}
	return found
}

func (i *Inspection) takeUsage(later *usageMembers, event []byte) {
	later.service = cmp.Or(later.service, i.serviceIn(event))
	i.told.merge(later)
	if told, ok := i.told.usage(); ok {
		i.Usage, i.toldAt = told, i.Output
	}
}

// Behind looks for the usage in an event that stands behind the end.
func (i *Inspection) Behind(event []byte) {
	if text, ok := sse.Data(event); ok && gjson.ValidBytes(text) {
		i.seeUsage(text)
	}
}

// serviceIn is the service tier that an event tells beside its usage.
func (i *Inspection) serviceIn(text []byte) string {
	if i.Stream.Service == "" || !bytes.Contains(text, keyService) {
		return ""
	}
	return usage.ServiceTier(gjson.GetBytes(text, i.Stream.Service).Str)
}

// Spent is the usage that a stream told. Output behind it, as in a stream that was cut, is
// counted in by its bytes.
func (i *Inspection) Spent() dataplane.Usage {
	u := i.Usage
	if since := i.Output - i.toldAt; u.Source == dataplane.UsageUpstream && since > 0 {
		u.Output, u.Source = u.Output+TokensIn(since), dataplane.UsageEstimated
	}
	u.Images, u.ServiceTier = i.Images, i.told.service
	return u
}

// TokensIn guesses how many tokens so many bytes of text are: four bytes to a token.
func TokensIn(bytes int64) int64 { return (bytes + 3) / 4 }

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
