package store

import (
	"context"
	"database/sql"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/importer"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Imports keeps how imports of providers' models went.
type Imports struct{ db *DB }

// NewImports is the Imports of a database.
func NewImports(db *DB) *Imports { return &Imports{db} }

// RecordImport stores an import and forgets all but the newest of its provider.
func (s *Imports) RecordImport(ctx context.Context, run importer.Run) error {
	record, err := proto.Marshal(run.ImportRun)
	if err != nil {
		return fmt.Errorf("encode import %q: %w", run.GetId(), err)
	}
	start := micros(run.GetStartTime().AsTime())
	failed := 0
	if run.GetError() != "" {
		failed = 1
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO import_run (id, provider_uid, provider, start_us, record) VALUES ($1, $2, $3, $4, $5)`,
			run.GetId(), run.ProviderUID, run.GetProvider(), start, record); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`DELETE FROM import_run WHERE provider_uid = $1 AND id NOT IN (
			   SELECT id FROM import_run WHERE provider_uid = $2 ORDER BY start_us DESC, id DESC LIMIT $3)`,
			run.ProviderUID, run.ProviderUID, importer.KeptRuns); err != nil {
			return err
		}
		if !run.GetScheduled() {
			return nil
		}
		_, err := tx.ExecContext(ctx,
			`INSERT INTO import_schedule (provider_uid, last_us, failures) VALUES ($1, $2, $3)
			 ON CONFLICT (provider_uid) DO UPDATE SET last_us = excluded.last_us,
			   failures = CASE WHEN excluded.failures = 0 THEN 0 ELSE import_schedule.failures + 1 END`,
			run.ProviderUID, start, failed)
		return err
	})
	return s.db.failed(err, "store an import")
}

// Imports lists imports, newest first.
func (s *Imports) Imports(ctx context.Context, provider string, limit int) ([]importer.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	const read = `SELECT provider_uid, record FROM import_run`
	query, args := read+` ORDER BY start_us DESC, id DESC LIMIT $1`, []any{limit}
	if provider != "" {
		query, args = read+` WHERE provider = $1 ORDER BY start_us DESC, id DESC LIMIT $2`, []any{provider, limit}
	}
	rows, err := s.db.engine.Reader().QueryContext(ctx, query, args...)
	runs, err := collect(rows, err, func(rows *sql.Rows) (importer.Run, error) {
		run := importer.Run{ImportRun: &adminv1.ImportRun{}}
		var record []byte
		if err := rows.Scan(&run.ProviderUID, &record); err != nil {
			return run, err
		}
		return run, proto.Unmarshal(record, run.ImportRun)
	})
	return runs, s.db.failed(err, "list imports")
}

// ImportSchedules lists how scheduled imports went.
func (s *Imports) ImportSchedules(ctx context.Context) ([]importer.Schedule, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT provider_uid, last_us, failures FROM import_schedule`)
	schedules, err := collect(rows, err, func(rows *sql.Rows) (importer.Schedule, error) {
		var (
			schedule importer.Schedule
			last     int64
		)
		err := rows.Scan(&schedule.ProviderUID, &last, &schedule.Failures)
		schedule.LastAt = fromMicros(last)
		return schedule, err
	})
	return schedules, s.db.failed(err, "list import schedules")
}
