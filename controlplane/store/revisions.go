package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Revisions lists at most limit revisions before one (0: from the newest on), newest first,
// each with its first few changes, without the documents.
func (s *Configuration) Revisions(ctx context.Context, before controlplane.Revision, limit int) ([]controlplane.RevisionSummary, error) {
	if limit < 1 {
		return nil, errs.Newf(errs.InvalidArgument, "the limit of revisions to list is %d, want at least 1", limit)
	}
	var list []controlplane.RevisionSummary
	err := s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		query, args := `SELECT revision, count(*), min(at), min(actor) FROM change WHERE revision < $2
			GROUP BY revision ORDER BY revision DESC LIMIT $1`, []any{limit, before}
		if before == 0 {
			query, args = `SELECT revision, count(*), min(at), min(actor) FROM change
				GROUP BY revision ORDER BY revision DESC LIMIT $1`, args[:1]
		}
		rows, err := tx.QueryContext(ctx, query, args...)
		if list, err = collect(rows, err, scanSummary); err != nil || len(list) == 0 {
			return err
		}
		return firstChanges(ctx, tx, list)
	})
	if err != nil {
		return nil, s.db.failed(err, "list revisions")
	}
	return list, nil
}

func scanSummary(rows *sql.Rows) (controlplane.RevisionSummary, error) {
	var (
		r  controlplane.RevisionSummary
		at int64
	)
	err := rows.Scan(&r.Revision, &r.Count, &at, &r.Actor)
	r.At = fromMicros(at)
	return r, err
}

// firstChanges fills in the first changes of revisions that follow one another, newest first.
func firstChanges(ctx context.Context, q querier, list []controlplane.RevisionSummary) error {
	rows, err := q.QueryContext(ctx, `SELECT revision, kind, name, uid, op FROM change
		WHERE revision >= $1 AND revision <= $2 AND position < $3 ORDER BY revision, position`,
		list[len(list)-1].Revision, list[0].Revision, controlplane.SummaryChanges)
	lines, err := collect(rows, err, func(rows *sql.Rows) (controlplane.Change, error) {
		var ch controlplane.Change
		err := rows.Scan(&ch.Revision, &ch.Kind, &ch.Name, &ch.UID, &ch.Op)
		return ch, err
	})
	if err != nil {
		return err
	}
	for _, ch := range lines {
		i, found := slices.BinarySearchFunc(list, ch.Revision, func(r controlplane.RevisionSummary, want controlplane.Revision) int {
			return cmp.Compare(want, r.Revision) // newest first
		})
		if found {
			list[i].Changes = append(list[i].Changes, ch)
		}
	}
	return nil
}

// Secrets reads those of the secrets that are stored, whether or not a document refers to them now.
func (s *Configuration) Secrets(ctx context.Context, refs []string) ([]controlplane.Secret, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	found, err := readSecrets(ctx, s.db.engine.Reader(), refs)
	if err != nil {
		return nil, s.db.failed(err, "read secrets")
	}
	return found, nil
}
