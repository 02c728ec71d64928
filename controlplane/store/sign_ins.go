package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
)

// SignInFailures returns what is kept of the keys.
func (s *Access) SignInFailures(ctx context.Context, keys []access.SignInKey) (map[access.SignInKey]access.SignInFailures, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	failures := make(map[access.SignInKey]access.SignInFailures, len(keys))
	if len(keys) == 0 {
		return failures, nil
	}
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT hash, count, since_at, until_at, forget_at FROM sign_in_failure WHERE hash IN `+placeholder.Rows(1, len(keys)), hashes(keys)...)
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var (
			hash                 []byte
			f                    access.SignInFailures
			since, until, forget int64
		)
		if err := rows.Scan(&hash, &f.Count, &since, &until, &forget); err != nil {
			return struct{}{}, err
		}
		if len(hash) != len(access.SignInKey{}) {
			return struct{}{}, fmt.Errorf("a stored hash of failed sign-ins has %d bytes", len(hash))
		}
		f.Since, f.Until, f.Forget = fromMicros(since), fromMicros(until), fromMicros(forget)
		failures[access.SignInKey(hash)] = f
		return struct{}{}, nil
	})
	return failures, s.db.failed(err, "read failed sign-ins")
}

// SaveSignInFailures puts failures in the place of those of their keys, and removes what is
// forgiven by now: nobody else may come by for long while strangers guess.
func (s *Access) SaveSignInFailures(ctx context.Context, failures map[access.SignInKey]access.SignInFailures) error {
	keys := make([]access.SignInKey, 0, len(failures))
	for key := range failures {
		keys = append(keys, key)
	}
	// Transactions that touch the same rows take them in the same order.
	slices.SortFunc(keys, func(a, b access.SignInKey) int { return strings.Compare(string(a[:]), string(b[:])) })
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sign_in_failure WHERE forget_at < $1`, micros(s.db.now())); err != nil {
			return err
		}
		for _, key := range keys {
			f := failures[key]
			_, err := tx.ExecContext(ctx, `INSERT INTO sign_in_failure (hash, count, since_at, until_at, forget_at) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (hash) DO UPDATE SET count = excluded.count, since_at = excluded.since_at, until_at = excluded.until_at, forget_at = excluded.forget_at`,
				key[:], f.Count, micros(f.Since), micros(f.Until), micros(f.Forget))
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s.db.failed(err, "store failed sign-ins")
}

// ForgetSignInFailures removes what is kept of the keys.
func (s *Access) ForgetSignInFailures(ctx context.Context, keys []access.SignInKey) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := s.db.exec(ctx, `DELETE FROM sign_in_failure WHERE hash IN `+placeholder.Rows(1, len(keys)), hashes(keys)...)
	return s.db.failed(err, "forget failed sign-ins")
}

func hashes(keys []access.SignInKey) []any {
	args := make([]any, len(keys))
	for i := range keys {
		args[i] = keys[i][:]
	}
	return args
}
