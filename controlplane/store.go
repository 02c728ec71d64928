package controlplane

import "context"

// Store keeps the configuration. Every method returns errors of package errs.
type Store interface {
	// Load reads the whole configuration at one revision.
	Load(ctx context.Context) (*Config, error)

	// Follow returns base brought up to the newest revision, or base itself when
	// nothing has changed since; nil loads. When the database went back behind base or was
	// replaced by another one the error is errs.FailedPrecondition, in Update too.
	Follow(ctx context.Context, base *Config) (*Config, error)

	// Update is one transaction: it takes the revision row (so commit order is revision
	// order on every replica), brings base up to date, asks decide what to change,
	// validates the whole result (Config.Validate), writes resources, secrets and the
	// change log, and returns the new configuration. No ops: nothing is written and the
	// present configuration returned. An error of decide or of the validation rolls back.
	Update(ctx context.Context, actor string, base *Config, decide func(*Config) ([]Op, error)) (*Config, error)

	// Changes reads the change log after a revision, oldest first, at most limit lines
	// (at least 1). It never cuts a revision in two: a first one with more lines comes whole.
	Changes(ctx context.Context, after Revision, limit int) ([]Change, error)

	// Notify delivers a value soon after another replica committed, until ctx ends; it
	// may miss some, so callers poll too. It returns when ctx ends.
	Notify(ctx context.Context, wake func()) error
}
