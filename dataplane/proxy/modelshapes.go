package proxy

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/messages"
)

// openAIModels are models as OpenAI lists them, with what OpenRouter adds.
type openAIModels struct{}

type openAIModel struct {
	ID            string `json:"id"`
	Object        string `json:"object"`
	Created       int64  `json:"created"`
	OwnedBy       string `json:"owned_by"`
	Name          string `json:"name,omitempty"`
	ContextLength int64  `json:"context_length,omitempty"` // the smallest of the group's members
}

func (openAIModels) errors() *wire.Errors { return wire.OpenAI }

func (openAIModels) one(m listed) any {
	return openAIModel{
		ID: m.id, Object: "model", Created: m.group.CreatedAt, OwnedBy: "trunkline",
		Name: m.group.DisplayName, ContextLength: m.group.ContextWindow,
	}
}

func (s openAIModels) list(all []listed, _ url.Values) (any, *wire.Error) {
	data := make([]any, len(all))
	for i, m := range all {
		data[i] = s.one(m)
	}
	return struct {
		Object string `json:"object"`
		Data   []any  `json:"data"`
	}{"list", data}, nil
}

// anthropicModels are models as Anthropic lists them, page by page.
type anthropicModels struct{}

type anthropicModel struct {
	Type           string `json:"type"`
	ID             string `json:"id"`
	DisplayName    string `json:"display_name"`
	CreatedAt      string `json:"created_at"`
	MaxInputTokens int64  `json:"max_input_tokens,omitempty"` // the smallest of the group's members
}

// maxPage is the most models on a page, and how many there are when nothing is said: clients that
// do not turn pages are to see all.
const maxPage = 1000

func (anthropicModels) errors() *wire.Errors { return messages.Family.Errors }

func (anthropicModels) one(m listed) any {
	return anthropicModel{
		Type: "model", ID: m.id, DisplayName: cmp.Or(m.group.DisplayName, m.id),
		CreatedAt: time.Unix(m.group.CreatedAt, 0).UTC().Format(time.RFC3339), MaxInputTokens: m.group.ContextWindow,
	}
}

func (s anthropicModels) list(all []listed, query url.Values) (any, *wire.Error) {
	limit := maxPage
	if given := query.Get("limit"); given != "" {
		var err error
		if limit, err = strconv.Atoi(given); err != nil || limit < 1 || limit > maxPage {
			return nil, badQuery("limit", "must be a number from 1 to "+strconv.Itoa(maxPage))
		}
	}
	page, hasMore, refused := pageOf(all, limit, query.Get("after_id"), query.Get("before_id"))
	if refused != nil {
		return nil, refused
	}
	out := struct {
		Data    []any   `json:"data"`
		HasMore bool    `json:"has_more"`
		FirstID *string `json:"first_id"`
		LastID  *string `json:"last_id"`
	}{Data: make([]any, len(page)), HasMore: hasMore}
	for i, m := range page {
		out.Data[i] = s.one(m)
	}
	if len(page) > 0 {
		out.FirstID, out.LastID = &page[0].id, &page[len(page)-1].id
	}
	return out, nil
}

// pageOf is the page behind after, or in front of before.
func pageOf(all []listed, limit int, after, before string) (page []listed, hasMore bool, refused *wire.Error) {
	place := func(id string) int { return slices.IndexFunc(all, func(m listed) bool { return m.id == id }) }
	switch {
	case after != "" && before != "":
		return nil, false, badQuery("before_id", "cannot be given together with after_id")
	case after != "":
		at := place(after)
		if at < 0 {
			return nil, false, badQuery("after_id", "names no model of the list")
		}
		all = all[at+1:]
	case before != "":
		at := place(before)
		if at < 0 {
			return nil, false, badQuery("before_id", "names no model of the list")
		}
		all = all[:at]
		return all[max(len(all)-limit, 0):], len(all) > limit, nil
	}
	return all[:min(limit, len(all))], len(all) > limit, nil
}

func badQuery(name, why string) *wire.Error {
	return &wire.Error{Message: name + " " + why + ".", Type: wire.InvalidRequest, Param: name, Code: "invalid_request"}
}
