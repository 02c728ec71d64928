package config

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// Store keeps the configuration. Every method returns errors of package errs.
type Store interface {
	// Load reads the whole configuration at one revision.
	Load(ctx context.Context) (*controlplane.Config, error)

	// Follow returns base brought up to the newest revision, or base itself when
	// nothing has changed since; nil loads. When the database went back behind base or was
	// replaced by another one that nobody adopted, the error is errs.FailedPrecondition, in Update too.
	Follow(ctx context.Context, base *controlplane.Config) (*controlplane.Config, error)

	// Update is one transaction: it takes the revision row (so commit order is revision
	// order on every replica), brings base up to date, asks decide what to change,
	// validates the whole result (Config.Validate), writes resources, secrets and the
	// change log, and returns the new configuration. No ops: nothing is written and the
	// present configuration returned. An error of decide or of the validation rolls back.
	Update(ctx context.Context, actor string, base *controlplane.Config, decide func(*controlplane.Config) ([]controlplane.Op, error)) (*controlplane.Config, error)

	// Changes reads the change log after a revision, oldest first, at most limit lines
	// (at least 1). It never cuts a revision in two: a first one with more lines comes whole.
	Changes(ctx context.Context, after controlplane.Revision, limit int) ([]controlplane.Change, error)

	// Existed says which of the names the change log knows: they are there, or were.
	Existed(ctx context.Context, kind controlplane.Kind, names []string) ([]string, error)

	// Revisions lists at most limit revisions (at least 1) before one, or the newest when
	// that is 0, newest first.
	Revisions(ctx context.Context, before controlplane.Revision, limit int) ([]controlplane.RevisionSummary, error)

	// Secrets reads those of the secrets that are stored, whether or not a document refers
	// to them now.
	Secrets(ctx context.Context, refs []string) ([]controlplane.Secret, error)

	// Adopt gives the database a new lineage in place of the present one and of others, and
	// a new revision with the same content; the change log says who did. A Follow or Update
	// of a lineage that was replaced goes on with the new one.
	Adopt(ctx context.Context, actor string, others []string) (*controlplane.Config, error)

	// Notify delivers a value soon after another replica committed, until ctx ends; it
	// may miss some, so callers poll too. It returns when ctx ends.
	Notify(ctx context.Context, wake func()) error
}
