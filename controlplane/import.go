package controlplane

import (
	"context"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ImportRun is one import of one provider, as it went.
type ImportRun struct {
	ProviderUID string
	*adminv1.ImportRun
}

// ImportSchedule is how the scheduled imports of one provider went.
type ImportSchedule struct {
	ProviderUID string
	LastAt      time.Time // when the last one began
	Failures    int       // how many of the last ones failed, one after the other
}

// KeptImports is how many imports of one provider are kept.
const KeptImports = 50

// ImportStore keeps how imports went; their effect is in the configuration.
type ImportStore interface {
	// RecordImport stores an import and forgets all but the newest KeptImports of its
	// provider. One of the schedule counts in ImportSchedules too.
	RecordImport(ctx context.Context, run ImportRun) error
	// Imports lists imports, newest first, at most limit; of every provider for an empty name.
	Imports(ctx context.Context, provider string, limit int) ([]ImportRun, error)
	// ImportSchedules lists how scheduled imports went, by no order.
	ImportSchedules(ctx context.Context) ([]ImportSchedule, error)
}
