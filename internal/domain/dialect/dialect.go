// Package dialect is the one registry of how upstreams are reached: the kinds that providers may
// be, the APIs that they may have, and the ways in which they take a credential. Nodes, the
// validation of providers, the import of models and the provider test read it; nothing else knows
// one of these by name.
//
// A vendor whose API is OpenAI's in all that is written here needs no kind of its own: that is most.
package dialect

import (
	"net/url"
	"slices"
)

// Dialect is a kind of upstream: how providers that say nothing else of an API have it.
type Dialect struct {
	Name string
	// AllInOneOnly: it lives in the all-in-one, so nodes of other installations have none.
	AllInOneOnly bool
	// DefaultBase is the base URL of providers that have none; nil: they must have one.
	DefaultBase *url.URL
	// Main is the API that it is about: its test chats there, and models are listed with its
	// credential and headers.
	Main string
	// ModelsPage is how many models a page of that list is asked to hold, by the parameter
	// PageParameter, where pages are small when nothing is said; 0: nothing is.
	ModelsPage    int
	PageParameter string

	// speaks are the conversations that it has for certain, tries those that some have: each is
	// asked for until an answer teaches that it is missing.
	speaks, tries []string
	// auth is how it takes the credential, by API; all others take a bearer token.
	auth map[string]string
}

// Default is the dialect of providers that name none.
const Default = "openai"

// registry is every kind there is. Nobody changes it.
var registry = []*Dialect{
	{Name: Default, Main: Chat, speaks: []string{Chat}, tries: []string{Responses, Messages}},
	{
		// Anthropic's own API. Servers of others that have /messages too (vLLM, OpenRouter, LiteLLM)
		// take a bearer token there, so they need no kind of their own.
		Name: "anthropic", Main: Messages, ModelsPage: 1000, PageParameter: "limit",
		speaks: []string{Messages}, auth: map[string]string{Messages: XAPIKey, Models: XAPIKey},
	},
	{
		// Google's own API, for Gemini.
		Name: "gemini", Main: Gemini, ModelsPage: 1000, PageParameter: "pageSize",
		speaks: []string{Gemini}, auth: map[string]string{Gemini: XGoogAPIKey, Models: XGoogAPIKey},
	},
	{
		// The built-in scripted upstream.
		Name: "fake", Main: Chat, speaks: []string{Chat, Responses, Messages, Gemini}, AllInOneOnly: true,
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

// has says whether a provider of the kind has an API, and whether that is certain.
func (d *Dialect) has(api *API) (has, certain bool) {
	switch {
	case slices.Contains(d.speaks, api.Name):
		return true, true
	case api.Conversation:
		return slices.Contains(d.tries, api.Name), !slices.Contains(d.tries, api.Name)
	}
	return true, false
}
