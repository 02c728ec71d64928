package proxy

import (
	"net/http"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

// azure is what all paths of Azure OpenAI begin with.
const azure = "/openai"

// pathOf is the path of a request as endpoints are named: without /v1, without what Azure's clients
// put before it, and without a slash at its end.
func pathOf(r *http.Request) string {
	path, _ := locate(r.URL.Path)
	return path
}

// locate splits the path of a URL into that of an endpoint and the model that it names, which is empty
// but for Azure's deployments: /openai/deployments/{model}/chat/completions.
func locate(url string) (path, model string) {
	path = strings.TrimSuffix(strings.TrimPrefix(url, "/v1"), "/")
	rest, is := strings.CutPrefix(path, azure)
	if !is || rest != "" && rest[0] != '/' {
		return path, ""
	}
	if path, is = strings.CutPrefix(rest, "/v1"); is && (path == "" || path[0] == '/') {
		return path, ""
	}
	deployment, is := strings.CutPrefix(rest, "/deployments/")
	if !is {
		return rest, ""
	}
	path = ""
	for _, e := range api.Endpoints { // the longest, as a name may hold slashes, which SDKs do not escape
		if len(e.Path) > len(path) && len(e.Path) < len(deployment) && strings.HasSuffix(deployment, e.Path) {
			path = e.Path
		}
	}
	if path == "" {
		_, unknown, _ := strings.Cut(deployment, "/")
		return "/" + unknown, ""
	}
	return path, strings.TrimSuffix(deployment, path)
}
