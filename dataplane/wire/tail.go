package wire

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
)

// tailBytes is how much of the end of a long answer is kept to find its usage in.
const tailBytes = 4 << 10

// Tail keeps the last bytes of what is written to it.
type Tail struct{ kept []byte }

// Bytes are what was kept.
func (t *Tail) Bytes() []byte { return t.kept }

// Write keeps the end of b.
func (t *Tail) Write(b []byte) (int, error) {
	n := len(b)
	if over := len(b) - tailBytes; over > 0 {
		b = b[over:]
	}
	if over := len(t.kept) + len(b) - tailBytes; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	t.kept = append(t.kept, b...)
	return n, nil
}

// Usage finds the usage object that stands behind the data of a long answer. Quotes inside
// strings are escaped, so the key cannot be part of anybody's text.
func (t *Tail) Usage() (dataplane.Usage, bool) {
	var told dataplane.Usage
	ok := false
	for _, key := range [...][]byte{keyUsage, keyUsageMetadata, keyTimings} {
		if at := bytes.LastIndex(t.kept, key); at >= 0 && !ok {
			told, ok = UsageOf(expect.View(valueBehind(t.kept[at+len(key):])))
		}
	}
	if !ok {
		return told, false
	}
	if at := bytes.LastIndex(t.kept, keyService); at >= 0 && told.ServiceTier == "" {
		told.ServiceTier = usage.ServiceTier(gjson.ParseBytes(valueBehind(t.kept[at+len(keyService):])).Str)
	}
	return told, ok
}

// valueBehind is the value that follows a key.
func valueBehind(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n:") }
