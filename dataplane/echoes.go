package dataplane

import (
	"bytes"
	"encoding/json"
	"math"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// minEcho is the least length of a secret that is looked for in good answers, in bytes: shorter ones
// are placeholders such as "ollama", which answers may well speak of.
const minEcho = 16

// maxEcho is the greatest, beyond that of any header.
const maxEcho = math.MaxUint16 / 6

// Echoes are secrets that were sent with a request and that its answer must not repeat: as they
// are, and as JSON writes them.
type Echoes struct{ texts []echo }

// echo is one text, and where it has the byte that answers have least: it is looked for by that.
type echo struct {
	text []byte
	rare int
	// border is, for each beginning of the text, how long the longest shorter one is that it ends with.
	border []uint16
	told   int // see tells
}

// String hides them from fmt and slog.
func (Echoes) String() string { return redacted }

// GoString hides them from %#v.
func (Echoes) GoString() string { return redacted }

// Mask overwrites them in a piece of an answer, which keeps its length.
func (e Echoes) Mask(piece []byte) {
	for _, one := range e.texts {
		text, rest := one.text, piece
		for len(rest) >= len(text) {
			found := bytes.IndexByte(rest[one.rare:len(rest)-len(text)+one.rare+1], text[one.rare])
			if found < 0 {
				break
			}
			rest = rest[found:]
			if bytes.HasPrefix(rest, text) {
				copy(rest, bytes.Repeat([]byte{'*'}, len(text)))
			}
			rest = rest[1:]
		}
	}
}

// Begun is how many bytes at the end of a piece may be the beginning of one of them: who relays an
// answer in pieces passes these on with the next piece, masked together. It is nearly always none.
func (e Echoes) Begun(piece []byte) int {
	most := 0
	for _, one := range e.texts {
		end := piece[max(0, len(piece)-len(one.text)+1):]
		for at := 0; at >= 0 && len(end) > most; {
			if at = bytes.IndexByte(end, one.text[0]); at >= 0 {
				if end = end[at:]; bytes.HasPrefix(one.text, end) {
					most = max(most, len(end))
				}
				end = end[1:]
			}
		}
	}
	return most
}

// with are these and one more, if it is long enough to be one.
func (e Echoes) with(secret string) Echoes {
	if len(secret) < minEcho {
		return e
	}
	if len(secret) > maxEcho {
		return e
	}
	texts := append(e.texts[:len(e.texts):len(e.texts)], newEcho([]byte(secret)))
	if quoted, err := json.Marshal(secret); err == nil && len(quoted) != len(secret)+2 {
		texts = append(texts, newEcho(quoted[1:len(quoted)-1]))
	}
	return Echoes{texts}
}

// rareBytes are those that JSON and English have least, the least first.
const rareBytes = "QXZJKVYWqUzHGFBPxLDONjRMSEITAC_9876543kv210wybgp-"

func newEcho(text []byte) echo {
	at := -1
	for _, b := range []byte(rareBytes) {
		if at = bytes.IndexByte(text, b); at >= 0 {
			break
		}
	}
	border := make([]uint16, len(text))
	for i, n := 1, 0; i < len(text); i++ {
		for n > 0 && text[i] != text[n] {
			n = int(border[n-1])
		}
		if text[i] == text[n] {
			n++
		}
		border[i] = uint16(min(n, math.MaxUint16))
	}
	e := echo{text: text, rare: max(at, 0), border: border}
	e.told = e.tells()
	return e
}

// compileEchoes lists what is sent with requests and must not come back: headers that are declared
// secret or named like one, for values such as "output-128k-2025-02-19" are no secrets, secret
// parameters of the query, and the credential that is used.
func (p *Provider) compileEchoes(query []*nodev1.Header) {
	for _, h := range p.Headers {
		if h.isSecret() {
			p.Echoes = p.Echoes.with(h.Value)
		}
	}
	for _, q := range query {
		p.Echoes = p.Echoes.with(q.GetValue())
	}
	for _, c := range p.Credentials {
		c.Echoes = p.Echoes.with(c.Secret.Reveal())
	}
}
