package dialect

import (
	"net/url"
	"strings"
)

// exactMark, at the end of a base URL, makes it the URL of every call. A parsed one has it as its
// fragment, which never goes over the wire.
const exactMark = "#"

// ParseBase parses a base URL, which may be exact.
func ParseBase(raw string) (*url.URL, error) {
	plain, exact := strings.CutSuffix(raw, exactMark)
	u, err := url.Parse(plain)
	if err == nil && exact {
		u.Fragment = exactMark
	}
	return u, err
}

// IsExact reports whether a base URL, as ParseBase gives it, is the URL of every call.
func IsExact(base *url.URL) bool { return base.Fragment == exactMark }

// join says where an endpoint lives below a base URL: it appends the endpoint to the base path. The
// query (?api-version=...) stays. An exact base is left as it is.
func join(base *url.URL, endpoint string) *url.URL {
	u := *base
	if IsExact(base) {
		u.Fragment = ""
		return &u
	}
	u.Path, u.RawPath = root(base.Path)+endpoint, ""
	return &u
}

// below is join for a path that is taken as it is.
func below(base *url.URL, path string) *url.URL {
	u := *base
	u.Path, u.RawPath = strings.TrimRight(base.Path, "/")+path, ""
	return &u
}

// documented are endpoints whose whole URL vendors print where others print a base URL.
var documented = []string{"/chat/completions", "/completions", "/messages", "/responses", "/embeddings", "/models"}

// root is the path below which the endpoints lie. A base without a path gets /v1, and so does one
// that ends in /anthropic: vendors document it for Anthropic's SDK, which appends /v1 by itself.
// The URL of an endpoint stands for what is before it, which may be the host's root: that is
// how a provider without /v1 is written. Any other path is taken as it is, so /v1, /api/v1
// and /v1beta/openai all work.
func root(path string) string {
	path = strings.TrimRight(path, "/")
	for _, endpoint := range documented {
		if before, found := strings.CutSuffix(path, endpoint); found {
			return before
		}
	}
	if path == "" || strings.HasSuffix(path, "/anthropic") {
		return path + "/v1"
	}
	return path
}
