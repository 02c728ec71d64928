package dialect

import (
	"net/url"
	"strings"
)

// Join says where an endpoint lives below a provider's base URL, of every dialect: it appends
// the endpoint to the base path. The query (?api-version=...) stays.
func Join(base *url.URL, endpoint string) *url.URL {
	u := *base
	u.Path, u.RawPath = root(base.Path)+endpoint, ""
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
