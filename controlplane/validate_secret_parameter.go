package controlplane

import (
	"fmt"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// secretHeaders checks the names of headers whose values are sealed.
func (f *faults) secretHeaders(r *Resource, doc *adminv1.Provider) {
	open := map[string]string{}
	for name := range doc.GetHeaders() {
		open[strings.ToLower(name)] = name
	}
	seen := map[string]int{}
	for i, h := range doc.GetSecretHeaders() {
		field, lower := fmt.Sprintf("secret_headers[%d].name", i), strings.ToLower(h.GetName())
		if !httpguts.ValidHeaderFieldName(lower) {
			f.add(r, field, "is not a header name")
			continue
		}
		if why, reserved := reservedHeaders[lower]; reserved {
			f.add(r, field, "%s", why)
		}
		if name, set := open[lower]; set {
			f.add(r, field, "is the same header as headers[%q]", name)
		}
		f.sealed(r, "secret_headers", i, lower, seen, h)
	}
}

// secretQuery checks the names of query parameters whose values are sealed.
func (f *faults) secretQuery(r *Resource, doc *adminv1.Provider) {
	base, err := dialect.ParseBase(doc.GetBaseUrl())
	seen := map[string]int{}
	for i, q := range doc.GetSecretQuery() {
		field := fmt.Sprintf("secret_query[%d].name", i)
		if !plaintext.IsPlain(q.GetName()) {
			f.add(r, field, plaintext.Rule)
		}
		if err == nil && base.Query().Has(q.GetName()) {
			f.add(r, field, "is in the query of base_url already")
		}
		for j, e := range Endpoints(doc) {
			if e.Base != nil && e.Base.Query().Has(q.GetName()) {
				f.add(r, field, "is in the query of endpoints[%d].base_url already", j)
			}
		}
		f.sealed(r, "secret_query", i, q.GetName(), seen, q)
	}
}

// sealed checks what holds for both: one of a name, with its secret sealed.
func (f *faults) sealed(r *Resource, list string, at int, name string, seen map[string]int, p *adminv1.SecretParameter) {
	field := fmt.Sprintf("%s[%d]", list, at)
	if j, twice := seen[name]; twice {
		f.add(r, field+".name", "is already the name of %s[%d]", list, j)
	} else {
		seen[name] = at
	}
	if p.GetSecret() != "" {
		f.add(r, field+".secret", "is not sealed")
	}
	if p.GetSecretRef() == "" {
		f.add(r, field+".secret", "is required")
	}
}
