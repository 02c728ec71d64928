package controlplane

import "time"

// SummaryChanges is how many changes a RevisionSummary names.
const SummaryChanges = 10

// RevisionSummary is one committed change of the configuration in short.
type RevisionSummary struct {
	Revision Revision
	At       time.Time
	Actor    string
	Count    int      // of resources that it changed
	Changes  []Change // the first SummaryChanges of them, without documents
}
