package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Changes reads the change log after a revision, oldest first, at most limit lines. It
// never cuts a revision in two, so that a reader may go on after the last one it got;
// when the first revision alone has more lines than limit, it returns all of them.
func (s *Configuration) Changes(ctx context.Context, after controlplane.Revision, limit int) ([]controlplane.Change, error) {
	if limit < 1 {
		return nil, errs.Newf(errs.InvalidArgument, "the limit of changes to read is %d, want at least 1", limit)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	q := s.db.engine.Reader()
	// One line more than asked for tells whether the last revision is whole.
	changes, err := readChanges(ctx, q, `WHERE revision > $1 ORDER BY revision, position LIMIT $2`, after, limit+1)
	if err == nil && len(changes) > limit {
		first, last := changes[0].Revision, changes[limit].Revision
		if first == last {
			changes, err = readChanges(ctx, q, `WHERE revision = $1 ORDER BY position`, first)
		} else {
			changes = before(changes, last)
		}
	}
	if err != nil {
		return nil, s.db.failed(err, "read the change log")
	}
	return changes, nil
}

// Existed says which of the names the change log knows: they are there, or were.
func (s *Configuration) Existed(ctx context.Context, kind controlplane.Kind, names []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	var known []string
	for some := range slices.Chunk(names, 500) {
		args := make([]any, 0, len(some)+1)
		for _, name := range some {
			args = append(args, name)
		}
		rows, err := s.db.engine.Reader().QueryContext(ctx,
			`SELECT DISTINCT name FROM change WHERE name IN `+placeholder.Rows(1, len(some))+` AND kind = $`+strconv.Itoa(len(some)+1), append(args, kind)...)
		found, err := collect(rows, err, func(rows *sql.Rows) (name string, err error) {
			err = rows.Scan(&name)
			return name, err
		})
		if err != nil {
			return nil, s.db.failed(err, "read the change log")
		}
		known = append(known, found...)
	}
	return known, nil
}

// before returns the changes of earlier revisions.
func before(changes []controlplane.Change, revision controlplane.Revision) []controlplane.Change {
	for i, ch := range changes {
		if ch.Revision >= revision {
			return changes[:i]
		}
	}
	return changes
}

// readChanges reads the lines of the change log that the rest of the query selects.
func readChanges(ctx context.Context, q querier, rest string, args ...any) ([]controlplane.Change, error) {
	rows, err := q.QueryContext(ctx, `SELECT revision, at, actor, kind, name, uid, op, before, after FROM change `+rest, args...)
	return collect(rows, err, scanChange)
}

func scanChange(rows *sql.Rows) (controlplane.Change, error) {
	var (
		ch            controlplane.Change
		at            int64
		before, after sql.NullString
	)
	if err := rows.Scan(&ch.Revision, &at, &ch.Actor, &ch.Kind, &ch.Name, &ch.UID, &ch.Op, &before, &after); err != nil {
		return ch, err
	}
	ch.At = fromMicros(at)
	var err error
	if before.Valid {
		if ch.Before, err = decode(ch.Kind, before.String); err != nil {
			return ch, err
		}
	}
	if after.Valid {
		ch.After, err = decode(ch.Kind, after.String)
	}
	return ch, err
}

// encodeOrNull is encode, and null for no document.
func encodeOrNull(doc proto.Message) (sql.NullString, error) {
	if doc == nil {
		return sql.NullString{}, nil
	}
	text, err := encode(doc)
	return sql.NullString{String: text, Valid: err == nil}, err
}
