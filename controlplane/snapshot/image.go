package snapshot

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// image is a configuration as a set of documents for nodes, with what the next one is made from.
type image struct {
	cfg    *controlplane.Config
	set    *docset.Set
	groups map[string]bool    // names of those that are served
	rest   map[docset.ID]bool // documents that are no API keys
}

// restKinds are the kinds of configuration that everything but API keys is made of.
var restKinds = []controlplane.Kind{controlplane.KindProvider, controlplane.KindGroup, controlplane.KindFailureKeyword, controlplane.KindSettings}

// follow makes the image of a configuration from that of the one before; nil: from nothing. Either way
// gives the same. What did not change is not made again: documents are told apart as configurations share
// them, by their pointers.
func (before *image) follow(cfg *controlplane.Config, sealer controlplane.Sealer, pepper []byte) (*image, error) {
	if before == nil || before.cfg.Lineage != cfg.Lineage {
		before = &image{cfg: controlplane.NewConfig(0, cfg.Lineage, nil, nil), set: docset.Empty(false)}
	}
	b := newBuilder(cfg, sealer)
	next := &image{cfg: cfg, groups: before.groups, rest: before.rest}
	change := &docset.Change{Revision: uint64(cfg.Revision)}
	if before.rest == nil || slices.ContainsFunc(restKinds, func(k controlplane.Kind) bool { return !slices.Equal(before.cfg.List(k), cfg.List(k)) }) {
		if err := next.changeRest(b, before, change, pepper); err != nil {
			return nil, err
		}
	}
	b.groups = next.groups
	if err := changeKeys(b, before, next, change); err != nil {
		return nil, err
	}
	next.set = before.set.With(change, nil)
	if next.set.Size() > MaxSize {
		return nil, fmt.Errorf("snapshot has %d bytes, more than the %d that nodes take", next.set.Size(), MaxSize)
	}
	return next, nil
}

// changeRest adds to a change what becomes of everything but API keys.
func (next *image) changeRest(b *builder, before *image, change *docset.Change, pepper []byte) error {
	s, err := b.rest(pepper)
	if err != nil {
		return err
	}
	next.groups, next.rest = b.groups, map[docset.ID]bool{}
	add := func(kind docset.Kind, m proto.Message) error {
		d, err := document(kind, m)
		if err != nil {
			return err
		}
		next.rest[d.ID] = true
		change.Documents = append(change.Documents, d)
		return nil
	}
	for _, p := range s.GetProviders() {
		p.RequiredFeatures = feature.Required(p)
		err = firstOf(err, add(docset.Provider, p))
	}
	for _, g := range s.GetGroups() {
		g.RequiredFeatures = feature.Required(g)
		err = firstOf(err, add(docset.Group, g))
	}
	for _, k := range s.GetFailureKeywords() {
		k.RequiredFeatures = feature.Required(k)
		err = firstOf(err, add(docset.FailureKeyword, k))
	}
	for id := range before.rest {
		if !next.rest[id] {
			change.Gone = append(change.Gone, id)
		}
	}
	s.Revision, s.Providers, s.Groups, s.FailureKeywords = 0, nil, nil, nil
	change.NewRest = true
	rest, failed := proto.MarshalOptions{Deterministic: true}.Marshal(s)
	change.Rest = rest
	return firstOf(err, failed)
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// changeKeys adds to a change what becomes of API keys.
func changeKeys(b *builder, before, next *image, change *docset.Change) error {
	other := map[string]bool{} // groups that are served in one of the two
	for g := range before.groups {
		if !next.groups[g] {
			other[g] = true
		}
	}
	for g := range next.groups {
		if !before.groups[g] {
			other[g] = true
		}
	}
	gone, made := map[docset.ID]bool{}, map[docset.ID]bool{}
	was, is := before.cfg.List(controlplane.KindAPIKey), next.cfg.List(controlplane.KindAPIKey)
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(was) > 0 && len(is) > 0 && was[0] == is[0] && !refersTo(is[0], other):
			was, is = was[1:], is[1:]
		case len(is) == 0 || len(was) > 0 && was[0].Name < is[0].Name:
			for _, hash := range secretHashes(was[0].Spec.(*adminv1.ApiKey)) {
				gone[hash] = true
			}
			was = was[1:]
		default:
			if len(was) > 0 && was[0].Name == is[0].Name {
				for _, hash := range secretHashes(was[0].Spec.(*adminv1.ApiKey)) {
					gone[hash] = true
				}
				was = was[1:]
			}
			keys, err := b.keys(is[0])
			if err != nil {
				return err
			}
			for _, k := range keys {
				d, err := document(docset.APIKey, k)
				if err != nil {
					return err
				}
				made[d.ID] = true
				change.Documents = append(change.Documents, d)
			}
			is = is[1:]
		}
	}
	for id := range gone {
		if !made[id] {
			change.Gone = append(change.Gone, id)
		}
	}
	return nil
}

func refersTo(r *controlplane.Resource, groups map[string]bool) bool {
	return len(groups) > 0 && slices.ContainsFunc(r.Spec.(*adminv1.ApiKey).GetGroups(), func(g string) bool { return groups[g] })
}

// secretHashes are the ids of the documents that an API key may have been made into.
func secretHashes(k *adminv1.ApiKey) (all []docset.ID) {
	for _, hash := range [][]byte{k.GetSecretHash(), k.GetOldSecretHash()} {
		if len(hash) == keyHashSize {
			all = append(all, docset.ID(hash))
		}
	}
	return all
}

func document(kind docset.Kind, m proto.Message) (*docset.Document, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return docset.New(kind, raw)
}
