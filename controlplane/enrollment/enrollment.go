// Package enrollment decides which nodes belong to a control plane: it makes join tokens, lets
// nodes join by proof of one, issues their certificates, and says of each certificate that
// is shown whether its holder is welcome.
//
// A name stands for one key, that of the node which joined under it last. So a certificate
// is good while its key is the one its name stands for and nobody has revoked it: a list of
// who may, not of who may not.
package enrollment

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/trunkline-ai/trunkline/controlplane"
)

const (
	// defaultPoll is how often other replicas' joins and revocations are looked for.
	defaultPoll = time.Second
	// tidyEvery is how often what nobody can use any more is removed.
	tidyEvery = time.Hour
	// strangersPerSecond bounds how often unknown tokens may make us ask the database.
	strangersPerSecond = 100
)

// Authority issues certificates and knows its own.
type Authority interface {
	// Certificates are those of the keys that are trusted, in DER, the one that signs first; Keys
	// are the keys.
	Certificates() [][]byte
	Keys() []controlplane.AuthorityKey
	Issue(node string, request []byte) (*x509.Certificate, error)
	// Verify says which node a certificate names, whatever its time.
	Verify(*x509.Certificate) (node string, err error)

	// Follow takes over what another replica has changed.
	Follow(ctx context.Context) (changed bool, err error)
	// Begin, Switch, Finish and Cancel replace the key, see package pki.
	// Switch and Finish are told the fingerprint of the key beside the one that signs, as their caller saw it.
	Begin(ctx context.Context) error
	Switch(ctx context.Context, beside string) error
	Finish(ctx context.Context, beside string) error
	Cancel(ctx context.Context) error
	// IsPresent reports whether the key that signs now has signed a certificate.
	IsPresent(*x509.Certificate) bool
}

// Config is what a Service needs.
type Config struct {
	Store     Store               // required
	Authority Authority           // required
	Sealer    controlplane.Sealer // required
	// Preset gives the token that works at present for any number of nodes; empty text, or nil: none. It is asked
	// for each node that joins.
	Preset func() string
	// Connected reports whether a node of this name has a stream on any replica: the name is then
	// not for everyone to take over. Default: none has.
	Connected func(node string) bool
	// Changed is called, without a lock held, after an identity was replaced or revoked.
	// Default: nothing.
	Changed func()
	Logger  *slog.Logger     // required
	Now     func() time.Time // default time.Now
	Poll    time.Duration    // how often other replicas' changes are looked for; default 1s
}

// Service is safe for concurrent use.
type Service struct {
	cfg       Config
	log       *slog.Logger
	strangers *rate.Limiter // of joins with tokens that are not in tokens
	// reading is held from a read of the database until its result is in byName, so that
	// what was read later is never overwritten by what was read before.
	reading sync.Mutex
	version int64 // guarded by reading; of what was read last, 0: not known
	mu      sync.Mutex
	byName  map[string]NodeIdentity   // guarded by mu; as last read
	orphans map[string]time.Time      // guarded by mu; see Orphans
	tokens  map[string]JoinToken      // guarded by mu; by id, as last read
	told    map[string]told           // guarded by mu; what nodes trust, not stored yet
	asked   map[string]time.Time      // guarded by mu; when a node was asked to renew
	fresh   atomic.Pointer[time.Time] // when the authority's keys were read last, by the process's own clock
}

// New reads who has joined.
func New(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Authority == nil || cfg.Sealer == nil || cfg.Logger == nil {
		return nil, errors.New("enrollment: Store, Authority, Sealer and Logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Preset == nil {
		cfg.Preset = func() string { return "" }
	}
	if cfg.Connected == nil {
		cfg.Connected = func(string) bool { return false }
	}
	if cfg.Changed == nil {
		cfg.Changed = func() {}
	}
	if cfg.Poll == 0 {
		cfg.Poll = defaultPoll
	}
	s := &Service{cfg: cfg, log: cfg.Logger, strangers: rate.NewLimiter(strangersPerSecond, 2*strangersPerSecond), tokens: map[string]JoinToken{}, told: map[string]told{}, asked: map[string]time.Time{}}
	if err := s.followKeys(ctx); err != nil {
		return nil, err
	}
	if _, err := s.refresh(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Run follows what other replicas change, until ctx ends. While the database is away,
// nodes that are known keep being known.
func (s *Service) Run(ctx context.Context) error {
	poll, tidy := time.NewTicker(s.cfg.Poll), time.NewTicker(tidyEvery)
	defer poll.Stop()
	defer tidy.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tidy.C:
			if err := s.cfg.Store.DeleteStaleJoins(ctx, s.now()); err != nil && ctx.Err() == nil {
				s.log.Warn("failed to delete old join tokens; retrying", "error", err)
			}
		case <-poll.C:
			changed, err := s.follow(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				s.log.Warn("failed to read changes of node identities; known nodes are still accepted", "error", err)
			}
			if failing = err != nil; changed {
				s.cfg.Changed()
			}
		}
	}
}

// follow brings this replica up to date, and the replacement of the authority's key a step further when it
// is due. It reports what refresh does.
func (s *Service) follow(ctx context.Context) (changed bool, err error) {
	keys := s.followKeys(ctx)
	told := s.noteTold(ctx)
	changed, err = s.refresh(ctx) // whatever else fails: revocations must be known
	if err = errors.Join(keys, told, err); err == nil {
		s.advance(ctx)
	}
	return changed, err
}

// followKeys brings the authority's keys up to date.
func (s *Service) followKeys(ctx context.Context) error {
	_, err := s.cfg.Authority.Follow(ctx)
	if err == nil {
		now := time.Now()
		s.fresh.Store(&now)
	}
	return err
}

// upToDate reports whether this replica knows the authority's keys as they are: no step of a replacement can have
// been taken and finished since it read them. One that was cut off from the database tries to catch up first.
func (s *Service) upToDate(ctx context.Context) bool {
	return s.isFresh() || s.followKeys(ctx) == nil
}

func (s *Service) isFresh() bool {
	return time.Since(*s.fresh.Load()) < max(settlePolls/2*s.cfg.Poll, time.Second)
}

// refresh reads every identity and token again if one has changed, and reports whether an identity that was
// there is not as it was.
func (s *Service) refresh(ctx context.Context) (changed bool, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	version, err := s.cfg.Store.EnrollmentVersion(ctx) // first: what follows is this version or a later one
	if err == nil && version == s.version {
		return false, nil
	}
	s.version = 0 // until all is read; after an outage it may be another database
	if err != nil {
		return false, err
	}
	all, err := s.cfg.Store.NodeIdentities(ctx)
	if err != nil {
		return false, err
	}
	tokens, err := s.cfg.Store.PresentJoinTokens(ctx, s.now())
	if err != nil {
		return false, err
	}
	fresh := make(map[string]NodeIdentity, len(all))
	for _, id := range all {
		fresh[id.Node] = id
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for node, was := range s.byName {
		is, ok := fresh[node]
		changed = changed || !ok || is.KeyHash != was.KeyHash || is.Revoked() != was.Revoked()
	}
	s.byName = fresh
	s.tokens = make(map[string]JoinToken, len(tokens))
	for _, t := range tokens {
		s.tokens[t.ID] = t
	}
	s.version = version
	return changed, nil
}

// learn reads one identity again.
func (s *Service) learn(ctx context.Context, node string) (NodeIdentity, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	id, err := s.cfg.Store.NodeIdentity(ctx, node)
	if err != nil {
		return id, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName = maps.Clone(s.byName)
	s.byName[node] = id
	return id, nil
}

func (s *Service) known(node string) (NodeIdentity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.byName[node]
	return id, ok
}

// now is the time as databases keep it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }
