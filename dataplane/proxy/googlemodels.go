package proxy

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/gemini"
)

// googleModels are models as Google lists them, page by page.
type googleModels struct{}

type googleModel struct {
	Name            string   `json:"name"`
	BaseModelID     string   `json:"baseModelId"`
	Version         string   `json:"version"`
	DisplayName     string   `json:"displayName"`
	InputTokenLimit int64    `json:"inputTokenLimit,omitempty"` // the smallest of the group's members
	Methods         []string `json:"supportedGenerationMethods"`
}

// googleMethods are what is served of Google's API. What a group's providers lack of it, a call finds out.
var googleMethods = []string{"generateContent", "countTokens", "embedContent", "batchEmbedContents"}

func (googleModels) errors() *wire.Errors { return gemini.Family.Errors }

func (googleModels) one(m listed) any {
	return googleModel{
		Name: "models/" + m.id, BaseModelID: m.id, Version: "1", DisplayName: cmp.Or(m.group.DisplayName, m.id),
		InputTokenLimit: m.group.ContextWindow, Methods: googleMethods,
	}
}

// list takes pageSize, of which more than 1000 is 1000, and pageToken: the name of the last model before the page.
func (s googleModels) list(all []listed, query url.Values) (any, *wire.Error) {
	size := maxPage
	if given := query.Get("pageSize"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 0 {
			return nil, badQuery("pageSize", "must be a whole number that is not negative")
		}
		size = min(cmp.Or(n, maxPage), maxPage)
	}
	if token := query.Get("pageToken"); token != "" {
		last, err := base64.RawURLEncoding.DecodeString(token)
		at := slices.IndexFunc(all, func(m listed) bool { return m.id > string(last) })
		switch {
		case err != nil:
			return nil, badQuery("pageToken", "is not one of a page before")
		case at < 0:
			at = len(all)
		}
		all = all[at:]
	}
	out := struct {
		Models []any  `json:"models"`
		Next   string `json:"nextPageToken,omitempty"`
	}{Models: make([]any, 0, min(size, len(all)))}
	for _, m := range all[:min(size, len(all))] {
		out.Models = append(out.Models, s.one(m))
	}
	if len(all) > size {
		out.Next = base64.RawURLEncoding.EncodeToString([]byte(all[size-1].id))
	}
	return out, nil
}
