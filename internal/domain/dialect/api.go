package dialect

import (
	"slices"
	"strings"
)

// API is a family of endpoints that a provider may have.
type API struct {
	Name string
	// Conversation: it is one of those in which models converse, which say the same in other words.
	// A provider that names one of them has those that it names, and no other.
	Conversation bool
	// Root is what the paths of its endpoints begin with, without /v1.
	Root string
	// Talk is what follows that where models converse.
	Talk string

	// headers are what its requests need, where the client says nothing else.
	headers map[string][]string
}

// The APIs that are known by name elsewhere.
const (
	Chat       = "chat"
	Responses  = "responses"
	Messages   = "messages"
	Gemini     = "gemini"
	Embeddings = "embeddings"
	Rerank     = "rerank"
	Models     = "models"
)

// ModelPlace stands for the id of the model in a path.
const ModelPlace = "{model}"

// apis are all, the conversations first. Gemini's endpoints lie below the list of models. Nobody
// changes them.
var apis = []*API{
	{Name: Chat, Root: "/chat/completions", Conversation: true},
	{Name: Responses, Root: "/responses", Conversation: true},
	{
		Name: Messages, Root: "/messages", Conversation: true,
		headers: map[string][]string{"Anthropic-Version": {"2023-06-01"}},
	},
	{Name: Gemini, Root: "/models/" + ModelPlace, Talk: ":generateContent", Conversation: true},
	{Name: "completions", Root: "/completions"},
	{Name: Embeddings, Root: "/embeddings"},
	{Name: "moderations", Root: "/moderations"},
	{Name: "images", Root: "/images"},
	{Name: "audio", Root: "/audio"},
	{Name: Rerank, Root: "/rerank"},
	{Name: Models, Root: "/models"},
}

// FindAPI finds an API by its name; nil: there is none.
func FindAPI(name string) *API {
	i := slices.IndexFunc(apis, func(a *API) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return apis[i]
}

// APIs are the names of all.
func APIs() (all []string) {
	for _, a := range apis {
		all = append(all, a.Name)
	}
	return all
}

// APIOf finds the API of an endpoint such as /messages/count_tokens; nil: there is none.
func APIOf(endpoint string) *API {
	for _, a := range apis {
		if rest, ok := strings.CutPrefix(endpoint, a.Root); ok && (rest == "" || rest[0] == '/' || rest[0] == ':') {
			return a
		}
	}
	return nil
}
