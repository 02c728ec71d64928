package secrets_test

import (
	"bytes"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	sealer, err := secrets.New(bytes.Repeat([]byte{7}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	bodies := secrets.Bodies(sealer)
	plain := []byte("what a client asked")
	mine := calllog.BodyBinding("call-1")
	key, sealed, err := bodies.SealBody(plain, mine)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain[:8]) || bytes.Contains(key, plain[:8]) {
		t.Error("the body lies in clear")
	}
	if got, err := bodies.OpenBody(key, sealed, mine); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened %q, %v", got, err)
	}
	again, other, err := bodies.SealBody(plain, mine)
	if err != nil || bytes.Equal(sealed, other) || bytes.Equal(key, again) {
		t.Errorf("two seals of the same are the same, or failed: %v", err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, try := range map[string]func() ([]byte, error){
		"another call":  func() ([]byte, error) { return bodies.OpenBody(key, sealed, calllog.BodyBinding("call-2")) },
		"another key":   func() ([]byte, error) { return bodies.OpenBody(again, sealed, mine) },
		"changed":       func() ([]byte, error) { return bodies.OpenBody(key, changed, mine) },
		"cut":           func() ([]byte, error) { return bodies.OpenBody(key, sealed[:5], mine) },
		"nothing":       func() ([]byte, error) { return bodies.OpenBody(nil, nil, mine) },
		"a raw key":     func() ([]byte, error) { return bodies.OpenBody(make([]byte, 32), sealed, mine) },
		"no ciphertext": func() ([]byte, error) { return bodies.OpenBody(key, nil, mine) },
	} {
		if got, err := try(); err == nil {
			t.Errorf("%s: opened %q", name, got)
		}
	}
}
