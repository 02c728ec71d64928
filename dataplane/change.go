package dataplane

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unique"

	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Change is what leads from a snapshot to the next one.
type Change struct {
	Revision uint64
	// Rest is everything but the API keys, if any of that changed.
	Rest *nodev1.Snapshot
	Keys []*nodev1.ApiKey // new and changed ones, each secret once
	Gone []KeyHash        // secrets of API keys that are no more
}

// With is the snapshot after a change. It trusts as little as Compile does, and costs what changed: API keys
// that did not are not looked at, unless a group is gone that one of them may refer to. Providers, groups and
// keywords refer to each other and are compiled together.
func (s *Snapshot) With(c *Change, p *pace.Pace) (*Snapshot, error) {
	next := *s
	if c.Rest != nil {
		rest, err := compileRest(c.Rest)
		if err != nil {
			return nil, err
		}
		rest.keepTargets(s)
		next = *rest
		next.revoked, next.held = s.revoked, s.held
	}
	next.Revision = c.Revision
	var err error
	if next.keys, err = next.withKeys(s.keys, c.Keys, c.Gone, p); err != nil {
		return nil, err
	}
	if c.Rest != nil && next.lacksGroupOf(s) {
		if err := next.checkGroups(p); err != nil {
			return nil, err
		}
	}
	next.held.bound(&next, p)
	return &next, nil
}

// lacksGroupOf reports whether a group of the snapshot before is gone.
func (s *Snapshot) lacksGroupOf(before *Snapshot) bool {
	for name := range before.byName {
		if s.byName[name] == nil {
			return true
		}
	}
	return false
}

// checkGroups refuses API keys with groups that do not exist.
func (s *Snapshot) checkGroups(p *pace.Pace) error {
	seen := 0
	for _, k := range s.keys.All() {
		for _, name := range k.groups {
			if s.byName[name] == nil {
				return fmt.Errorf("api key %q: group %q does not exist", k.Name, name.Value())
			}
		}
		p.Count(seen)
		seen++
	}
	return nil
}

// withKeys are keys after a change of some of them.
func (s *Snapshot) withKeys(keys hashtrie.Map[*APIKey], changed []*nodev1.ApiKey, gone []KeyHash, p *pace.Pace) (hashtrie.Map[*APIKey], error) {
	edits := make([]hashtrie.Edit[*APIKey], 0, len(changed)+len(gone))
	for i, in := range changed {
		k, err := s.compileKey(in)
		if err != nil {
			return keys, fmt.Errorf("api key %q: %w", in.GetName(), err)
		}
		edits = append(edits, hashtrie.Edit[*APIKey]{Key: hashtrie.Key(k.hash), Value: k})
		p.Count(i)
	}
	for _, hash := range gone {
		edits = append(edits, hashtrie.Edit[*APIKey]{Key: hashtrie.Key(hash), Gone: true})
	}
	return keys.With(edits, p), nil
}

func (s *Snapshot) compileKey(in *nodev1.ApiKey) (*APIKey, error) {
	if len(in.GetHash()) != len(KeyHash{}) {
		return nil, fmt.Errorf("hash has %d bytes instead of %d", len(in.GetHash()), len(KeyHash{}))
	}
	k := &APIKey{Name: in.GetName(), hash: KeyHash(in.GetHash())}
	if k.unsupported = in.GetRequiredFeatures(); len(k.unsupported) > 0 { // what the node has was taken off the list before
		return k, nil
	}
	k.unsupported, k.Caller, k.Held = nil, callerOf(in), s.held.of(in.GetName())
	if err := k.restrict(in); err != nil {
		return nil, err
	}
	if in.GetExpireTime() != nil {
		k.ExpiresAt = in.GetExpireTime().AsTime()
	}
	k.groups = make([]unique.Handle[string], 0, len(in.GetGroups()))
	for _, name := range in.GetGroups() {
		handle := unique.Make(name)
		if s.byName[handle] == nil {
			return nil, fmt.Errorf("group %q does not exist", name)
		}
		k.groups = append(k.groups, handle)
	}
	slices.SortFunc(k.groups, func(a, b unique.Handle[string]) int { return strings.Compare(a.Value(), b.Value()) })
	return k, nil
}

// held are the counters of what requests of each API key hold, by its name: all secrets of one key share one,
// and snapshots that follow go on with it.
type held struct {
	mu     sync.Mutex
	byName map[string]*atomic.Int64 // guarded by mu
}

func newHeld(keys int) *held { return &held{byName: make(map[string]*atomic.Int64, keys)} }

func (h *held) of(name string) *atomic.Int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.byName[name]
	if n == nil {
		n = new(atomic.Int64)
		h.byName[name] = n
	}
	return n
}

// bound forgets keys that are gone, once they are as many as there are.
func (h *held) bound(s *Snapshot, p *pace.Pace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.byName) <= 2*s.keys.Len()+1024 {
		return
	}
	byName := make(map[string]*atomic.Int64, s.keys.Len())
	seen := 0
	for k := range s.Keys() {
		byName[k.Name] = k.Held
		p.Count(seen)
		seen++
	}
	h.byName = byName
}
