// Package outcome is the list of all outcomes: how an attempt or a call can end, and what
// follows from that for everyone. Both planes, the CLI and the console take it from here or
// from what is generated beside it. What a node does about an outcome is in package dataplane.
package outcome

import (
	"slices"

	"github.com/trunkline-ai/trunkline/internal/domain/nearest"
)

//go:generate go run ./generate -o ../../..

// Outcome is one of them. Names are published and never change.
type Outcome struct {
	Name string
	// CountsAgainst is what a failure is held against: none, target, provider or credential.
	CountsAgainst string
	// Blame is who is at fault: provider, target, credential, caller or gateway; empty for ok.
	Blame string
	// Permanent: the same request sent again soon cannot do better.
	Permanent bool
	// NeedsHelp: a cooldown for it usually needs a person to end it. Among targets that are
	// cooling, those that time alone will heal go first.
	NeedsHelp bool
}

// All lists them in the order of the table.
func All() []Outcome { return slices.Clone(table[:]) }

// Names lists their names in the order of the table.
func Names() []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].Name
	}
	return names
}

// Named finds an outcome by its name. A node that is newer may use others.
func Named(name string) (Outcome, bool) {
	for i := range table {
		if table[i].Name == name {
			return table[i], true
		}
	}
	return Outcome{}, false
}

// Nearest gives the n names that are most like one that does not exist, the best first.
func Nearest(name string, n int) []string { return nearest.Of(Names(), name, n) }
