package enrollment

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Bounds of what CreateToken takes.
const (
	DefaultTTL = time.Hour
	MaxTTL     = 24 * time.Hour
	MaxUses    = 1000
)

// NewToken says what a token shall be.
type NewToken struct {
	By, Note string
	TTL      time.Duration // more than zero
	Uses     int           // at least 1
	Node     string        // the only one that may join with it; empty: any
}

// CreateToken makes a token and returns its text, which cannot be had again.
func (s *Service) CreateToken(ctx context.Context, n NewToken) (JoinToken, string, error) {
	if n.TTL <= 0 || n.TTL > MaxTTL || n.Uses < 1 || n.Uses > MaxUses {
		return JoinToken{}, "", errs.Newf(errs.InvalidArgument, "a join token works for at most %s and %d nodes", MaxTTL, MaxUses)
	}
	id, text := nodeid.NewToken()
	sealed, err := s.cfg.Sealer.Seal(nodeid.TokenKey(text), sealedFor(id))
	if err != nil {
		return JoinToken{}, "", errs.Wrap(errs.Internal, err, "seal the join token")
	}
	now := s.now()
	token := JoinToken{
		ID: id, SealedKey: sealed, Note: n.Note, CreatedBy: n.By, CreatedAt: now, ExpiresAt: now.Add(n.TTL), MaxUses: n.Uses, Node: n.Node,
	}
	if err := s.cfg.Store.CreateJoinToken(ctx, token); err != nil {
		return JoinToken{}, "", err
	}
	s.mu.Lock()
	s.tokens[id] = token
	s.mu.Unlock()
	s.log.Info("join token created", "token", id, "by", n.By, "uses", n.Uses, "node", n.Node, "expires", token.ExpiresAt.Format(time.RFC3339))
	return token, text, nil
}

// Tokens lists the tokens that are kept, newest first.
func (s *Service) Tokens(ctx context.Context) ([]JoinToken, error) {
	return s.cfg.Store.ListJoinTokens(ctx)
}

// DeleteToken ends a token. Nodes that joined with it stay.
func (s *Service) DeleteToken(ctx context.Context, id, by string) error {
	if err := s.cfg.Store.DeleteJoinToken(ctx, id); err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.tokens, id)
	s.mu.Unlock()
	s.log.Info("join token deleted", "token", id, "by", by)
	return nil
}

// sealedFor binds a token's key to its id.
func sealedFor(id string) []byte { return []byte("join-token/" + id) }
