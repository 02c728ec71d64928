package wire

import (
	"io"
	"testing"
)

// A body names its model as a resource however that is escaped.
func TestTheModelOfThePathIsRenamedInTheBody(t *testing.T) {
	t.Parallel()
	endpoint := &Endpoint{InPath: true}
	for body, want := range map[string]string{
		`{"model":"models/g"}`:      `{"model":"models/new"}`,
		`{"model":"models\/g"}`:     `{"model":"models/new"}`,
		`{"model":"\u006dodels/g"}`: `{"model":"models/new"}`,
		`{"model":"g"}`:             `{"model":"new"}`,
		`{"a":1}`:                   `{"a":1}`,
	} {
		e, err := ReadEnvelope([]byte(body), endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.SetModel([]byte(body), endpoint, "g"); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		got, err := io.ReadAll(e.Splice([]byte(body), []byte(`"new"`), false, nil).Reader())
		if err != nil || string(got) != want {
			t.Errorf("%s became %s, want %s", body, got, want)
		}
	}
}
