// Package preset has the vendors whose addresses and ways are known. All that differs between them
// is data, and presets.json is all of it: the console, the CLI and the import from other gateways
// are made of it.
package preset

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Preset is one vendor, or one of the ways to reach it.
type Preset struct {
	ID    string `json:"id"`
	Title string `json:"title"` // as it writes itself; not translated
	Name  string `json:"name"`  // that is suggested for the provider; by default the id
	// KeyLooks is how its keys begin; empty when there is no rule.
	KeyLooks string `json:"key_looks"`
	// Keyless: it is called without a key unless one was set up there.
	Keyless bool `json:"keyless"`
	// Local: it is on a network of one's own, so that its address may be private.
	Local bool `json:"local"`
	// Placeholders are the parts of its URLs that are one's own.
	Placeholders []string `json:"placeholders"`
	// Docs is where its API and keys are described, for people; Sources are the pages that its
	// endpoints were taken from.
	Docs     string   `json:"docs"`
	Sources  []string `json:"sources"`
	Provider Provider `json:"provider"`
}

// Provider is what a preset says of a provider.
type Provider struct {
	BaseURL   string     `json:"base_url"`
	Dialect   string     `json:"dialect"` // empty: openai
	Endpoints []Endpoint `json:"endpoints"`
}

// Endpoint is how one of its APIs is reached where that differs.
type Endpoint struct {
	API     string `json:"api"`
	BaseURL string `json:"base_url,omitempty"`
	Path    string `json:"path,omitempty"`
	Query   string `json:"query,omitempty"`
	Auth    string `json:"auth,omitempty"`
	Format  string `json:"format,omitempty"`
}

//go:embed presets.json
var data []byte

// All are all presets, in their order. Nobody changes them.
var All = sync.OnceValue(func() []*Preset {
	var all []*Preset
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("presets.json: %v", err)) // a test reads it
	}
	for _, p := range all {
		if p.Name == "" {
			p.Name = p.ID
		}
	}
	return all
})

// Find finds a preset by its id; nil: there is none.
func Find(id string) *Preset {
	for _, p := range All() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Document is the provider that a preset makes, without credentials, with values in place of its
// placeholders. Placeholders without a value stay.
func (p *Preset) Document(name string, values map[string]string) *adminv1.Provider {
	fill := func(url string) string {
		for _, placeholder := range p.Placeholders {
			if value := values[placeholder]; value != "" {
				url = strings.ReplaceAll(url, placeholder, value)
			}
		}
		return url
	}
	out := &adminv1.Provider{Name: name, BaseUrl: fill(p.Provider.BaseURL), Dialect: p.Provider.Dialect, AllowPrivateNetwork: p.Local}
	for _, e := range p.Provider.Endpoints {
		out.Endpoints = append(out.Endpoints, &adminv1.Endpoint{Api: e.API, BaseUrl: fill(e.BaseURL), Path: e.Path, Query: e.Query, Auth: e.Auth, Format: e.Format})
	}
	return out
}

// Missing are the placeholders that values do not fill.
func (p *Preset) Missing(values map[string]string) []string {
	return slices.DeleteFunc(slices.Clone(p.Placeholders), func(placeholder string) bool { return values[placeholder] != "" })
}
