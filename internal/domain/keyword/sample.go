package keyword

import (
	"strings"

	"github.com/tidwall/gjson"
)

// InSample reports whether the keyword is in an answer that a person pasted: a body of any
// kind, or the events of a stream, whose text is put together as nodes do.
func (m *Matcher) InSample(sample string) bool {
	if m.Match(Text([]byte(sample))) {
		return true
	}
	var text strings.Builder
	events := false
	for line := range strings.Lines(sample) {
		event, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		if !ok {
			continue
		}
		events = true
		event = strings.TrimSpace(event)
		if gjson.Get(event, "error").Exists() && m.Match(Text([]byte(event))) {
			return true
		}
		for _, choice := range gjson.Get(event, "choices").Array() {
			for _, path := range []string{"delta.content", "delta.refusal", "delta.reasoning_content", "delta.reasoning", "text"} {
				text.WriteString(choice.Get(path).String())
			}
		}
	}
	return events && m.Match(text.String())
}
