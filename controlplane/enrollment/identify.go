package enrollment

import (
	"context"
	"crypto/x509"
	"maps"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Grace is for how long a certificate that has expired may still be renewed: a node that
// was cut off for a week comes back by itself.
const Grace = 7 * 24 * time.Hour

// Identify says which node shows the certificate. It returns a *nodeid.Refusal when that
// is not welcome, with the name if it is certain; one for the reason Expired may renew.
func (s *Service) Identify(ctx context.Context, certificate *x509.Certificate) (node string, err error) {
	if node, err = s.cfg.Authority.Verify(certificate); err != nil {
		return "", refuse(nodeid.Foreign, "the certificate is not one of this control plane: the node has joined another one")
	}
	hash := nodeid.KeyHash(certificate)
	if s.Accepted(node, hash) != nil {
		// Another replica may know better.
		if _, err := s.learn(ctx, node); err != nil && errs.CodeOf(err) != errs.NotFound {
			return node, err
		}
		if err := s.Accepted(node, hash); err != nil {
			if nodeid.ReasonOf(err) == nodeid.Unknown {
				s.orphan(node)
			}
			return node, err
		}
	}
	expired := s.cfg.Now().Sub(certificate.NotAfter)
	switch {
	case expired > Grace:
		return node, refuse(nodeid.TooLate, "the certificate expired at "+certificate.NotAfter.Format(time.RFC3339)+
			", too long ago to be renewed: the node has to join again with a new token")
	case expired > 0:
		return node, refuse(nodeid.Expired, "the certificate expired at "+certificate.NotAfter.Format(time.RFC3339)+
			" and must be renewed; if the node thinks otherwise, its clock is wrong")
	}
	return node, nil
}

// Accepted says whether the holder of a key is still the node of that name, as far as this
// replica knows: nil, or a *nodeid.Refusal.
func (s *Service) Accepted(node string, keyHash [32]byte) error {
	id, ok := s.known(node)
	switch {
	case !ok:
		return refuse(nodeid.Unknown, "no node has joined under this name, or its identity was removed: join again with a new token")
	case id.KeyHash != keyHash:
		return refuse(nodeid.Replaced, "another node joined under this name at "+id.JoinedAt.Format(time.RFC3339)+
			": give each node a name of its own (TRUNKLINE_NODE), or remove this node's identity folder and join again to take the name back")
	case id.Revoked():
		return refuse(nodeid.Revoked, "the node was revoked at "+id.RevokedAt.Format(time.RFC3339)+
			": it can join again only with a join token created after that")
	}
	return nil
}

func refuse(reason nodeid.Reason, message string) *nodeid.Refusal {
	return &nodeid.Refusal{Reason: reason, Message: message}
}

const (
	// maxOrphans bounds what is remembered of nodes that the database does not know.
	maxOrphans = 1000
	// forgetOrphans is how long one is remembered after it was heard of last.
	forgetOrphans = 24 * time.Hour
)

// orphan remembers a node whose certificate is ours, and that the database does not know.
func (s *Service) orphan(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orphans == nil {
		s.orphans = map[string]time.Time{}
	}
	if _, known := s.orphans[node]; known || len(s.orphans) < maxOrphans {
		s.orphans[node] = s.cfg.Now()
	}
}

// Orphans are the nodes that have shown this replica a certificate of its own authority within the
// last 24 hours although the database knows no such node, and when: they joined after the
// backup that was restored, or were removed. The result is the caller's.
func (s *Service) Orphans() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.orphans, func(node string, seen time.Time) bool {
		_, joined := s.byName[node]
		return joined || s.cfg.Now().Sub(seen) > forgetOrphans
	})
	return maps.Clone(s.orphans)
}

// Revoke refuses the node from now on, on this replica at once and on others within the
// time of a poll.
func (s *Service) Revoke(ctx context.Context, node, by string) error {
	if err := s.cfg.Store.RevokeNode(ctx, node, by, s.now()); err != nil {
		return err
	}
	s.log.Warn("node revoked", "node", node, "by", by)
	if _, err := s.learn(ctx, node); err != nil {
		return err
	}
	s.cfg.Changed()
	return nil
}

// Identities are those of all nodes that have joined, by name, as this replica knows them.
// The map must not be changed.
func (s *Service) Identities() map[string]NodeIdentity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName
}
