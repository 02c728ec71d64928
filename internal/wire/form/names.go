package form

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// maxName is how long a tool's name may be in every dialect.
const maxName = 64

// between stands between a namespace and a name.
const between = "__"

// NameTools gives each tool one name that every dialect takes, which no other tool of the request has.
// The same tools get the same names in every turn. Readers of requests call it when they have all tools: ByFlat, Find
// and FlatOf know them from then on. False: there are too many of them.
func (r *Request) NameTools() bool {
	if len(r.Tools) > MaxTools {
		return false
	}
	if len(r.Tools) == 0 {
		return true
	}
	r.flat = make(map[string]*Tool, len(r.Tools))
	r.named = make(map[fullName]*Tool, len(r.Tools))
	var next map[string]int // the number that the next tool of a name gets
	for i := range r.Tools {
		t := &r.Tools[i]
		if t.Kind == ForeignTool {
			continue
		}
		full := t.Name
		if t.Namespace != "" {
			full = t.Namespace + between + t.Name
		}
		t.Flat = Fit(full, maxName)
		for r.flat[t.Flat] != nil {
			n := max(next[full], 2)
			if next == nil {
				next = map[string]int{}
			}
			next[full] = n + 1
			t.Flat = Fit(full+between+strconv.Itoa(n), maxName)
		}
		r.flat[t.Flat] = t
		if own := (fullName{t.Namespace, t.Name}); r.named[own] == nil {
			r.named[own] = t
		}
	}
	return true
}

// MaxTools is how many tools a request may have.
const MaxTools = 10_000

// TooManyTools says so.
const TooManyTools = "a request may have at most 10,000 tools"

// fullName is how a client knows a tool.
type fullName struct{ namespace, name string }

// ByFlat finds the tool of a flat name; nil: there is none, as when a model calls what it was not
// offered.
func (r *Request) ByFlat(name string) *Tool {
	return r.flat[name]
}

// Find finds a tool by its own names, the first of equal ones; nil: there is none.
func (r *Request) Find(namespace, name string) *Tool { return r.named[fullName{namespace, name}] }

// FlatOf is the flat name of what was called, which need not be offered any more.
func (r *Request) FlatOf(namespace, name string) string {
	if t := r.Find(namespace, name); t != nil {
		return t.Flat
	}
	if namespace != "" {
		name = namespace + between + name
	}
	return Fit(name, maxName)
}

// ShortID makes an id of nine letters and digits, the same for the same id. What is so already stays as it is.
func ShortID(id string) string {
	const length = 9
	plain := len(id) == length
	for i := 0; plain && i < length; i++ {
		b := id[i]
		plain = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
	}
	if plain {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:5])[:length]
}

// Fit makes a name or an id of letters, digits, _ and - that is at most longest bytes long. What is so
// already stays as it is; of anything else the end becomes a hash, so that two stay two, and one
// is the same everywhere in a conversation.
func Fit(name string, longest int) string {
	fits := name != "" && len(name) <= longest
	clean := []byte(name)
	for i, b := range clean {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-' {
			continue
		}
		clean[i], fits = '_', false
	}
	if fits {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "_" + hex.EncodeToString(sum[:6])
	return string(clean[:min(len(clean), longest-len(tail))]) + tail
}
