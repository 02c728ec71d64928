package dialect

// Format is a vendor's own way to say what one of the APIs says.
type Format struct {
	Name string
	API  string
	Root string // in place of the API's
}

// CohereV2 is how version 2 of Cohere's API ranks and embeds.
const CohereV2 = "cohere_v2"

// formats are all. Nobody changes them.
var formats = []*Format{
	{Name: CohereV2, API: Rerank, Root: "/rerank"},
	{Name: CohereV2, API: Embeddings, Root: "/embed"},
}

// FindFormat finds a format of an API by its name; nil: there is none.
func FindFormat(api, name string) *Format {
	for _, f := range formats {
		if f.API == api && f.Name == name {
			return f
		}
	}
	return nil
}
