package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// CallGaps keeps what there is instead of calls: the totals of those that a node could not keep,
// the gaps in its records, and the records that were refused.
type CallGaps struct{ db *DB }

// NewCallGaps is the CallGaps of a database.
func NewCallGaps(db *DB) *CallGaps { return &CallGaps{db} }

// ListGaps returns at most f.Limit gaps (at least 1), the newest end first.
func (s *CallGaps) ListGaps(ctx context.Context, f calllog.GapFilter) ([]calllog.Gap, error) {
	if f.Limit < 1 {
		return nil, errs.Newf(errs.InvalidArgument, "the limit of gaps to list is %d, want at least 1", f.Limit)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	q := &search{}
	if f.Node != "" {
		q.where(`node = $%d`, f.Node)
	}
	if !f.From.IsZero() {
		q.where(`to_us >= $%d`, micros(f.From))
	}
	if !f.To.IsZero() {
		q.where(`to_us < $%d`, micros(f.To))
	}
	if f.After != (calllog.Position{}) {
		q.where(`(to_us, id) < ($%d, $%d)`, f.After.StartUS, f.After.ID)
	}
	query := `SELECT node, record FROM call_gap` + q.conditions() + ` ORDER BY to_us DESC, id DESC` + q.limit(f.Limit)
	rows, err := s.db.engine.Reader().QueryContext(ctx, query, q.args...)
	gaps, err := collect(rows, err, func(rows *sql.Rows) (calllog.Gap, error) {
		gap := calllog.Gap{Gap: &nodev1.Gap{}}
		var record []byte
		if err := rows.Scan(&gap.Node, &record); err != nil {
			return gap, err
		}
		if err := proto.Unmarshal(record, gap.Gap); err != nil {
			return gap, fmt.Errorf("decode a stored gap: %w", err)
		}
		return gap, nil
	})
	return gaps, s.db.failed(err, "list gaps")
}

// PutAside keeps refused records, each once. It makes texts such that no database refuses
// them.
func (s *CallGaps) PutAside(ctx context.Context, records []calllog.Refused) error {
	if len(records) == 0 {
		return nil
	}
	rows := make([][]any, 0, len(records))
	ids := map[string]bool{}
	for _, r := range records {
		id := shownID(r)
		if ids[id] {
			continue
		}
		ids[id] = true
		record := r.Record
		if record == nil {
			record = []byte{}
		}
		rows = append(rows, []any{id, string(r.Kind), shown(r.Node), micros(r.At), shown(r.Reason), record})
	}
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return insert(ctx, tx, `INSERT INTO call_refused (id, kind, node, at, reason, record) VALUES `, rows, ` ON CONFLICT DO NOTHING`)
	})
	return s.db.failed(err, "put refused records aside")
}

// maxRefusedID bounds ids that are shown, in bytes.
const maxRefusedID = 64

// shownID is the record's id if that can be shown as it is, else one made of its content.
func shownID(r calllog.Refused) string {
	if r.ID != "" && len(r.ID) <= maxRefusedID && shown(r.ID) == r.ID {
		return r.ID
	}
	sum := sha256.Sum256(append([]byte(r.ID+"\x00"), r.Record...))
	return "sha256:" + hex.EncodeToString(sum[:16])
}

// shown makes text valid and printable.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// ListRefused returns at most limit refused records (at least 1) behind a position, newest first.
func (s *CallGaps) ListRefused(ctx context.Context, after calllog.Position, limit int) ([]calllog.Refused, error) {
	if limit < 1 {
		return nil, errs.Newf(errs.InvalidArgument, "the limit of refused records to list is %d, want at least 1", limit)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	q := &search{}
	if after != (calllog.Position{}) {
		q.where(`(at, id) < ($%d, $%d)`, after.StartUS, after.ID)
	}
	query := `SELECT id, kind, node, at, reason, record FROM call_refused` + q.conditions() + ` ORDER BY at DESC, id DESC` + q.limit(limit)
	rows, err := s.db.engine.Reader().QueryContext(ctx, query, q.args...)
	records, err := collect(rows, err, func(rows *sql.Rows) (calllog.Refused, error) {
		var (
			r  calllog.Refused
			at int64
		)
		err := rows.Scan(&r.ID, &r.Kind, &r.Node, &at, &r.Reason, &r.Record)
		r.At = fromMicros(at)
		return r, err
	})
	return records, s.db.failed(err, "list refused records")
}

// DeleteTotalsBefore deletes totals, gaps and refused records from before t, at most limit
// of each (at least 1), and reports whether there is more to delete. What the totals added
// to usage stays.
func (s *CallGaps) DeleteTotalsBefore(ctx context.Context, t time.Time, limit int) (more bool, err error) {
	if limit < 1 {
		return false, errs.Newf(errs.InvalidArgument, "the limit of totals to delete is %d, want at least 1", limit)
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, of := range [][2]string{{"call_total", "bucket"}, {"call_gap", "to_us"}, {"call_refused", "at"}} {
			result, err := tx.ExecContext(ctx, fmt.Sprintf(
				`DELETE FROM %[1]s WHERE id IN (SELECT id FROM %[1]s WHERE %[2]s < $1 ORDER BY %[2]s, id LIMIT $2)`, of[0], of[1]), micros(t), limit)
			if err != nil {
				return err
			}
			deleted, err := result.RowsAffected()
			if err != nil {
				return err
			}
			more = more || deleted == int64(limit)
		}
		return nil
	})
	return more, s.db.failed(err, "delete old totals")
}
