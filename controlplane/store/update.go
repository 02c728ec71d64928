package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/validation"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
)

// errNothingToDo rolls back an Update that changes nothing.
var errNothingToDo = errors.New("nothing to do")

// Update is one transaction: it takes the revision row, brings base up to date, asks
// decide what to change, validates the whole result, writes it and returns the new
// configuration. Updates run one after the other, over all replicas; decide must not
// call Update. When the connection breaks during the commit the error is
// errs.Unavailable and the change may have been made: read again to find out.
func (s *Configuration) Update(ctx context.Context, actor string, base *controlplane.Config, decide func(*controlplane.Config) ([]controlplane.Op, error)) (*controlplane.Config, error) {
	const doing = "change the configuration"
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	select {
	case s.updating <- struct{}{}:
		defer func() { <-s.updating }()
	case <-ctx.Done():
		return nil, s.db.failed(ctx.Err(), doing)
	}
	ctx, entry := audited(ctx, actor)
	var next *controlplane.Config
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		taken, err := takeRevision(ctx, tx, telemetry.ParentOf(ctx))
		if err != nil {
			return err
		}
		if next, err = catchUp(ctx, tx, base, version{taken.revision - 1, taken.lineage}); err != nil {
			return err
		}
		ops, err := decide(next)
		if err != nil {
			return err
		}
		at := s.db.now().UTC().Truncate(time.Microsecond)
		c, err := prepare(next, taken.revision, at, actor, ops)
		if err != nil {
			return err
		}
		if next, err = c.resolve(ctx, tx, next); err != nil {
			return err
		}
		if err := c.write(ctx, tx); err != nil {
			return err
		}
		entry.Amend(c.describe)
		return s.db.engine.Announce(ctx, tx, configChannel)
	})
	if err != nil && !errors.Is(err, errNothingToDo) {
		return nil, s.db.failed(err, doing)
	}
	return next, nil
}

// audited is a context with the event of a change of the configuration: that of ctx or, where nobody said what
// goes on or its event is written already, one of its own. No change goes without.
func audited(ctx context.Context, actor string) (context.Context, *audit.Entry) {
	entry := audit.From(ctx)
	if _, pending := entry.Pending(); pending {
		return ctx, entry
	}
	return audit.Begin(ctx, audit.Event{Actor: audit.System, Action: audit.ActionChangeConfig, Detail: "by " + actor})
}

// describe tells the audit log what is changed, by names alone.
func (c *commit) describe(e *audit.Event) {
	e.At, e.Revision = c.at, uint64(c.revision)
	e.Targets = make([]string, len(c.changes))
	for i, ch := range c.changes {
		e.Targets[i] = string(ch.Kind) + "/" + ch.Name
	}
	e.Detail = strings.TrimPrefix(e.Detail+"; "+c.operations(), "; ")
}

// operations counts the changes of each kind.
func (c *commit) operations() string {
	count := map[controlplane.ChangeOp]int{}
	for _, ch := range c.changes {
		count[ch.Op]++
	}
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%s %d", op, count[op]))
	}
	return strings.Join(parts, ", ")
}

// takeRevision takes the next revision, which a trace led to unless parent is empty. From here on
// other writers wait for our commit.
func takeRevision(ctx context.Context, tx *sql.Tx, parent string) (version, error) {
	var v version
	err := tx.QueryRowContext(ctx,
		`UPDATE config_version SET revision = revision + 1, traceparent = $1 WHERE id = 1 RETURNING revision, lineage`, parent).Scan(&v.revision, &v.lineage)
	return v, err
}

// commit is what one Update writes.
type commit struct {
	revision controlplane.Revision
	at       time.Time
	changes  []controlplane.Change
	secrets  []controlplane.Secret // new ones
}

// prepare works out what ops change. It returns errNothingToDo when that is nothing.
func prepare(cur *controlplane.Config, revision controlplane.Revision, at time.Time, actor string, ops []controlplane.Op) (*commit, error) {
	type key struct {
		kind controlplane.Kind
		name string
	}
	seen := make(map[key]bool, len(ops))
	stored := make([]controlplane.Op, len(ops))
	c := &commit{revision: revision, at: at}
	for i, op := range ops {
		if seen[key{op.Kind, op.Name}] {
			return nil, errs.Newf(errs.InvalidArgument, "%s %q occurs twice in one change", op.Kind, op.Name)
		}
		seen[key{op.Kind, op.Name}] = true
		if op.Spec != nil {
			spec, err := canonical(op.Kind, op.Spec)
			if err != nil {
				return nil, err
			}
			op.Spec = spec
			c.secrets = append(c.secrets, op.Secrets...)
		}
		stored[i] = op
	}
	c.changes = cur.Changes(revision, at, actor, stored, newUID)
	if len(c.changes) == 0 {
		return nil, errNothingToDo
	}
	return c, nil
}

// newUID makes the identity of a new resource. UUIDv7 begins with the time, so indexes grow at their end.
func newUID() string { return uuid.Must(uuid.NewV7()).String() } // fails only without random numbers

// resolve returns the configuration after the commit if it is a valid one: by its own
// rules, and with every secret it refers to. A document that goes back to an older state
// may refer to a secret that is stored but not in cur.
func (c *commit) resolve(ctx context.Context, tx *sql.Tx, cur *controlplane.Config) (*controlplane.Config, error) {
	next := cur.With(c.revision, c.changes, c.secrets)
	back := c.refsThatComeBack()
	if len(back) > 0 {
		old, err := readSecrets(ctx, tx, slices.Collect(maps.Keys(back)))
		if err != nil {
			return nil, err
		}
		next = next.With(c.revision, nil, old)
		for _, secret := range old {
			delete(back, secret.Ref)
		}
	}
	if err := validation.Check(next); err != nil {
		return nil, err
	}
	for _, ch := range c.changes {
		if ch.After == nil {
			continue
		}
		for _, ref := range controlplane.SecretRefs(ch.After) {
			if back[ref] {
				return nil, errs.Newf(errs.InvalidArgument, "%s %q refers to a secret that does not exist: %q", ch.Kind, ch.Name, ref)
			}
		}
	}
	return next, nil
}

// refsThatComeBack are the secrets that changed documents refer to, neither new nor referred to by
// the same document before: what is in memory of them may be gone from the database.
func (c *commit) refsThatComeBack() map[string]bool {
	back := map[string]bool{}
	for _, ch := range c.changes {
		if ch.After == nil {
			continue
		}
		var before []string
		if ch.Before != nil {
			before = controlplane.SecretRefs(ch.Before)
		}
		for _, ref := range controlplane.SecretRefs(ch.After) {
			if !slices.Contains(before, ref) && !slices.ContainsFunc(c.secrets, func(s controlplane.Secret) bool { return s.Ref == ref }) {
				back[ref] = true
			}
		}
	}
	return back
}

// write stores resources, secrets and the change log.
func (c *commit) write(ctx context.Context, tx *sql.Tx) error {
	if err := insertSecrets(ctx, tx, c.secrets, c.at); err != nil {
		return fmt.Errorf("insert secrets: %w", err)
	}
	var (
		resources = make([][]any, 0, len(c.changes))
		lines     = make([][]any, 0, len(c.changes))
	)
	for i, ch := range c.changes {
		before, err := encodeOrNull(ch.Before)
		if err != nil {
			return fmt.Errorf("encode %s %q: %w", ch.Kind, ch.Name, err)
		}
		after, err := encodeOrNull(ch.After)
		if err != nil {
			return fmt.Errorf("encode %s %q: %w", ch.Kind, ch.Name, err)
		}
		lines = append(lines, []any{ch.Revision, i, micros(ch.At), ch.Actor, ch.Kind, ch.Name, ch.UID, ch.Op, before, after})
		if after.Valid {
			resources = append(resources, []any{ch.Kind, ch.Name, ch.UID, ch.Revision, after, micros(ch.At), micros(ch.At)})
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM resource WHERE kind = $1 AND name = $2`, ch.Kind, ch.Name); err != nil {
			return fmt.Errorf("delete resource: %w", err)
		}
	}
	err := insert(ctx, tx, `INSERT INTO resource (kind, name, uid, revision, spec, created_at, updated_at) VALUES `, resources,
		` ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, spec = excluded.spec, updated_at = excluded.updated_at`)
	if err != nil {
		return fmt.Errorf("write resources: %w", err)
	}
	err = insert(ctx, tx, `INSERT INTO change (revision, position, at, actor, kind, name, uid, op, before, after) VALUES `, lines, ``)
	if err != nil {
		return fmt.Errorf("write the change log: %w", err)
	}
	if err := chain(ctx, tx, c.revision, lines); err != nil {
		return err
	}
	if err := writeRevocations(ctx, tx, c.changes); err != nil {
		return fmt.Errorf("write revocations: %w", err)
	}
	return nil
}
