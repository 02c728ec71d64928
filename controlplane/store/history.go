package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// chain adds a revision to the history: a hash over the one before and what the revision changed. It is
// called in the transaction that writes the change log, with its lines.
func chain(ctx context.Context, tx *sql.Tx, revision controlplane.Revision, lines [][]any) error {
	before, err := historyOf(ctx, tx, revision-1)
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	h := sha256.New()
	part := func(text []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write(text)
	}
	part(before)
	for _, line := range lines {
		for _, column := range line {
			if null, ok := column.(sql.NullString); ok {
				part([]byte(null.String))
				continue
			}
			part(fmt.Append(nil, column))
		}
	}
	return insert(ctx, tx, `INSERT INTO revision_history (revision, hash) VALUES `, [][]any{{revision, h.Sum(nil)}}, ``)
}

// History is a hash over all changes up to a revision; empty for one that the database does not have.
func (s *Configuration) History(ctx context.Context, revision controlplane.Revision) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	hash, err := historyOf(ctx, s.db.engine.Reader(), revision)
	return hash, s.db.failed(err, "read the history")
}

func historyOf(ctx context.Context, q querier, revision controlplane.Revision) (hash []byte, err error) {
	err = q.QueryRowContext(ctx, `SELECT hash FROM revision_history WHERE revision = $1`, revision).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return hash, err
}
