package controlplane

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"buf.build/go/protovalidate"
	"golang.org/x/net/http/httpguts"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	"github.com/trunkline-ai/trunkline/internal/domain/secretname"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func (f *faults) provider(r *Resource, doc *adminv1.Provider) {
	f.name(r, doc.GetName())
	d, known := dialect.Find(doc.GetDialect())
	if !known {
		f.add(r, "dialect", "must be one of %s", strings.Join(dialect.Names(), ", "))
	}
	if doc.GetBaseUrl() != "" || !known || d.DefaultBase == nil {
		if fault := urlFault(doc.GetBaseUrl()); fault != "" {
			f.add(r, "base_url", "%s", fault)
		}
	}
	f.endpoints(r, doc)
	f.credentials(r, doc.GetCredentials())
	f.headers(r, doc.GetHeaders())
	f.secretHeaders(r, doc)
	f.secretQuery(r, doc)
	f.forwardHeaders(r, doc.GetForwardHeaders())
	f.models(r, doc.GetModels())
	f.fieldRules(r, "", doc.GetFieldRules())
	for i, m := range doc.GetModels() {
		f.fieldRules(r, fmt.Sprintf("models[%d].", i), m.GetFieldRules())
	}
	f.outbound(r, doc)
	f.imports(r, doc)
}

// urlFault says what is wrong with a base URL. It never quotes it: it may hold a password.
func urlFault(raw string) string {
	if raw == "" {
		return "is required"
	}
	u, err := dialect.ParseBase(raw)
	switch {
	case err != nil || strings.TrimSpace(raw) != raw:
		return "is not a URL"
	case u.Scheme != "http" && u.Scheme != "https":
		return "must begin with http:// or https://"
	case u.Hostname() == "":
		return "must name a host"
	case u.User != nil:
		return "must not hold a user name or password; use credentials"
	case !dialect.IsExact(u) && u.Fragment != "" || strings.Contains(strings.TrimSuffix(raw, "#"), "#"):
		return "must not hold a fragment; a # at its very end makes it the exact URL of every call"
	}
	for name, values := range u.Query() {
		if slices.ContainsFunc(values, func(v string) bool { return secretname.Is(name, v) }) {
			return "must not hold a secret in its query; give it in secret_query, where it is stored encrypted and never shown"
		}
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "must have a port from 1 to 65535"
		}
	}
	return ""
}

func (f *faults) credentials(r *Resource, credentials []*adminv1.Credential) {
	seen := map[string]int{}
	for i, c := range credentials {
		field := fmt.Sprintf("credentials[%d]", i)
		if j, ok := seen[c.GetName()]; ok {
			f.add(r, field+".name", "is already the name of credentials[%d]", j)
		} else {
			seen[c.GetName()] = i
		}
		if !plaintext.IsPlain(c.GetName()) {
			f.add(r, field+".name", plaintext.Rule)
		}
		if c.GetSecret() != "" {
			f.add(r, field+".secret", "is not sealed")
		}
		f.minted(r, field, c)
		if c.GetSecretRef() == "" && NeedsSecret(c) && enabledByDefault(c.Enabled) { // a rollback leaves such ones disabled
			f.add(r, field+".secret", "is required")
		}
	}
}

// reservedHeaders are what a provider may not add, and why.
var reservedHeaders = map[string]string{
	"connection":          hopByHop,
	"keep-alive":          hopByHop,
	"proxy-authenticate":  hopByHop,
	"proxy-authorization": hopByHop,
	"proxy-connection":    hopByHop,
	"te":                  hopByHop,
	"trailer":             hopByHop,
	"transfer-encoding":   hopByHop,
	"upgrade":             hopByHop,
	"authorization":       "carries the credential; use credentials",
	"accept":              setByUs,
	"accept-encoding":     setByUs,
	"content-encoding":    setByUs,
	"content-length":      setByUs,
	"content-type":        setByUs,
	"expect":              setByUs,
	"host":                setByUs,
}

const (
	hopByHop = "is a hop-by-hop header, which the connection sets"
	setByUs  = "is set by Trunkline for each request"
)

func (f *faults) headers(r *Resource, headers map[string]string) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		field := "headers[" + strconv.Quote(name) + "]"
		if !httpguts.ValidHeaderFieldName(name) {
			f.add(r, field, "is not a header name")
			continue
		}
		lower := strings.ToLower(name)
		if why, ok := reservedHeaders[lower]; ok {
			f.add(r, field, "%s", why)
			continue
		}
		if other, ok := seen[lower]; ok {
			f.add(r, field, "is the same header as %q", other)
		}
		seen[lower] = name
		if secretname.Is(name, headers[name]) {
			f.add(r, field, "looks like a secret; give it in secret_headers, where it is stored encrypted and never shown")
		}
		if v := headers[name]; !httpguts.ValidHeaderFieldValue(v) || strings.TrimSpace(v) != v {
			f.add(r, field, "has a value with control characters or with spaces at an end")
		}
	}
}

func (f *faults) models(r *Resource, models []*adminv1.Model) {
	ids := map[string]int{}
	for i, m := range models {
		if j, ok := ids[m.GetId()]; ok {
			f.add(r, fmt.Sprintf("models[%d].id", i), "is already the id of models[%d]", j)
			continue
		}
		ids[m.GetId()] = i
	}
	aliases := map[string]int{}
	for i, m := range models {
		f.price(r, fmt.Sprintf("models[%d].price", i), m.GetPrice())
		alias := m.GetAlias()
		if alias == "" {
			continue
		}
		field := fmt.Sprintf("models[%d].alias", i)
		if j, ok := ids[alias]; ok && j != i {
			f.add(r, field, "is already the id of models[%d]", j)
		}
		if j, ok := aliases[alias]; ok {
			f.add(r, field, "is already the alias of models[%d]", j)
			continue
		}
		aliases[alias] = i
	}
}

func (f *faults) price(r *Resource, path string, p *adminv1.Price) {
	CheckPrice(p, func(field, reason string) { f.add(r, path+"."+field, "%s", reason) })
}

// isPrice tells the pattern of a decimal from other rules.
func isPrice(v *protovalidate.Violation) bool {
	f := v.FieldDescriptor
	return f != nil && slices.ContainsFunc(Rates, func(r Rate) bool { return f == r.price || f == r.tier })
}

// checkSecrets checks that the secrets that providers refer to are stored.
func (c *Config) checkSecrets(f *faults) {
	for r := range c.unchecked(KindProvider) {
		for part := range SealedParts(r.Spec) {
			if _, ok := c.secrets[part.GetSecretRef()]; !ok && part.GetSecretRef() != "" {
				f.add(r, part.Path(), "is not stored; give it again")
			}
		}
	}
}
