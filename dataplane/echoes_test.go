package dataplane

import (
	"bytes"
	"fmt"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What looks for the beginning of a secret at the end of each piece costs nothing beside the masking
// itself.
func BenchmarkEchoesOfAPiece(b *testing.B) {
	p := &Provider{Credentials: []*Credential{{Secret: "sk-0123456789abcdef0123456789abcdef0123456789abcdef"}}}
	p.compileSecrets(nil)
	e, piece := p.Credentials[0].Echoes, bytes.Repeat([]byte("plain words of an answer, and so on; "), 900)
	b.Run("mask", func(b *testing.B) {
		for b.Loop() {
			e.Mask(piece)
		}
	})
	b.Run("begun", func(b *testing.B) {
		for b.Loop() {
			e.Begun(piece)
		}
	})
}

func TestEchoesAreMasked(t *testing.T) {
	p := &Provider{ // not parallel: it counts allocations
		Credentials: []*Credential{{Secret: "sk-0123456789abcdef"}, {Secret: `sk-quo"te<0123456789`}, {Secret: "ollama"}},
		Headers: []Header{
			{Name: "x-api-key", Value: "header-0123456789"}, {Name: "anthropic-beta", Value: "output-128k-2025-02-19"},
			{Name: "x-plain", Value: "declared-secret-value", Secret: true},
		},
	}
	p.compileSecrets([]*nodev1.Header{{Name: "sig", Value: "query-0123456789abc"}})
	const said = `{"a":"sk-0123456789abcdefsk-0123456789abcdef","b":"sk-quo\"te\u003c0123456789","c":"ollama","d":"header-0123456789","e":"output-128k-2025-02-19","f":"declared-secret-value","g":"query-0123456789abc"}`
	for i, want := range []string{
		`{"a":"**************************************","b":"sk-quo\"te\u003c0123456789","c":"ollama","d":"*****************","e":"output-128k-2025-02-19","f":"*********************","g":"*******************"}`,
		`{"a":"sk-0123456789abcdefsk-0123456789abcdef","b":"**************************","c":"ollama","d":"*****************","e":"output-128k-2025-02-19","f":"*********************","g":"*******************"}`,
		`{"a":"sk-0123456789abcdefsk-0123456789abcdef","b":"sk-quo\"te\u003c0123456789","c":"ollama","d":"*****************","e":"output-128k-2025-02-19","f":"*********************","g":"*******************"}`,
	} {
		piece := []byte(said)
		e := p.Credentials[i].Echoes
		if e.Mask(piece); string(piece) != want {
			t.Errorf("credential %d:\n%s\nwant\n%s", i, piece, want)
		}
		if n := testing.AllocsPerRun(10, func() { e.Mask(piece) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	for end, want := range map[string]int{"": 0, "x": 0, "s": 1, "ss": 1, "a sk-0": 4, "sk-0123456789abcde": 18, "sk-0123456789abcdef": 0, "sk-0123sk-01": 5, "sk-0123x": 0, "header-01": 9} {
		if got := p.Credentials[0].Echoes.Begun([]byte(end)); got != want {
			t.Errorf("%q ends with %d bytes of a secret, want %d", end, got, want)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", p.Echoes, p.Echoes, p.Echoes, p.Echoes); text != "[redacted] [redacted] [redacted] [redacted]" {
		t.Errorf("printed as %s", text)
	}
}
