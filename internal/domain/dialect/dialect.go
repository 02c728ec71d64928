// Package dialect is the one registry of the kinds of upstream that providers may be. Nodes,
// the validation of providers, the import of models and the provider test read it; nothing
// else knows a dialect by name.
//
// A vendor whose API is OpenAI's in all that is written here needs no dialect: that is most.
package dialect

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Dialect is how a kind of upstream differs from the others.
type Dialect struct {
	Name string
	// AllInOneOnly: it lives in the all-in-one, so nodes of other installations have none.
	AllInOneOnly bool
	// DefaultBase is the base URL of providers that have none; nil: they must have one.
	DefaultBase *url.URL
	// ChatPath is where a provider chats, for its test.
	ChatPath string
	// ModelsPath is where a provider lists its models.
	ModelsPath string
	// ModelsPage is how many models a page of that list is asked to hold, where pages are small
	// when nothing is said; 0: nothing is.
	ModelsPage int

	// own are endpoints that take the credential as keyHeader, with all below them, and need
	// these headers; all others take a bearer token.
	own       []string
	keyHeader string
	headers   map[string]string
}

// The endpoints in which providers chat.
const (
	ChatCompletions = "/chat/completions"
	Messages        = "/messages"
)

// Default is the dialect of providers that name none.
const Default = "openai"

// registry is every dialect there is. Nobody changes it.
var registry = []*Dialect{
	{Name: Default, ChatPath: ChatCompletions, ModelsPath: "/models"},
	{
		// Anthropic's own API. The OpenAI-compatible endpoints beside it take a bearer token.
		// Servers of others that have /messages too (vLLM, OpenRouter, LiteLLM) take a bearer
		// token there, so they need no dialect of their own.
		Name: "anthropic", ChatPath: Messages, ModelsPath: "/models", ModelsPage: 1000,
		own: []string{"/messages", "/models"}, keyHeader: "X-Api-Key",
		headers: map[string]string{"Anthropic-Version": "2023-06-01"}, // when the client names none
	},
	{
		// The built-in scripted upstream.
		Name: "fake", ChatPath: ChatCompletions, ModelsPath: "/models", AllInOneOnly: true,
		DefaultBase: &url.URL{Scheme: "http", Host: "fake.invalid", Path: "/v1"},
	},
}

// Find finds a dialect by its name; the empty name is the default.
func Find(name string) (*Dialect, bool) {
	if name == "" {
		name = Default
	}
	for _, d := range registry {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}

// Names are the names of all dialects, the default first.
func Names() (all []string) {
	for _, d := range registry {
		all = append(all, d.Name)
	}
	return all
}

// Base is the base URL of a provider, which may have none.
func (d *Dialect) Base(given *url.URL) *url.URL {
	if given.Host == "" && d.DefaultBase != nil {
		return d.DefaultBase
	}
	return given
}

// Authorize puts a credential into the headers of a request to an endpoint.
func (d *Dialect) Authorize(header http.Header, endpoint, secret string) {
	if !slices.ContainsFunc(d.own, func(own string) bool { return endpoint == own || strings.HasPrefix(endpoint, own+"/") }) {
		header["Authorization"] = []string{"Bearer " + secret}
		return
	}
	header[d.keyHeader] = []string{secret}
	for name, value := range d.headers {
		header[name] = []string{value}
	}
}
