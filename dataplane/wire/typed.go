package wire

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
)

// seeTyped looks at an event of a stream whose events say in "type" what they are.
func (i *Inspection) seeTyped(event, text []byte) Kind {
	typ := gjson.GetBytes(text, "type").Str
	if slices.Contains(i.Stream.Failed, typ) {
		return Failed
	}
	if typ == "" || bytes.Contains(text, keyError) {
		if _, is := classify.ErrorBody(text, ""); is || typ == "" && sse.Named(event, "error") {
			return Failed
		}
	}
	// Other events repeat whole what came in pieces.
	if strings.HasSuffix(typ, "delta") || i.Output == 0 && slices.Contains(i.Stream.Last, typ) {
		i.Output += membersOf(text).output
	}
	if bytes.Contains(text, keyUsage) {
		i.seeUsage(text)
	}
	switch {
	case slices.Contains(i.Stream.Last, typ):
		i.Finished = true
		return Done
	case slices.Contains(i.Stream.Finish, typ):
		i.finish(gjson.GetBytes(text, i.Stream.Reason), func() bool { return false })
	case typ == "" || slices.Contains(i.Stream.Filler, typ):
		return Filler
	case strings.HasSuffix(typ, "delta") && !i.typedOutput(text):
		return Filler
	}
	i.Meaningful = true
	return Meaningful
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
	delta := gjson.GetBytes(text, "delta")
	if !delta.IsObject() {
		return IsThere(delta) || IsThere(gjson.GetBytes(text, "audio"))
	}
	found := false
	delta.ForEach(func(key, value gjson.Result) bool {
		found = key.Str != "type" && IsThere(value)
		return !found
	})
	return found
}
