package proxy

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
)

// seeTyped looks at an event of a stream whose events say in "type" what they are.
func (v *streamView) seeTyped(text []byte) eventKind {
	typ := gjson.GetBytes(text, "type").Str
	if slices.Contains(v.kind.failed, typ) {
		return eventError
	}
	if bytes.Contains(text, keyError) {
		if _, is := classify.ErrorBody(text, ""); is {
			return eventError
		}
	}
	if bytes.Contains(text, keyUsage) {
		for _, path := range v.kind.usage {
			v.mergeUsage(gjson.GetBytes(text, path))
		}
	}
	switch {
	case slices.Contains(v.kind.last, typ):
		v.finished = true
		return eventDone
	case slices.Contains(v.kind.finish, typ):
		v.finished = true
	case typ == "" || slices.Contains(v.kind.filler, typ):
		return eventFiller
	case strings.HasSuffix(typ, "delta") && !v.typedOutput(text):
		return eventFiller
	}
	v.meaningful = true
	v.content++
	return eventMeaningful
}

// typedOutput reports whether a delta carries anything, and keeps its text when failure
// keywords are looked for.
func (v *streamView) typedOutput(text []byte) bool {
	if v.watch != nil {
		for _, path := range v.kind.text {
			if s := gjson.GetBytes(text, path); s.Type == gjson.String {
				v.keep(s.Str)
			}
		}
	}
	delta := gjson.GetBytes(text, "delta")
	if !delta.IsObject() {
		return isThere(delta) || isThere(gjson.GetBytes(text, "audio"))
	}
	found := false
	delta.ForEach(func(key, value gjson.Result) bool {
		found = key.Str != "type" && isThere(value)
		return !found
	})
	return found
}

// spent is the usage of a stream that ended. One that was cut told only of its beginning:
// what came since is counted in.
func (v *streamView) spent() dataplane.Usage {
	u := v.usage
	if u.Source == dataplane.UsageUpstream && !v.finished && int64(v.content) > u.Output {
		u.Output, u.Source = int64(v.content), dataplane.UsageEstimated
	}
	return u
}

// mergeUsage takes in usage that comes in several events, as Anthropic's does: what the
// request cost first, what the answer cost last.
func (v *streamView) mergeUsage(u gjson.Result) {
	usage, ok := usageOf(u)
	if !ok {
		return
	}
	if usage.Input == 0 {
		usage.Input, usage.CachedInput, usage.CacheWrite = v.usage.Input, v.usage.CachedInput, v.usage.CacheWrite
	}
	v.usage = usage
}
