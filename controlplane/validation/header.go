package validation

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/trunkline-ai/trunkline/internal/domain/secretname"
)

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

func checkHeaders(d document, headers map[string]string) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		field := "headers[" + strconv.Quote(name) + "]"
		if !httpguts.ValidHeaderFieldName(name) {
			d.add(field, "is not a header name")
			continue
		}
		lower := strings.ToLower(name)
		if why, ok := reservedHeaders[lower]; ok {
			d.add(field, "%s", why)
			continue
		}
		if other, ok := seen[lower]; ok {
			d.add(field, "is the same header as %q", other)
		}
		seen[lower] = name
		if secretname.Is(name, headers[name]) {
			d.add(field, "looks like a secret; give it in secret_headers, where it is stored encrypted and never shown")
		}
		if v := headers[name]; !httpguts.ValidHeaderFieldValue(v) || strings.TrimSpace(v) != v {
			d.add(field, "has a value with control characters or with spaces at an end")
		}
	}
}
