package wire

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
)

// seeTyped looks at an event of a stream whose events say in "type" what they are.
func (i *Inspection) seeTyped(text []byte) Kind {
	typ := gjson.GetBytes(text, "type").Str
	if slices.Contains(i.Stream.Failed, typ) {
		return Failed
	}
	if bytes.Contains(text, keyError) {
		if _, is := classify.ErrorBody(text, ""); is {
			return Failed
		}
	}
	if bytes.Contains(text, keyUsage) {
		for _, path := range i.Stream.Usage {
			i.mergeUsage(gjson.GetBytes(text, path))
		}
	}
	switch {
	case slices.Contains(i.Stream.Last, typ):
		i.Finished = true
		return Done
	case slices.Contains(i.Stream.Finish, typ):
		i.Finished = true
	case typ == "" || slices.Contains(i.Stream.Filler, typ):
		return Filler
	case strings.HasSuffix(typ, "delta") && !i.typedOutput(text):
		return Filler
	}
	i.Meaningful = true
	i.Content++
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

// Spent is the usage of a stream that ended. One that was cut told only of its beginning:
// what came since is counted in.
func (i *Inspection) Spent() dataplane.Usage {
	u := i.Usage
	if u.Source == dataplane.UsageUpstream && !i.Finished && int64(i.Content) > u.Output {
		u.Output, u.Source = int64(i.Content), dataplane.UsageEstimated
	}
	return u
}

// mergeUsage takes in usage that comes in several events, as Anthropic's does: what the
// request cost first, what the answer cost last.
func (i *Inspection) mergeUsage(u gjson.Result) {
	usage, ok := UsageOf(u)
	if !ok {
		return
	}
	if usage.Input == 0 {
		usage.Input, usage.CachedInput, usage.CacheWrite = i.Usage.Input, i.Usage.CachedInput, i.Usage.CacheWrite
	}
	i.Usage = usage
}
