package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// followMost is how many revisions Follow reads one by one; further behind it loads
// everything.
const followMost = 1000

// Configuration keeps the configuration with its change log.
type Configuration struct {
	db *DB
	// updating holds a value while an Update runs: writers of one process queue here,
	// not with a database connection each.
	updating chan struct{}
}

// NewConfiguration is the Configuration of a database: one for each process is enough.
func NewConfiguration(db *DB) *Configuration {
	return &Configuration{db: db, updating: make(chan struct{}, 1)}
}

// version is the state of the revision row.
type version struct {
	revision controlplane.Revision
	lineage  string
}

// Load reads the whole configuration at one revision, with the secrets it refers to.
func (s *Configuration) Load(ctx context.Context) (*controlplane.Config, error) {
	return s.Follow(ctx, nil)
}

// Follow returns base brought up to the newest revision, or base itself when nothing has
// changed since; without a base it loads. A base of another database, or of a newer
// revision than the database has, is errs.FailedPrecondition: an old backup was restored.
func (s *Configuration) Follow(ctx context.Context, base *controlplane.Config) (*controlplane.Config, error) {
	const doing = "read the configuration"
	if base != nil {
		now, err := s.currentVersion(ctx)
		if err != nil {
			return nil, s.db.failed(err, doing)
		}
		if now == (version{base.Revision, base.Lineage}) {
			return base, nil
		}
	}
	var next *controlplane.Config
	err := s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		now, err := readVersion(ctx, tx)
		if err != nil {
			return err
		}
		next, err = catchUp(ctx, tx, base, now)
		return err
	})
	if err != nil {
		return nil, s.db.failed(err, doing)
	}
	return next, nil
}

// Notify calls wake soon after another replica committed, until ctx ends; it may miss
// some, so callers poll too. On SQLite, where there is no other replica, it only waits.
func (s *Configuration) Notify(ctx context.Context, wake func()) error {
	s.db.engine.Listen(ctx, configChannel, wake)
	return nil
}

// currentVersion reads the revision row outside of any transaction.
func (s *Configuration) currentVersion(ctx context.Context) (version, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	return readVersion(ctx, s.db.engine.Reader())
}

func readVersion(ctx context.Context, q querier) (version, error) {
	var v version
	err := q.QueryRowContext(ctx, `SELECT revision, lineage FROM config_version WHERE id = 1`).Scan(&v.revision, &v.lineage)
	return v, err
}

// Trace is the trace that led to a revision, as W3C Trace Context writes it; empty: none did, or
// there are newer revisions.
func (s *Configuration) Trace(ctx context.Context, revision controlplane.Revision) (parent string, err error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	err = s.db.engine.Reader().QueryRowContext(ctx, `SELECT traceparent FROM config_version WHERE id = 1 AND revision = $1`, revision).Scan(&parent)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return parent, s.db.failed(err, "read the trace of a revision")
}

// follows checks that base is an earlier state of the same database.
func (v version) follows(base *controlplane.Config) error {
	if base.Lineage != v.lineage {
		return errs.Newf(errs.FailedPrecondition,
			"the database is not the one this process started with: was another one put in its place?")
	}
	if base.Revision > v.revision {
		return errs.Newf(errs.FailedPrecondition,
			"the database is at revision %d, but revision %d was seen before: was an old backup restored?", v.revision, base.Revision)
	}
	return nil
}

// catchUp returns the configuration at revision now.
func catchUp(ctx context.Context, q querier, base *controlplane.Config, now version) (*controlplane.Config, error) {
	if base == nil {
		return load(ctx, q, now)
	}
	if base.Lineage != now.lineage {
		if ok, err := adopted(ctx, q, base.Lineage); err != nil {
			return nil, err
		} else if ok {
			return load(ctx, q, now)
		}
	}
	if err := now.follows(base); err != nil {
		return nil, err
	}
	if now.revision == base.Revision {
		return base, nil
	}
	if now.revision-base.Revision > followMost {
		return load(ctx, q, now)
	}
	changes, err := readChanges(ctx, q,
		`WHERE revision > $1 AND revision <= $2 ORDER BY revision, position`, base.Revision, now.revision)
	if err != nil {
		return nil, err
	}
	if !complete(changes, base.Revision, now.revision) {
		return load(ctx, q, now)
	}
	var missing []string
	for _, ch := range changes {
		if ch.After != nil {
			missing = append(missing, unknownRefs(base, ch.After)...)
		}
	}
	secrets, err := readSecrets(ctx, q, missing)
	if err != nil {
		return nil, err
	}
	return base.With(now.revision, changes, secrets), nil
}

// complete reports whether there are changes of every revision after one up to another.
// It is not so when old lines of the change log were removed.
func complete(changes []controlplane.Change, after, to controlplane.Revision) bool {
	for _, ch := range changes {
		if ch.Revision > after+1 {
			return false
		}
		after = ch.Revision
	}
	return after == to
}

// load reads every resource and the secrets they refer to.
func load(ctx context.Context, q querier, now version) (*controlplane.Config, error) {
	rows, err := q.QueryContext(ctx, `SELECT kind, name, uid, revision, spec, created_at, updated_at FROM resource`)
	resources, err := collect(rows, err, scanResource)
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, r := range resources {
		refs = append(refs, controlplane.SecretRefs(r.Spec)...)
	}
	secrets, err := readSecrets(ctx, q, refs)
	if err != nil {
		return nil, err
	}
	revocations, err := readRevocations(ctx, q)
	if err != nil {
		return nil, err
	}
	c := controlplane.NewConfig(now.revision, now.lineage, resources, secrets, revocations...)
	c.Replaces, err = readReplaced(ctx, q)
	return c, err
}

func scanResource(rows *sql.Rows) (*controlplane.Resource, error) {
	var (
		r                controlplane.Resource
		spec             string
		created, updated int64
	)
	if err := rows.Scan(&r.Kind, &r.Name, &r.UID, &r.Revision, &spec, &created, &updated); err != nil {
		return nil, err
	}
	var err error
	if r.Spec, err = decode(r.Kind, spec); err != nil {
		return nil, err
	}
	r.CreatedAt, r.UpdatedAt = fromMicros(created), fromMicros(updated)
	return &r, nil
}
