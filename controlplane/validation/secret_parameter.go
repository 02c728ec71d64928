package validation

import (
	"fmt"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// checkSecretHeaders checks the names of headers whose values are sealed.
func checkSecretHeaders(d document, doc *adminv1.Provider) {
	open := map[string]string{}
	for name := range doc.GetHeaders() {
		open[strings.ToLower(name)] = name
	}
	seen := map[string]int{}
	for i, h := range doc.GetSecretHeaders() {
		field, lower := fmt.Sprintf("secret_headers[%d].name", i), strings.ToLower(h.GetName())
		if !httpguts.ValidHeaderFieldName(lower) {
			d.add(field, "is not a header name")
			continue
		}
		if why, reserved := reservedHeaders[lower]; reserved {
			d.add(field, "%s", why)
		}
		if name, set := open[lower]; set {
			d.add(field, "is the same header as headers[%q]", name)
		}
		checkParameter(d, "secret_headers", i, lower, seen, h)
	}
}

// checkSecretQuery checks the names of query parameters whose values are sealed.
func checkSecretQuery(d document, doc *adminv1.Provider) {
	base, err := dialect.ParseBase(doc.GetBaseUrl())
	seen := map[string]int{}
	for i, q := range doc.GetSecretQuery() {
		field := fmt.Sprintf("secret_query[%d].name", i)
		if !plaintext.IsPlain(q.GetName()) {
			d.add(field, plaintext.Rule)
		}
		if err == nil && base.Query().Has(q.GetName()) {
			d.add(field, "is in the query of base_url already")
		}
		for j, e := range controlplane.Endpoints(doc) {
			if e.Base != nil && e.Base.Query().Has(q.GetName()) {
				d.add(field, "is in the query of endpoints[%d].base_url already", j)
			}
		}
		checkParameter(d, "secret_query", i, q.GetName(), seen, q)
	}
}

// checkParameter checks what holds for both: one of a name, with its secret sealed.
func checkParameter(d document, list string, at int, name string, seen map[string]int, p *adminv1.SecretParameter) {
	if j, twice := seen[name]; twice {
		d.add(fmt.Sprintf("%s[%d].name", list, at), "is already the name of %s[%d]", list, j)
	} else {
		seen[name] = at
	}
	checkSealed(d, fmt.Sprintf("%s[%d].secret", list, at), p)
}

// sealed is a part of a document that has a secret.
type sealed interface {
	GetSecret() string
	GetSecretRef() string
}

// checkSealed checks that a secret is stored, sealed.
func checkSealed(d document, field string, p sealed) {
	if p.GetSecret() != "" {
		d.add(field, "is not sealed")
	}
	if p.GetSecretRef() == "" {
		d.add(field, "is required")
	}
}
