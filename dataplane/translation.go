package dataplane

import "fmt"

// Translation is what became of a request that went to a provider of another dialect than the
// client's, and of its answer.
type Translation struct {
	From, To string // dialects
	// Approximated and Dropped name members and kinds of both, never values; see form.Losses.
	Approximated, Dropped []string
}

// TranslationMode says whether candidates may get a request in another dialect than the client's.
type TranslationMode uint8

// The modes.
const (
	TranslateAllowed TranslationMode = iota
	TranslateStrict                  // only where nothing has to be said in another way
	TranslateOff                     // never
)

func compileTranslation(name string) (TranslationMode, error) {
	switch name {
	case "", "allow":
		return TranslateAllowed, nil
	case "strict":
		return TranslateStrict, nil
	case "off":
		return TranslateOff, nil
	}
	return 0, fmt.Errorf("policy: translation %q is not known", name)
}
