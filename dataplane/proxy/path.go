package proxy

import (
	"net/http"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

// What paths begin with: all of Azure OpenAI, and Google's, where files to upload have a beginning of their own.
const (
	azure  = "/openai"
	google = "/v1beta"
	upload = "/upload"
)

// destination is where a URL leads.
type destination struct {
	// path is that of an endpoint, as endpoints are named: without a version, without what Azure's clients put before
	// it, and without a slash at its end. Of Google's API, what belongs to no endpoint keeps its version.
	path  string
	model string // that the URL names; empty: none
}

// Serves says which paths of a listener that it shares with others are the handler's.
func Serves(path string) bool {
	path = single(path)
	for _, root := range [...]string{"/v1", "/models", azure, google, upload + google} {
		if isBelow(path, root) {
			return true
		}
	}
	path = strings.TrimSuffix(path, "/")
	return strings.HasPrefix(path, "/responses/") || api.Find(path) != nil
}

// single writes slashes that follow each other as one, up to the name of a model: a base URL that ends in a slash, and
// a path that begins with one, are put together so.
func single(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	path, model, named := strings.Cut(path, models)
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if !named {
		return path
	}
	return strings.TrimSuffix(path, "/") + models + strings.TrimLeft(model, "/")
}

// pathOf is the path of a request as endpoints are named.
func pathOf(r *http.Request) string { return locate(r.URL.Path).path }

// isGoogle recognises paths of Google's API, whose clients may put their key into the query.
func isGoogle(url string) bool {
	return isBelow(single(url), google) || strings.HasPrefix(locate(url).path, modelPlace)
}

// locate splits the path of a URL into that of an endpoint and the model that it names: Azure's deployments
// (/openai/deployments/{model}/chat/completions) and Google's models (/v1beta/models/{model}:generateContent) do.
func locate(url string) destination {
	url = single(url)
	if below := strings.TrimPrefix(url, upload); isBelow(below, google) {
		rest := strings.TrimSuffix(below[len(google):], "/")
		if to, is := asked(rest); is {
			return to
		}
		return destination{path: google + rest}
	}
	path := strings.TrimSuffix(strings.TrimPrefix(url, "/v1"), "/")
	if to, is := asked(path); is {
		return to
	}
	rest, is := strings.CutPrefix(path, azure)
	if !is || rest != "" && rest[0] != '/' {
		return destination{path: path}
	}
	if path, is = strings.CutPrefix(rest, "/v1"); is && (path == "" || path[0] == '/') {
		return destination{path: path}
	}
	deployment, is := strings.CutPrefix(rest, "/deployments/")
	if !is {
		return destination{path: rest}
	}
	path = ""
	for _, e := range api.Endpoints { // the longest, as a name may hold slashes, which SDKs do not escape
		if !e.InPath && len(e.Path) > len(path) && len(e.Path) < len(deployment) && strings.HasSuffix(deployment, e.Path) {
			path = e.Path
		}
	}
	if path == "" {
		_, unknown, _ := strings.Cut(deployment, "/")
		return destination{path: "/" + unknown}
	}
	return destination{path: path, model: strings.TrimSuffix(deployment, path)}
}

// models is what names of models stand behind; modelPlace begins the paths of endpoints that are asked of one.
const (
	models     = "/models/"
	modelPlace = models + "{model}"
)

// asked takes what is asked of a model apart: /models/{model}:generateContent. What stands between is the model's
// name, which may hold slashes and colons, escaped or not.
func asked(path string) (to destination, is bool) {
	rest, is := strings.CutPrefix(path, models)
	at := strings.LastIndexByte(rest, ':')
	if !is || at <= 0 {
		return to, false
	}
	to = destination{path: modelPlace + rest[at:], model: rest[:at]}
	return to, api.Find(to.path) != nil
}

func isBelow(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}
