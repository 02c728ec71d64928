package config_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/validation"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// memStore is a Store in memory: enough to test what is built on one.
type memStore struct {
	mu      sync.Mutex
	config  *controlplane.Config
	log     []controlplane.Change
	secrets []controlplane.Secret
	wakes   map[int]func()
	uids    int
	fail    error // every method fails with it
	follows int
}

var _ config.Store = (*memStore)(nil)

func newMemStore() *memStore {
	return &memStore{config: controlplane.NewConfig(0, "lineage", nil, nil), wakes: map[int]func(){}}
}

func (s *memStore) Load(context.Context) (*controlplane.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	var resources []*controlplane.Resource
	for _, kind := range controlplane.Kinds {
		resources = append(resources, s.config.List(kind)...)
	}
	c := controlplane.NewConfig(s.config.Revision, s.config.Lineage, resources, s.secrets, s.config.RevokedAfter(0, 1<<30)...)
	c.Replaces = s.config.Replaces
	return c, nil
}

func (s *memStore) Follow(_ context.Context, base *controlplane.Config) (*controlplane.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follows++
	if s.fail != nil {
		return nil, s.fail
	}
	if base.Revision > s.config.Revision {
		return nil, errs.Newf(errs.FailedPrecondition, "the database went back")
	}
	return s.bring(base), nil
}

// bring gives base when it is the newest, else the newest.
func (s *memStore) bring(base *controlplane.Config) *controlplane.Config {
	if base.Revision == s.config.Revision && base.Lineage == s.config.Lineage {
		return base
	}
	return s.config
}

func (s *memStore) Update(_ context.Context, actor string, base *controlplane.Config,
	decide func(*controlplane.Config) ([]controlplane.Op, error),
) (*controlplane.Config, error) {
	s.mu.Lock()
	if s.fail != nil {
		s.mu.Unlock()
		return nil, s.fail
	}
	next, err := s.commit(actor, s.bring(base), decide)
	var wakes []func()
	for _, wake := range s.wakes {
		wakes = append(wakes, wake)
	}
	s.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
	return next, err
}

func (s *memStore) commit(actor string, base *controlplane.Config,
	decide func(*controlplane.Config) ([]controlplane.Op, error),
) (*controlplane.Config, error) {
	ops, err := decide(base)
	if err != nil || len(ops) == 0 {
		return base, err
	}
	var secrets []controlplane.Secret
	for _, op := range ops {
		secrets = append(secrets, op.Secrets...)
	}
	revision := base.Revision + 1
	changes := base.Changes(revision, time.Unix(1_800_000_000, 0).UTC(), actor, ops, func() string {
		s.uids++
		return fmt.Sprintf("uid-%d", s.uids)
	})
	next := base.With(revision, changes, slices.Concat(secrets, s.secrets))
	if err := validation.Check(next); err != nil {
		return nil, err
	}
	s.config, s.log, s.secrets = next, append(s.log, changes...), append(s.secrets, secrets...)
	return next, nil
}

func (s *memStore) Changes(_ context.Context, after controlplane.Revision, limit int) ([]controlplane.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []controlplane.Change
	for _, ch := range s.log {
		if ch.Revision > after && len(out) < limit {
			out = append(out, ch)
		}
	}
	return out, nil
}

func (s *memStore) Existed(_ context.Context, kind controlplane.Kind, names []string) (known []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if slices.ContainsFunc(s.log, func(c controlplane.Change) bool { return c.Kind == kind && c.Name == name }) {
			known = append(known, name)
		}
	}
	return known, s.fail
}

func (s *memStore) Revisions(_ context.Context, before controlplane.Revision, limit int) ([]controlplane.RevisionSummary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []controlplane.RevisionSummary
	for _, ch := range slices.Backward(s.log) {
		switch n := len(out); {
		case before != 0 && ch.Revision >= before:
		case n > 0 && out[n-1].Revision == ch.Revision:
			out[n-1].Count++
			out[n-1].Changes = append([]controlplane.Change{ch}, out[n-1].Changes...)
		case n < limit:
			out = append(out, controlplane.RevisionSummary{
				Revision: ch.Revision, At: ch.At, Actor: ch.Actor, Count: 1, Changes: []controlplane.Change{ch},
			})
		}
	}
	return out, nil
}

func (s *memStore) Secrets(_ context.Context, refs []string) (found []controlplane.Secret, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.secrets {
		if slices.Contains(refs, secret.Ref) {
			found = append(found, secret)
		}
	}
	return found, nil
}

func (s *memStore) Adopt(_ context.Context, actor string, others []string) (*controlplane.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	line := controlplane.Change{
		Revision: s.config.Revision + 1, Actor: actor, Kind: controlplane.KindDatabase, Op: controlplane.OpAdopt,
	}
	next := s.config.With(line.Revision, []controlplane.Change{line}, nil)
	next.Replaces = append(slices.Concat(s.config.Replaces, others), s.config.Lineage)
	next.Lineage = fmt.Sprintf("adopted-%d", len(next.Replaces))
	s.config, s.log = next, append(s.log, line)
	return next, nil
}

func (s *memStore) Notify(ctx context.Context, wake func()) error {
	s.mu.Lock()
	if s.fail != nil {
		defer s.mu.Unlock()
		return s.fail
	}
	id := len(s.wakes) + 1
	s.wakes[id] = wake
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.wakes, id)
	return ctx.Err()
}

// breakDown makes every method fail, or work again.
func (s *memStore) breakDown(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = nil
	if broken {
		s.fail = errs.Newf(errs.Unavailable, "database is down")
	}
}

// replace makes the store hold another configuration, as a restored backup does.
func (s *memStore) replace(c *controlplane.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = c
}

// changes is the length of the change log.
func (s *memStore) changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.log)
}

// loseSecret forgets a secret, as a store from which old ones were removed.
func (s *memStore) loseSecret(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = slices.DeleteFunc(s.secrets, func(secret controlplane.Secret) bool { return secret.Ref == ref })
}
