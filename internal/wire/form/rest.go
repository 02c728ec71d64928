package form

import "encoding/json"

// Rest are members of an object that the form has no place for. They are written back to their own
// dialect alone.
type Rest []Member

// Member is one of them.
type Member struct {
	Name  string
	Raw   json.RawMessage
	Class Class
}

// Class says what it means that a target cannot be told a member.
type Class uint8

// The classes.
const (
	// Lossy: the request can be served without it, and the loss is noted.
	Lossy Class = iota
	// Silent: nothing is lost, since the form says the same or the member is a default.
	Silent
	// Must: the request cannot be served without it.
	Must
)

// Add keeps a member. One without a name says nothing to anybody.
func (r *Rest) Add(name string, raw json.RawMessage, class Class) {
	if name == "" {
		return
	}
	*r = append(*r, Member{Name: name, Raw: raw, Class: class})
}

// Get finds a member; nil: there is none.
func (r Rest) Get(name string) json.RawMessage {
	for i := range r {
		if r[i].Name == name {
			return r[i].Raw
		}
	}
	return nil
}

// Has reports whether a member is there.
func (r Rest) Has(name string) bool {
	for i := range r {
		if r[i].Name == name {
			return true
		}
	}
	return false
}
