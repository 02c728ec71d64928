package wire

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// seeTyped looks at an event of a stream whose events say in "type" what they are.
func (i *Inspection) seeTyped(event, text []byte) Kind {
	typ := expect.Get(expect.View(text), "type").Str
	if typ == "" { // some tell it in the event's name alone
		if typ = i.Stream.known(sse.Name(event)); typ == "error" {
			return Failed
		}
	}
	if slices.Contains(i.Stream.Failed, typ) {
		i.seeUsage(text)
		return Failed
	}
	last := slices.Contains(i.Stream.Last, typ)
	if typ == "" || bytes.Contains(text, keyError) {
		if _, is := classify.ErrorBody(text, ""); is {
			return Failed
		}
	}
	// Other events repeat whole what came in pieces.
	switch {
	case strings.HasSuffix(typ, "delta"):
		i.Output += membersIn(text, i.Places, nil).output
	case i.Output == 0 && last:
		i.Output += membersOf(i.whole(text)).output
	}
	if last || bytes.Contains(text, keyUsage) {
		i.seeUsage(text)
	}
	filler := typ == "" || slices.Contains(i.Stream.Filler, typ)
	finishes := slices.Contains(i.Stream.Finish, typ)
	switch {
	case last:
		i.says(typ, text)
		i.Finished = true
		return Done
	case finishes && i.Stream.Reason != "":
		i.finish(gjson.GetBytes(text, i.Stream.Reason), func() bool { return false })
	case finishes:
		if i.Stream.Images {
			i.Images++
		}
		i.Finished = true
		i.says(typ, text)
	case filler:
		if i.Stream.Says != nil {
			i.says(typ, text)
		}
		return i.filler(typ, text)
	case strings.HasSuffix(typ, "delta"):
		if !i.typedOutput(text) {
			return Filler
		}
		i.Spoken = true
	default:
		i.says(typ, text)
	}
	i.Meaningful = true
	return Meaningful
}

// known is the name of an event where it is a type of the stream's; else empty.
func (s *Stream) known(name []byte) string {
	typ := string(name)
	if typ == "error" || strings.HasSuffix(typ, "delta") || slices.Contains(s.Filler, typ) || slices.Contains(s.Finish, typ) ||
		slices.Contains(s.Last, typ) || slices.Contains(s.Failed, typ) {
		return typ
	}
	return ""
}

// TypedData is the data of an event with its type in it, which some tell in the event's name alone.
func (s *Stream) TypedData(event, data []byte) []byte {
	if !s.Typed || expect.Get(expect.View(data), "type").Str != "" {
		return data
	}
	if name := sse.Name(event); len(name) > 0 {
		return insert(data, "type", string(name))
	}
	return data
}

// says notes whether an event other than a delta holds output.
func (i *Inspection) says(typ string, text []byte) {
	i.Spoken = i.Spoken || i.Stream.Says == nil || i.Stream.Says(typ, text)
}

// filler is what an event means that shows the user nothing.
func (i *Inspection) filler(typ string, text []byte) Kind {
	if i.id == "" && i.Stream.ID != "" {
		i.id = gjson.GetBytes(text, i.Stream.ID).String()
	}
	switch {
	case i.Meaningful:
		return Filler
	case i.Stream.Reasons != nil && i.Stream.Reasons(typ, text):
		return Reasoning
	case slices.Contains(i.Stream.Working, typ):
		return Working
	}
	return Filler
}

// whole is what the last event repeats of the output.
func (i *Inspection) whole(text []byte) []byte {
	if i.Stream.Whole == "" {
		return text
	}
	return []byte(gjson.GetBytes(text, i.Stream.Whole).Raw)
}

// typedOutput reports whether a delta carries anything, and keeps its text when failure
// keywords are looked for.
func (i *Inspection) typedOutput(text []byte) bool {
	if i.Watch != nil {
		for _, path := range i.Stream.Text {
			if s := gjson.GetBytes(text, path); s.Type == gjson.String {
				i.Keep(s.Str)
			}
		}
	}
	delta := expect.Get(expect.View(text), "delta")
	if !delta.IsObject() {
		return IsThere(delta) || IsThere(gjson.GetBytes(text, "audio"))
	}
	found := false
	expect.ForEach(delta, func(key string, value gjson.Result) bool {
		found = key != "type" && IsThere(value)
		return !found
	})
	return found
}
