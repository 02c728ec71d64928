package outcometest

import (
	"net/http"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// Refusal is how somebody words a refusal, and what it is taken for.
type Refusal struct {
	From        string            `yaml:"from"`
	What        string            `yaml:"what"`
	Status      int               `yaml:"status"` // 200: the body of a good answer
	Headers     map[string]string `yaml:"headers"`
	Model       string            `yaml:"model"`
	Body        string            `yaml:"body"`
	Outcome     string            `yaml:"outcome"`
	Unconfirmed bool              `yaml:"unconfirmed"`
	Uncounted   bool              `yaml:"uncounted"`
	Wait        time.Duration     `yaml:"wait"`
	Parameter   string            `yaml:"parameter"`
	Foreign     bool              `yaml:"foreign"`
}

// RefusalTime is when the refusals of the file were given.
var RefusalTime = time.Unix(1790000000, 0)

// Header is its header.
func (r *Refusal) Header() http.Header {
	h := http.Header{}
	for name, value := range r.Headers {
		h.Set(name, value)
	}
	return h
}

// Refusals reads testdata/refusals.yaml.
func Refusals(t testing.TB) (out []Refusal) {
	t.Helper()
	f, err := open("refusals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	if err := decoder.Decode(&out); err != nil {
		t.Fatalf("testdata/refusals.yaml: %v", err)
	}
	names := map[string]bool{}
	for _, r := range out {
		if name := r.From + ", " + r.What; r.From == "" || r.What == "" || r.Status == 0 || r.Model == "" || r.Outcome == "" || names[name] {
			t.Errorf("testdata/refusals.yaml: %q is not whole, or there twice", name)
		} else {
			names[name] = true
		}
	}
	return out
}
