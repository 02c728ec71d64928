package controlplane

import (
	"iter"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Config is the whole configuration at one revision. It is immutable: With returns a
// new one that shares what did not change. It is safe for concurrent use.
type Config struct {
	Revision Revision
	Lineage  string // identity of the database, made when it is initialised
	// Replaces are the lineages in whose place an admin put this one, oldest first.
	Replaces  []string
	resources map[Kind]map[string]*Resource
	sorted    map[Kind]*sortedIndex // of resources
	secrets   map[string][]byte     // ref -> ciphertext
	keyCounts *keyCounts
	// revocations are the secrets of API keys that are not accepted any more.
	revocations map[SecretHash]Revocation
	revokedAt   Revision // newest revision in revocations

	// What validation need not check again: c comes from a valid configuration, from which
	// only the documents named in dirty differ, which has them as they were there; nil: not there.
	trusted bool
	dirty   map[Kind]map[string]*Resource
	valid   atomic.Bool // it was checked and is valid
}

// NewConfig builds a configuration from stored rows.
func NewConfig(revision Revision, lineage string, resources []*Resource, secrets []Secret, revocations ...Revocation) *Config {
	c := &Config{
		Revision:    revision,
		Lineage:     lineage,
		resources:   make(map[Kind]map[string]*Resource, len(Kinds)),
		sorted:      make(map[Kind]*sortedIndex, len(Kinds)),
		keyCounts:   &keyCounts{},
		secrets:     make(map[string][]byte, len(secrets)),
		revocations: make(map[SecretHash]Revocation, len(revocations)),
	}
	for _, r := range revocations {
		c.revocations[r.Hash] = r
		c.revokedAt = max(c.revokedAt, r.Revision)
	}
	for _, k := range Kinds {
		c.resources[k], c.sorted[k] = map[string]*Resource{}, &sortedIndex{}
	}
	for _, r := range resources {
		c.resources[r.Kind][r.Name] = r
	}
	for _, s := range secrets {
		c.secrets[s.Ref] = s.Ciphertext
	}
	return c
}

// With returns the configuration as it is after changes, which must follow on c.
func (c *Config) With(revision Revision, changes []Change, secrets []Secret) *Config {
	next := &Config{
		Revision:  revision,
		Lineage:   c.Lineage,
		Replaces:  c.Replaces,
		resources: maps.Clone(c.resources),
		sorted:    maps.Clone(c.sorted),
		keyCounts: c.keyCounts,
		secrets:   c.secrets,
		trusted:   c.trusted,
		dirty:     make(map[Kind]map[string]*Resource, len(Kinds)),
	}
	if c.valid.Load() {
		next.trusted = true
	} else {
		for kind, names := range c.dirty {
			next.dirty[kind] = maps.Clone(names)
		}
	}
	if len(secrets) > 0 {
		next.secrets = maps.Clone(c.secrets)
		for _, s := range secrets {
			next.secrets[s.Ref] = s.Ciphertext
		}
	}
	next.revocations, next.revokedAt = c.revoke(changes)
	cloned := map[Kind]bool{}
	for _, ch := range changes {
		if ch.Op == OpAdopt {
			continue // of the database, not of a document
		}
		if !cloned[ch.Kind] {
			next.resources[ch.Kind] = maps.Clone(c.resources[ch.Kind])
			cloned[ch.Kind] = true
		}
		if next.dirty[ch.Kind] == nil {
			next.dirty[ch.Kind] = map[string]*Resource{}
		}
		if _, noted := next.dirty[ch.Kind][ch.Name]; !noted {
			next.dirty[ch.Kind][ch.Name] = c.resources[ch.Kind][ch.Name]
		}
		if ch.Op == OpDelete {
			delete(next.resources[ch.Kind], ch.Name)
			continue
		}
		created := ch.At
		if old := next.resources[ch.Kind][ch.Name]; old != nil && ch.Op == OpUpdate {
			created = old.CreatedAt
		}
		next.resources[ch.Kind][ch.Name] = &Resource{
			Kind: ch.Kind, Name: ch.Name, UID: ch.UID, Revision: ch.Revision,
			Spec: ch.After, CreatedAt: created, UpdatedAt: ch.At,
		}
	}
	if cloned[KindAPIKey] {
		next.keyCounts = &keyCounts{}
	}
	for kind := range cloned {
		next.sorted[kind] = c.sorted[kind].after(next.dirty[kind], next.resources[kind])
	}
	return next
}

// Changes turns ops into the changes they would make to c at the given revision: what
// they create gets a uid from newUID.
func (c *Config) Changes(revision Revision, at time.Time, actor string, ops []Op, newUID func() string) []Change {
	changes := make([]Change, 0, len(ops))
	for _, op := range ops {
		ch := Change{Revision: revision, At: at, Actor: actor, Kind: op.Kind, Name: op.Name, After: op.Spec}
		old, exists := c.Get(op.Kind, op.Name)
		switch {
		case exists && op.Spec == nil:
			ch.Op, ch.UID, ch.Before = OpDelete, old.UID, old.Spec
		case exists:
			ch.Op, ch.UID, ch.Before = OpUpdate, old.UID, old.Spec
		case op.Spec == nil:
			continue
		default:
			ch.Op, ch.UID = OpCreate, newUID()
		}
		changes = append(changes, ch)
	}
	return changes
}

// Get returns one resource.
func (c *Config) Get(kind Kind, name string) (*Resource, bool) {
	r, ok := c.resources[kind][name]
	return r, ok
}

// List returns the resources of a kind in name order. The list is shared: it must not be
// changed.
func (c *Config) List(kind Kind) []*Resource {
	return slices.Clip(c.sorted[kind].of(c.resources[kind]))
}

// All gives the resources of a kind in no order, which costs less than List.
func (c *Config) All(kind Kind) iter.Seq[*Resource] { return maps.Values(c.resources[kind]) }

// Has reports whether there is such a resource.
func (c *Config) Has(kind Kind, name string) bool { return c.resources[kind][name] != nil }

// Count returns how many resources of a kind there are.
func (c *Config) Count(kind Kind) int { return len(c.resources[kind]) }

// Secret returns the ciphertext a document refers to.
func (c *Config) Secret(ref string) ([]byte, bool) {
	s, ok := c.secrets[ref]
	return s, ok
}

// Settings returns the gateway's settings; an empty document when none were stored.
func (c *Config) Settings() *adminv1.Settings {
	if r, ok := c.Get(KindSettings, SettingsName); ok {
		return r.Spec.(*adminv1.Settings)
	}
	return &adminv1.Settings{}
}
