package dialect

import (
	"net/url"
	"regexp"
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
// query (?api-version=...) stays. An exact base is left as it is. messages: the base is one for Anthropic's API.
func join(base *url.URL, endpoint string, messages bool) *url.URL {
	u := *base
	if IsExact(base) {
		u.Fragment = ""
		return &u
	}
	u.Path, u.RawPath = root(base.Path, messages)+endpoint, ""
	return &u
}

// below is join for a path that is taken as it is.
func below(base *url.URL, path string) *url.URL {
	u := *base
	u.Path, u.RawPath = strings.TrimRight(base.Path, "/")+path, ""
	return &u
}

// documented are endpoints whose whole URL vendors print where others print a base URL.
var documented = []string{"/chat/completions", "/completions", "/messages/count_tokens", "/messages", "/responses", "/embeddings", "/models"}

// version is what the last part of a path may be below which no /v1 follows.
var version = regexp.MustCompile(`/v[0-9]+[a-z0-9]*$`)

// root is the path below which the endpoints lie. The URL of an endpoint stands for what is before it, which may be
// the host's root: that is how a provider without /v1 is written. A base without a path gets /v1. For Anthropic's
// API vendors document what its SDK takes, which appends /v1 by itself (/anthropic, /api, /api/coding, a /v1 in the
// middle): there every path gets it that does not end in a version. Any other path is taken as it is, so /v1, /api/v1
// and /v1beta/openai all work.
func root(path string, messages bool) string {
	path = strings.TrimRight(path, "/")
	for _, endpoint := range documented {
		if before, found := strings.CutSuffix(path, endpoint); found {
			return before
		}
	}
	if path == "" || strings.HasSuffix(path, "/anthropic") || messages && !version.MatchString(path) {
		return path + "/v1"
	}
	return path
}
