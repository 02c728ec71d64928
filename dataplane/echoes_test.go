package dataplane

import (
	"fmt"
	"testing"
)

func TestEchoesAreMasked(t *testing.T) {
	p := &Provider{ // not parallel: it counts allocations
		Credentials: []*Credential{{Secret: "sk-0123456789abcdef"}, {Secret: `sk-quo"te<0123456789`}, {Secret: "ollama"}},
		Headers:     []Header{{"x-api-key", "header-0123456789"}, {"anthropic-beta", "output-128k-2025-02-19"}},
	}
	p.compileSecrets()
	const said = `{"a":"sk-0123456789abcdefsk-0123456789abcdef","b":"sk-quo\"te\u003c0123456789","c":"ollama","d":"header-0123456789","e":"output-128k-2025-02-19"}`
	for i, want := range []string{
		`{"a":"**************************************","b":"sk-quo\"te\u003c0123456789","c":"ollama","d":"*****************","e":"output-128k-2025-02-19"}`,
		`{"a":"sk-0123456789abcdefsk-0123456789abcdef","b":"**************************","c":"ollama","d":"*****************","e":"output-128k-2025-02-19"}`,
		`{"a":"sk-0123456789abcdefsk-0123456789abcdef","b":"sk-quo\"te\u003c0123456789","c":"ollama","d":"*****************","e":"output-128k-2025-02-19"}`,
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
