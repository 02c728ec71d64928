package dataplane

import (
	"fmt"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

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
	if text := fmt.Sprintf("%v %+v %#v %s", p.Echoes, p.Echoes, p.Echoes, p.Echoes); text != "[redacted] [redacted] [redacted] [redacted]" {
		t.Errorf("printed as %s", text)
	}
}
