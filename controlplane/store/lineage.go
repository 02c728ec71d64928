package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
)

// Adopt gives the database a new lineage, which takes the place of its present one and of
// the others given, in one transaction with a line of the change log. It returns the
// configuration afterwards, whose content is the same.
func (s *Configuration) Adopt(ctx context.Context, actor string, others []string) (*controlplane.Config, error) {
	const doing = "adopt the database"
	ctx, entry := audited(ctx, actor)
	var next *controlplane.Config
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		taken, err := takeRevision(ctx, tx, "")
		if err != nil {
			return err
		}
		now := version{taken.revision, uuid.NewString()}
		at := s.db.now().UTC().Truncate(time.Microsecond)
		if _, err := tx.ExecContext(ctx, `UPDATE config_version SET lineage = $1 WHERE id = 1`, now.lineage); err != nil {
			return err
		}
		replaced := append(slices.Clone(others), taken.lineage)
		slices.Sort(replaced)
		rows := make([][]any, 0, len(replaced))
		for _, lineage := range slices.Compact(replaced) {
			if lineage != "" {
				rows = append(rows, []any{lineage, now.revision, actor, micros(at)})
			}
		}
		err = insert(ctx, tx, `INSERT INTO replaced_lineage (lineage, revision, actor, replaced_at) VALUES `, rows,
			` ON CONFLICT (lineage) DO NOTHING`)
		if err != nil {
			return err
		}
		line := []any{now.revision, 0, micros(at), actor, controlplane.KindDatabase, now.lineage, "", controlplane.OpAdopt}
		err = insert(ctx, tx, `INSERT INTO change (revision, position, at, actor, kind, name, uid, op) VALUES `, [][]any{line}, ``)
		if err != nil {
			return err
		}
		if err := chain(ctx, tx, now.revision, [][]any{line}); err != nil {
			return err
		}
		if next, err = load(ctx, tx, now); err != nil {
			return err
		}
		entry.Amend(func(e *audit.Event) {
			e.At, e.Revision, e.Targets = at, uint64(now.revision), []string{string(controlplane.KindDatabase) + "/" + now.lineage}
		})
		return s.db.engine.Announce(ctx, tx, configChannel)
	})
	if err != nil {
		return nil, s.db.failed(err, doing)
	}
	return next, nil
}

// readReplaced lists the lineages in whose place the database's is, oldest first.
func readReplaced(ctx context.Context, q querier) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT lineage FROM replaced_lineage ORDER BY revision, replaced_at, lineage`)
	return collect(rows, err, func(rows *sql.Rows) (lineage string, err error) {
		err = rows.Scan(&lineage)
		return lineage, err
	})
}

// adopted reports whether the database took the place of the lineage because an admin adopted it.
func adopted(ctx context.Context, q querier, lineage string) (bool, error) {
	all, err := readReplaced(ctx, q)
	return slices.Contains(all, lineage), err
}
