package validation

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/secretname"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// checkEndpoints checks how the APIs of a provider are reached.
func checkEndpoints(d document, doc *adminv1.Provider) {
	seen := map[string]int{}
	for i, e := range doc.GetEndpoints() {
		field := fmt.Sprintf("endpoints[%d]", i)
		if dialect.FindAPI(e.GetApi()) == nil && e.GetApi() != "" {
			d.add(field+".api", "must be one of %s", strings.Join(dialect.APIs(), ", "))
		} else if j, twice := seen[e.GetApi()]; twice {
			d.add(field+".api", "is already the API of endpoints[%d]", j)
		} else {
			seen[e.GetApi()] = i
		}
		if e.GetAuth() != "" && dialect.FindAuth(e.GetAuth()) == nil {
			d.add(field+".auth", "must be one of %s", strings.Join(dialect.Auths(), ", "))
		}
		if e.GetFormat() != "" && dialect.FindFormat(e.GetApi(), e.GetFormat()) == nil {
			d.add(field+".format", "must be empty, or %s for rerank and embeddings", dialect.CohereV2)
		}
		base := doc.GetBaseUrl()
		if own := e.GetBaseUrl(); own != "" {
			base = own
			if fault := controlplane.URLFault(own); fault != "" {
				d.add(field+".base_url", "%s", fault)
			}
		}
		at, err := dialect.ParseBase(base)
		if fault := pathFault(e.GetPath()); fault != "" {
			d.add(field+".path", "%s", fault)
		} else if e.GetPath() != "" && err == nil && dialect.IsExact(at) {
			d.add(field+".path", "has no effect: its base URL is exact (it ends in #)")
		}
		if fault := queryFault(e.GetQuery()); fault != "" {
			d.add(field+".query", "%s", fault)
		} else if err == nil {
			checkSameParameter(d, field, e.GetQuery(), at.Query(), doc)
		}
	}
}

// checkSameParameter refuses a parameter that the URL has already: servers take the first or the last.
func checkSameParameter(d document, field, query string, base url.Values, doc *adminv1.Provider) {
	own, _ := url.ParseQuery(query)
	for name := range own {
		if base.Has(name) {
			d.add(field+".query", "names %q, which is in the query of its base URL already", name)
		}
		if slices.ContainsFunc(doc.GetSecretQuery(), func(q *adminv1.SecretParameter) bool { return q.GetName() == name }) {
			d.add(field+".query", "names %q, which is in secret_query already", name)
		}
	}
}

// pathFault says what is wrong with the path of an endpoint.
func pathFault(path string) string {
	rest := strings.ReplaceAll(path, dialect.ModelPlace, "")
	switch {
	case path == "":
		return ""
	case path[0] != '/':
		return "must start with a slash"
	case strings.ContainsAny(rest, "{}"):
		return "may hold {model} and no other braces"
	case strings.ContainsFunc(rest, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`?#%\`, c) }):
		return "must be plain ASCII without spaces and without ? # % \\; parameters belong into query"
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return "must not contain empty parts, . or .., nor end in a slash"
		}
	}
	return ""
}

// queryFault says what is wrong with the parameters of an endpoint. It never quotes their values.
func queryFault(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil || strings.ContainsFunc(query, func(c rune) bool { return c <= ' ' || c > '~' || c == '#' || c == '?' }) {
		return "must be parameters as they stand behind the ? of a URL: name=value&name=value"
	}
	for name, all := range values {
		if name == "" {
			return "holds a parameter without a name"
		}
		if slices.ContainsFunc(all, func(v string) bool { return secretname.Is(name, v) }) {
			return "must not contain a secret; give it in secret_query, where it is stored encrypted and never shown"
		}
	}
	return ""
}
