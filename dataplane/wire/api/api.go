// Package api is the table of every API that is served: a new one is a package beside this
// one and a line here.
package api

import (
	"cmp"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/audio"
	"github.com/trunkline-ai/trunkline/dataplane/wire/chat"
	"github.com/trunkline-ai/trunkline/dataplane/wire/cohere"
	"github.com/trunkline-ai/trunkline/dataplane/wire/completions"
	"github.com/trunkline-ai/trunkline/dataplane/wire/embeddings"
	"github.com/trunkline-ai/trunkline/dataplane/wire/gemini"
	"github.com/trunkline-ai/trunkline/dataplane/wire/images"
	"github.com/trunkline-ai/trunkline/dataplane/wire/messages"
	"github.com/trunkline-ai/trunkline/dataplane/wire/moderations"
	"github.com/trunkline-ai/trunkline/dataplane/wire/rerank"
	"github.com/trunkline-ai/trunkline/dataplane/wire/responses"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

// Families are the APIs, in the order of the OpenAI reference, then those of others.
var Families = []*wire.Family{
	&chat.Family, &completions.Family, &responses.Family, &embeddings.Family, &moderations.Family, &images.Family,
	&audio.Family, &rerank.Family, &messages.Family, &gemini.Family,
}

// Endpoints are those of all families. Nobody changes them.
var Endpoints = endpoints()

func endpoints() (all []*wire.Endpoint) {
	for _, f := range Families {
		for _, e := range f.Endpoints {
			e.API, e.Errors, e.Number, e.Shapes = f.Name, f.Errors, len(all), shapesOf(f.Name)
			e.Route = cmp.Or(f.Version, "/v1") + e.Path
			all = append(all, &e)
		}
	}
	return all
}

// shapesOf are the ways in which vendors say what a family says, by the name of the format.
func shapesOf(family string) map[string]wire.Shape {
	all := map[string]wire.Shape{}
	if shape, has := cohere.Shapes[family]; has {
		all[dialect.CohereV2] = shape
	}
	return all
}

// Find finds the endpoint of a path without its version; nil: there is none.
func Find(path string) *wire.Endpoint {
	for _, e := range Endpoints {
		if e.Path == path || e.IsStreamPath(path) {
			return e
		}
	}
	return nil
}

// Conversations are the endpoints between which requests are translated, in the order in which one of
// them is chosen.
var Conversations = conversations()

func conversations() (all []*wire.Endpoint) {
	for _, name := range dialect.Translated() {
		for _, e := range Endpoints {
			if e.API == name && e.Codec != nil {
				all = append(all, e)
			}
		}
	}
	return all
}

// elsewhere are endpoints of OpenAI's that name no model or belong to one account: no
// group could route them. Each stands for itself and all below it.
var elsewhere = []string{
	"/files", "/uploads", "/batches", "/fine_tuning", "/assistants", "/threads", "/vector_stores", "/containers",
	"/evals", "/realtime", "/videos", "/conversations", "/responses", "/organization", "/chat/completions", "/messages/batches", "/skills",
}

// IsElsewhere recognises the endpoints that a gateway cannot serve. Of Google's that is all but models.
func IsElsewhere(path string) bool {
	if isBelow(path, gemini.Family.Version) {
		return path != gemini.Family.Version && !isBelow(path, gemini.Family.Version+"/models")
	}
	for _, p := range elsewhere {
		if isBelow(path, p) {
			return true
		}
	}
	return false
}

// ErrorsOf is how errors under a path are worded, also where there is no endpoint. The paths of Google's API
// that belong to none come with its version.
func ErrorsOf(path string) *wire.Errors {
	switch {
	case isBelow(path, "/messages"):
		return messages.Family.Errors
	case isBelow(path, gemini.Family.Version):
		return gemini.Family.Errors
	}
	if e := Find(path); e != nil {
		return e.Errors
	}
	return wire.OpenAI
}

func isBelow(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix) && path[len(prefix)] == '/'
}
