package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/store/migration"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// TestClassify has SQLite make the errors, since they cannot be made otherwise.
func TestClassify(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), "sqlite:///"+filepath.Join(t.TempDir(), "trunkline.db"), migrate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	const call = `INSERT INTO call (id, node, start_us, group_name, api_key, outcome, status, model, stream, duration_us, stored_us, failed_over, cost_pico, attempt_outcomes, record) VALUES `
	for _, test := range []struct {
		name, statement string
		on              *sql.DB
		want            errs.Code
	}{
		{"unique", `INSERT INTO token (name, hash, last_four, created_at, read_bodies) VALUES ('a', x'01', '', 0, 0), ('b', x'01', '', 0, 0)`, db.Writer(), errs.AlreadyExists},
		{"primary key", `INSERT INTO secret (ref, ciphertext, created_at) VALUES ('a', x'', 0), ('a', x'', 0)`, db.Writer(), errs.AlreadyExists},
		{"foreign key", `INSERT INTO recovery_code (user_id, hash) VALUES ('nobody', x'00')`, db.Writer(), errs.FailedPrecondition},
		{"check", `INSERT INTO call_total (id, node, bucket, record) VALUES ('', 'n', 0, x'')`, db.Writer(), errs.InvalidArgument},
		{"null", call + `('i', NULL, 0, '', '', '', 0, '', 0, 0, 0, 0, 0, '', x'')`, db.Writer(), errs.InvalidArgument},
		{"type", call + `('i', 'n', 'text', '', '', '', 0, '', 0, 0, 0, 0, 0, '', x'')`, db.Writer(), errs.InvalidArgument},
		{"write on the reader", `DELETE FROM call`, db.Reader(), errs.Unavailable},
		{"syntax", `SELEKT 1`, db.Writer(), errs.Internal},
	} {
		_, err := test.on.ExecContext(t.Context(), test.statement)
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		if got, ok := Classify(fmt.Errorf("wrapped: %w", err)); got != test.want || !ok {
			t.Errorf("%s: %v is %q, want %q", test.name, err, got, test.want)
		}
	}
	if code, ok := Classify(errors.New("UNIQUE constraint failed")); ok {
		t.Errorf("an error that is none of the driver's is %q", code)
	}
}

// migrate is what the store has Open do.
func migrate(ctx context.Context, db *sql.DB) error {
	_, err := migration.SQLite(ctx, db)
	return err
}
