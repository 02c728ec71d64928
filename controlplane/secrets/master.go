package secrets

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// MasterKey is the master key that a database uses: what is sealed from now on is sealed under it.
type MasterKey struct {
	ID    string
	Since time.Time
	By    string // who chose it; empty: the first start
}

// Sealed is a secret that is stored, and the master key that it is sealed under.
// One that is damaged has none.
type Sealed struct{ Ref, KeyID string }

// Resealed replaces Before by After where it is still stored.
type Resealed struct {
	Ref           string
	Before, After []byte
}

// MasterStore keeps which master key is in use, and everything that is sealed under one.
type MasterStore interface {
	// MasterKey returns the key in use; errs.NotFound while there is none.
	MasterKey(ctx context.Context) (MasterKey, error)
	// UseMasterKey puts next in the place of the key before; empty: there is none. When another one
	// is in use by now the error is errs.Conflict.
	UseMasterKey(ctx context.Context, before string, next MasterKey) error
	// Sealed lists every secret that is sealed under a master key.
	Sealed(ctx context.Context) ([]Sealed, error)
	// SealedElsewhere returns at most limit secrets that are not sealed under a key, in the order of
	// their refs, which come after one.
	SealedElsewhere(ctx context.Context, keyID, after string, limit int) ([]controlplane.Secret, error)
	// Reseal replaces secrets in one transaction, but for those that were changed or removed since.
	Reseal(ctx context.Context, secrets []Resealed) error
	// ForgetSealed removes what is sealed under lost keys and can be made again or is used by nobody:
	// the control plane's own secrets, join tokens, and secrets that no document refers to.
	ForgetSealed(ctx context.Context, keyIDs []string) (refs []string, err error)
}

// Lock keeps jobs that one replica does for all from running on two at once.
type Lock interface {
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
}

// MasterConfig is what MasterKeys works with. Everything is required unless it says otherwise.
type MasterConfig struct {
	Ring *Ring
	// File is where the ring's keys come from, and is looked at again and again. Default: they never change.
	File  *KeyFile
	Store MasterStore
	Lock  Lock
	// Lost are keys that are gone for good: what is sealed under them does not keep this process
	// from starting. Default: none.
	Lost []string
	// Lacking lists the replicas that live and were not given a key. Default: none.
	Lacking func(keyID string) (replicas []string)
	Logger  *slog.Logger
	Now     func() time.Time // default time.Now

	Follow time.Duration // how often the choice of other replicas is read; default 1s
	Round  time.Duration // how often it is looked for secrets under other keys; default 1m
	Look   time.Duration // how often the file is looked at; default 5s
}

// MasterKeys keeps the ring on the key that the database uses, and brings what is sealed under other
// keys under that one. It is safe for concurrent use.
type MasterKeys struct {
	cfg  MasterConfig
	wake chan struct{}
	mu   sync.Mutex // over choosing a key
}

// OpenMasterKeys finds the key in use, chooses the first one that was given for a database that has
// none, and refuses a database whose secrets need a key that was not given.
func OpenMasterKeys(ctx context.Context, cfg MasterConfig) (*MasterKeys, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Follow, cfg.Round, cfg.Look = cmp.Or(cfg.Follow, time.Second), cmp.Or(cfg.Round, time.Minute), cmp.Or(cfg.Look, 5*time.Second)
	m := &MasterKeys{cfg: cfg, wake: make(chan struct{}, 1)}
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	if err := m.check(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// begin takes the key in use, or makes the first one that was given that of a new database or of one
// whose key is lost.
func (m *MasterKeys) begin(ctx context.Context) error {
	present, err := m.cfg.Store.MasterKey(ctx)
	if errs.CodeOf(err) == errs.NotFound || err == nil && slices.Contains(m.cfg.Lost, present.ID) {
		next := MasterKey{ID: m.cfg.Ring.InUse(), Since: m.now()}
		err = m.cfg.Store.UseMasterKey(ctx, present.ID, next)
		if err == nil || errs.CodeOf(err) == errs.Conflict { // another replica was first
			present, err = m.cfg.Store.MasterKey(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := m.cfg.Ring.Use(present.ID); err != nil {
		return errs.Newf(errs.FailedPrecondition, "this database uses master key %s, which TRUNKLINE_SECRET_KEY does not contain (it contains %s): "+
			"add that key, or, if it is lost for good, see --lost-master-keys in docs/keys.md", present.ID, strings.Join(m.cfg.Ring.KeyIDs(), ", "))
	}
	return nil
}

// check refuses secrets that cannot be opened, unless their key is known to be lost.
func (m *MasterKeys) check(ctx context.Context) error {
	if len(m.cfg.Lost) > 0 {
		for _, id := range m.cfg.Lost {
			if m.cfg.Ring.Has(id) {
				return errs.Newf(errs.InvalidArgument, "--lost-master-keys names %s, but TRUNKLINE_SECRET_KEY contains that key", id)
			}
		}
		if err := m.forget(ctx); err != nil {
			return err
		}
	}
	counts := map[string]int{}
	sealed, err := m.cfg.Store.Sealed(ctx)
	if err != nil {
		return err
	}
	for _, s := range sealed {
		if s.KeyID != "" && !m.cfg.Ring.Has(s.KeyID) && !slices.Contains(m.cfg.Lost, s.KeyID) {
			counts[s.KeyID]++
		}
	}
	var missing []string
	for id, n := range counts {
		missing = append(missing, fmt.Sprintf("%s (%d)", id, n))
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return errs.Newf(errs.FailedPrecondition, "secrets in this database are encrypted with master keys that TRUNKLINE_SECRET_KEY does not contain: %s. "+
		"Add those keys until `trunklinectl master-keys list` shows that nothing uses them, or, if they are lost for good, see --lost-master-keys in docs/keys.md",
		strings.Join(missing, ", "))
}

// forget removes what is lost and can be made again.
func (m *MasterKeys) forget(ctx context.Context) error {
	refs, err := m.cfg.Store.ForgetSealed(ctx, m.cfg.Lost)
	if len(refs) > 0 {
		m.cfg.Logger.Warn("removed secrets encrypted with lost master keys; those of the control plane are generated again", "secrets", refs)
	}
	return err
}

// now is the time as databases keep it.
func (m *MasterKeys) now() time.Time { return m.cfg.Now().UTC().Truncate(time.Microsecond) }

// KeyState is one master key as it stands.
type KeyState struct {
	ID      string
	InUse   bool
	Given   bool     // to this replica
	Secrets int      // sealed under it
	Lacking []string // replicas that live and were not given it
}

// Status is how the database stands: which master keys there are, and what is sealed under them.
type Status struct {
	InUse   MasterKey
	Keys    []KeyState // the one in use first, then as given, then others
	Secrets int
	Pending int // not yet under the key in use
}

// Status reads how the database stands.
func (m *MasterKeys) Status(ctx context.Context) (Status, error) {
	present, err := m.cfg.Store.MasterKey(ctx)
	if err != nil {
		return Status{}, err
	}
	sealed, err := m.cfg.Store.Sealed(ctx)
	if err != nil {
		return Status{}, err
	}
	counts := map[string]int{}
	ids := append([]string{present.ID}, m.cfg.Ring.KeyIDs()...)
	for _, s := range sealed {
		counts[s.KeyID]++
	}
	var others []string
	for id := range counts {
		if !slices.Contains(ids, id) {
			others = append(others, id)
		}
	}
	slices.Sort(others)
	st := Status{InUse: present, Secrets: len(sealed), Pending: len(sealed) - counts[present.ID]}
	for i, id := range append(ids, others...) {
		if i > 0 && id == present.ID {
			continue
		}
		st.Keys = append(st.Keys, KeyState{
			ID: id, InUse: id == present.ID, Given: m.cfg.Ring.Has(id), Secrets: counts[id], Lacking: m.lacking(id),
		})
	}
	return st, nil
}

func (m *MasterKeys) lacking(id string) []string {
	if m.cfg.Lacking == nil {
		return nil
	}
	return m.cfg.Lacking(id)
}

// Unreadable lists what is sealed under keys that were not given to this replica.
func (m *MasterKeys) Unreadable(ctx context.Context) ([]Sealed, error) {
	sealed, err := m.cfg.Store.Sealed(ctx)
	return slices.DeleteFunc(sealed, func(s Sealed) bool { return m.cfg.Ring.Has(s.KeyID) }), err
}

// Rotate puts a key in use that every replica was given. What is sealed under other keys follows in
// the background. Choosing the one in use changes nothing.
func (m *MasterKeys) Rotate(ctx context.Context, id, by string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	present, err := m.cfg.Store.MasterKey(ctx)
	if err != nil {
		return err
	}
	if id == present.ID {
		return nil
	}
	if !m.cfg.Ring.Has(id) {
		return errs.Newf(errs.FailedPrecondition, "this replica lacks master key %s and has only %s: add it to the secret key file of every replica, which is reloaded within 5 s, or to TRUNKLINE_SECRET_KEY and restart them",
			id, strings.Join(m.cfg.Ring.KeyIDs(), ", "))
	}
	if lacking := m.lacking(id); len(lacking) > 0 {
		return errs.Newf(errs.FailedPrecondition, "%d control-plane replicas lack master key %s: %s; add it to their secret key file, which is reloaded within 5 s, or to their TRUNKLINE_SECRET_KEY and restart them "+
			"(one that was stopped is forgotten after 10 s)", len(lacking), id, strings.Join(lacking, ", "))
	}
	if err := m.cfg.Store.UseMasterKey(ctx, present.ID, MasterKey{ID: id, Since: m.now(), By: by}); err != nil {
		return err
	}
	m.cfg.Logger.Info("master key rotated; re-wrapping what older keys encrypted", "from", present.ID, "to", id, "by", by)
	if err := m.cfg.Ring.Use(id); err != nil {
		return err
	}
	select {
	case m.wake <- struct{}{}:
	default: // already awake
	}
	return nil
}
