package postgres

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// TestRowsBetweenPartitions: a row that lost its partition on the way must not be taken
// for one that the database will never store, as one that breaks a rule of ours is.
func TestRowsBetweenPartitions(t *testing.T) {
	t.Parallel()
	for constraint, want := range map[string]errs.Code{"": errs.Unavailable, "call_id_check": errs.InvalidArgument} {
		err := fmt.Errorf("insert: %w", &pgconn.PgError{Code: "23514", ConstraintName: constraint})
		if got, ok := Classify(err); !ok || got != want {
			t.Errorf("constraint %q: %s, want %s", constraint, got, want)
		}
	}
}
