package enrollment

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// settlePolls is how long a step of a replacement lasts at least, in polls: every replica has followed
	// by then, unless it is cut off from the database.
	settlePolls = 10
	// askAgain is how long a node has to renew its certificate before it is asked once more.
	askAgain = 15 * time.Second
)

// Rotation is how the replacement of the authority's key stands.
type Rotation struct {
	Keys []controlplane.AuthorityKey // the one that signs first; one alone: no key is being replaced
	// Waiting are the nodes for which it waits, in name order: those that do not trust the next key yet, or
	// whose certificate is still one of the key that signed before. Who is not connected is waited for
	// as long as the node could come back with its certificate.
	Waiting []string
}

// Rotation says how it stands.
func (s *Service) Rotation() Rotation {
	keys := s.cfg.Authority.Keys()
	return Rotation{Keys: keys, Waiting: s.waiting(keys)}
}

// waiting are the nodes that are not ready for the next step.
func (s *Service) waiting(keys []controlplane.AuthorityKey) (nodes []string) {
	if len(keys) < 2 {
		return nil
	}
	other := keys[1]
	now := s.cfg.Now()
	for _, id := range s.Identities() {
		if id.Revoked() || now.Sub(id.ExpiresAt) > Grace {
			continue
		}
		ready := slices.Contains(id.Authorities, other.Fingerprint)
		if other.Role == controlplane.AuthorityRetired {
			ready = len(id.Authorities) > 0 && id.Authorities[0] == keys[0].Fingerprint
		}
		if !ready {
			nodes = append(nodes, id.Node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// Rotate begins to replace the authority's key. The rest goes on by itself.
func (s *Service) Rotate(ctx context.Context, by string) error {
	if err := s.cfg.Authority.Begin(ctx); err != nil {
		return err
	}
	s.log.Warn("CA rotation started: nodes are told to trust the new key", "by", by)
	return nil
}

// Advance goes on with the next step without waiting any longer for nodes. Those named must be all that it
// waits for: they have to join again.
func (s *Service) Advance(ctx context.Context, without []string, by string) error {
	if _, err := s.refresh(ctx); err != nil {
		return err
	}
	r := s.Rotation()
	if len(r.Keys) < 2 {
		return errs.Newf(errs.FailedPrecondition, "no CA rotation is in progress")
	}
	for _, node := range r.Waiting {
		if !slices.Contains(without, node) {
			return errs.Newf(errs.FailedPrecondition, "node %q is not ready for the next step and is not listed in without_nodes; the rotation waits for: %s", node, strings.Join(r.Waiting, ", "))
		}
	}
	return s.step(ctx, r.Keys[1], by)
}

// Cancel gives up a key that has signed nothing yet.
func (s *Service) Cancel(ctx context.Context, by string) error {
	if err := s.cfg.Authority.Cancel(ctx); err != nil {
		return err
	}
	s.log.Warn("CA rotation cancelled", "by", by)
	return nil
}

// advance goes on by itself once every node is ready.
func (s *Service) advance(ctx context.Context) {
	r := s.Rotation()
	if len(r.Keys) < 2 || len(r.Waiting) > 0 || s.cfg.Now().Sub(r.Keys[1].Since) < settlePolls*s.cfg.Poll {
		return
	}
	ctx, _ = audit.Begin(ctx, audit.Event{Actor: audit.System, Action: audit.ActionAdvanceAuthority})
	err := s.step(ctx, r.Keys[1], audit.System)
	if err != nil && errs.CodeOf(err) != errs.Conflict && ctx.Err() == nil {
		s.log.Warn("the next step of the CA rotation failed; retrying", "error", err)
	}
}

// step takes the step that follows from the role of the key that does not sign.
func (s *Service) step(ctx context.Context, other controlplane.AuthorityKey, by string) error {
	do, what := s.cfg.Authority.Switch, "CA rotation: the new key signs from now on"
	if other.Role == controlplane.AuthorityRetired {
		do, what = s.cfg.Authority.Finish, "CA rotation finished: the old key is no longer trusted"
	}
	if err := do(ctx, other.Fingerprint); err != nil {
		return err
	}
	s.log.Warn(what, "by", by, "signing", s.cfg.Authority.Keys()[0].Fingerprint)
	return nil
}

// told is what a node tells of the authorities it trusts.
type told struct {
	keyHash     [32]byte
	authorities []string
}

// Told takes what a connected node says that it trusts, the one that signed its certificate first, and reports
// whether the node is to renew its certificate now, which brings it what it lacks. It does not wait.
func (s *Service) Told(node string, keyHash [32]byte, authorities []string) (renew bool) {
	if len(authorities) == 0 { // an older build, which can do nothing about it
		return false
	}
	keys := s.cfg.Authority.Keys()
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, known := s.byName[node]; known && !slices.Equal(id.Authorities, authorities) {
		s.told[node] = told{keyHash, slices.Clone(authorities)}
	}
	if trustsAll(authorities, keys) {
		delete(s.asked, node)
		return false
	}
	now := s.cfg.Now()
	if now.Sub(s.asked[node]) < askAgain || !s.isFresh() { // what is old here may be older than what the node has
		return false
	}
	s.asked[node] = now
	return true
}

// trustsAll reports whether a node has what it would get now.
func trustsAll(authorities []string, keys []controlplane.AuthorityKey) bool {
	if len(authorities) != len(keys) || authorities[0] != keys[0].Fingerprint {
		return false
	}
	for _, i := range keys {
		if !slices.Contains(authorities, i.Fingerprint) {
			return false
		}
	}
	return true
}

// noteTold stores what nodes have told.
func (s *Service) noteTold(ctx context.Context) error {
	s.mu.Lock()
	all := s.told
	s.told = map[string]told{}
	s.mu.Unlock()
	for node, t := range all {
		if err := s.cfg.Store.NoteAuthorities(ctx, node, t.keyHash, t.authorities); err != nil {
			s.mu.Lock()
			maps.Copy(all, s.told) // what was told since is newer
			s.told = all
			s.mu.Unlock()
			return err
		}
	}
	return nil
}
