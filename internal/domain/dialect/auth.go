package dialect

// Auth is a way in which a provider takes a credential: a header.
type Auth struct {
	Name   string
	Header string // in canonical form
	prefix string
}

// The ways.
const (
	Bearer      = "bearer"
	XAPIKey     = "x-api-key"
	APIKey      = "api-key"
	XGoogAPIKey = "x-goog-api-key"
)

// auths are all ways. Nobody changes them.
var auths = []*Auth{
	{Name: Bearer, Header: "Authorization", prefix: "Bearer "},
	{Name: XAPIKey, Header: "X-Api-Key"},          // Anthropic
	{Name: APIKey, Header: "Api-Key"},             // Azure
	{Name: XGoogAPIKey, Header: "X-Goog-Api-Key"}, // Google
}

// FindAuth finds a way by its name; nil: there is none.
func FindAuth(name string) *Auth {
	for _, a := range auths {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Auths are the names of all ways.
func Auths() (all []string) {
	for _, a := range auths {
		all = append(all, a.Name)
	}
	return all
}
