package server

import (
	"slices"
)

// Labels of metrics name providers, groups and failure keywords. So that nobody can fill the
// memory of this process or of Prometheus with them, at most maxNames of each kind have series
// of their own; the others share one.
const (
	maxNames  = 1000
	otherName = "(other)"
)

// names are those that have series of their own.
type names struct{ providers, groups, keywords nameSet }

// nameSet is a set of at most maxNames.
type nameSet map[string]struct{}

// label is what a metric says for a name. Who has none stays without.
func (n nameSet) label(name string) string {
	if _, ok := n[name]; ok || name == "" {
		return name
	}
	return otherName
}

// replace makes the set one of present names and gives those that left it. Who is in it stays,
// so that a series does not end because others came; free places go by the order of present.
func (n *nameSet) replace(present []string) (gone []string) {
	next := make(nameSet, min(len(present), maxNames))
	for _, name := range present {
		if _, had := (*n)[name]; had {
			next[name] = struct{}{}
		}
	}
	for _, name := range present {
		if len(next) == maxNames {
			break
		}
		next[name] = struct{}{}
	}
	for name := range *n {
		if _, stays := next[name]; !stays {
			gone = append(gone, name)
		}
	}
	*n = next
	slices.Sort(gone)
	return gone
}

// namesOf lists the names of documents.
func namesOf[T interface{ GetName() string }](documents []T) []string {
	all := make([]string, len(documents))
	for i, d := range documents {
		all[i] = d.GetName()
	}
	return all
}
