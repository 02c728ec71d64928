package importer

import (
	"context"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Run is one import of one provider, as it went.
type Run struct {
	ProviderUID string
	*adminv1.ImportRun
}

// Schedule is how the scheduled imports of one provider went.
type Schedule struct {
	ProviderUID string
	LastAt      time.Time // when the last one began
	Failures    int       // how many of the last ones failed, one after the other
}

// KeptRuns is how many imports of one provider are kept.
const KeptRuns = 50

// Store keeps how imports went; their effect is in the configuration.
type Store interface {
	// RecordImport stores an import and forgets all but the newest KeptRuns of its
	// provider. One of the schedule counts in ImportSchedules too.
	RecordImport(ctx context.Context, run Run) error
	// Imports lists imports, newest first, at most limit; of every provider for an empty name.
	Imports(ctx context.Context, provider string, limit int) ([]Run, error)
	// ImportSchedules lists how scheduled imports went, by no order.
	ImportSchedules(ctx context.Context) ([]Schedule, error)
}
