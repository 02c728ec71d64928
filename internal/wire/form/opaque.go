package form

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Origin is who can read what is opaque: one account of one provider, as a short text without dots;
// empty: unknown.
type Origin string

// OriginOf is that of an account: a provider and one of its credentials, empty if it has none.
func OriginOf(provider, credential string) Origin {
	sum := sha256.Sum256([]byte(provider + "\x00" + credential))
	return Origin(hex.EncodeToString(sum[:6]))
}

// Opaque is what only its origin can read: the signature of what was thought, encrypted reasoning.
type Opaque struct {
	Origin Origin
	// Kind tells apart what one origin makes, as the codec that read it names it.
	Kind string
	Raw  string // of what a client carried, unchecked: Object and Array check it
}

// carried begins what a client carries of another dialect's.
const carried = "tl1."

// Carry packs it as a text that a client of any dialect sends back unread.
func (o *Opaque) Carry() string {
	return carried + string(o.Origin) + "." + o.Kind + "." + base64.RawURLEncoding.EncodeToString([]byte(o.Raw))
}

// Carried unpacks what Carry gave; false: it is none of ours, but of a provider of the client's own
// dialect.
func Carried(text string) (*Opaque, bool) {
	rest, ours := strings.CutPrefix(text, carried)
	if !ours {
		return nil, false
	}
	origin, rest, _ := strings.Cut(rest, ".")
	kind, packed, ok := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	if !ok || err != nil {
		return nil, false
	}
	return &Opaque{Origin: Origin(origin), Kind: kind, Raw: string(raw)}, true
}

// Object is what may be written as it is where a target expects a JSON object; nil: it is none, and noted as
// lost. Clients carry what is opaque, and can put anything in its place, such as the end of the object around it.
func (o *Opaque) Object(where string, losses *Losses) json.RawMessage {
	return o.raw(scan.IsObject, where, losses)
}

// Array is as Object, of a JSON array.
func (o *Opaque) Array(where string, losses *Losses) json.RawMessage {
	return o.raw(scan.IsArray, where, losses)
}

func (o *Opaque) raw(is func(string) bool, where string, losses *Losses) json.RawMessage {
	if is(o.Raw) {
		return json.RawMessage(o.Raw)
	}
	losses.Drop(where)
	return nil
}

// HoldsCarried reports whether a document may hold what Carry gives.
func HoldsCarried(doc []byte) bool { return bytes.Contains(doc, []byte(`"`+carried)) }

// HoldsCarriedBase64 is HoldsCarried where what is opaque is written as base64: its first bytes say so.
func HoldsCarriedBase64(doc []byte) bool { return bytes.Contains(doc, []byte(`"`+carriedBase64)) }

// carriedBase64 is how carried begins as base64, in whose last letter the next byte has a part.
const carriedBase64 = "dGwxL"

// IsCarried reports whether a text is, or begins like, what Carry gives.
func IsCarried(text string) bool { return strings.HasPrefix(text, carried) }

// For is what may be told a target: the same where it is the origin's own, else nil and a loss, named
// by where it stands.
func (o *Opaque) For(to Origin, kind, where string, losses *Losses) *Opaque {
	switch {
	case o == nil:
		return nil
	case o.Origin != "" && o.Origin == to && o.Kind == kind:
		return o
	}
	losses.Drop(where)
	return nil
}
