package dataplane

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// redacted stands for what must not be shown.
const redacted = "[redacted]"

// Secret is text that must never reach a log: it prints as [redacted].
type Secret string

// String hides the secret from fmt and slog.
func (Secret) String() string { return redacted }

// GoString hides it from %#v.
func (Secret) GoString() string { return redacted }

// MarshalJSON hides it from encoders.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Reveal gives the text itself, for the one place that sends it upstream.
func (s Secret) Reveal() string { return string(s) }

const (
	// A secret of fewer bytes is not looked for: it would be found in everyday words.
	minSecret = 6
	// From this length on a header's value without spaces is taken for a secret, whatever
	// its name says.
	maybeSecret = 16
)

// A header that an admin did not declare secret may be one by its name.
var secretHeader = regexp.MustCompile(`(?i)key|auth|token|secret|password|credential|cookie|signature`)

func (h Header) isSecret() bool { return h.Secret || secretHeader.MatchString(h.Name) }

// withQuery adds secret parameters to the query of a base URL.
func withQuery(query string, secret []*nodev1.Header) string {
	for _, q := range secret {
		if query != "" {
			query += "&"
		}
		query += url.QueryEscape(q.GetName()) + "=" + url.QueryEscape(q.GetValue())
	}
	return query
}

// compileSecrets lists what no answer of the provider may show. Of a query's parameters it lists
// the values, as they are and as a URL writes them.
func (p *Provider) compileSecrets(query []*nodev1.Header) {
	add := func(s string) {
		if len(s) < minSecret {
			return
		}
		p.Secrets = append(p.Secrets, Secret(s))
		if quoted, err := json.Marshal(s); err == nil && len(quoted) != len(s)+2 {
			p.Secrets = append(p.Secrets, Secret(quoted[1:len(quoted)-1]))
		}
	}
	for _, c := range p.Credentials {
		add(c.Secret.Reveal())
	}
	for _, h := range p.Headers {
		if h.isSecret() || len(h.Value) >= maybeSecret && !strings.Contains(h.Value, " ") {
			add(h.Value)
		}
	}
	for _, q := range query {
		add(q.GetValue())
		if escaped := url.QueryEscape(q.GetValue()); escaped != q.GetValue() {
			add(escaped)
		}
	}
	p.compileEchoes(query)
	slices.SortFunc(p.Secrets, func(a, b Secret) int { return len(b) - len(a) })
}
