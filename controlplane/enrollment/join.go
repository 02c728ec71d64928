package enrollment

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxRequest bounds a certificate request, in bytes; one for P-256 has about 300.
const maxRequest = 4 << 10

// Join lets a node join that proves a token, on the connection that channel stands for.
func (s *Service) Join(ctx context.Context, tokenID string, proof, channel []byte, req *nodev1.EnrollRequest) (*nodev1.EnrollResponse, error) {
	node, request := req.GetNode(), req.GetCertificateRequest()
	if len(request) > maxRequest {
		return nil, errs.Newf(errs.InvalidArgument, "the certificate request has %d bytes, more than %d", len(request), maxRequest)
	}
	token, key, err := s.token(ctx, tokenID)
	if err != nil {
		return nil, err
	}
	if !nodeid.Equal(proof, nodeid.NodeProof(key, channel, node, request)) {
		return nil, errs.Newf(errs.Unauthenticated, "the proof of the join token is not valid: either the token is mistyped, "+
			"or something between node and control plane ends TLS, which the node link does not allow")
	}
	if token.Node != "" && token.Node != node {
		return nil, errs.Newf(errs.PermissionDenied, "join token %s is only for node %q, not for %q", tokenID, token.Node, node)
	}
	if !s.upToDate(ctx) {
		return nil, errs.Newf(errs.Unavailable, "this replica cannot reach the database and may not know the current CA key; try again")
	}
	certificate, err := s.cfg.Authority.Issue(node, request)
	if err != nil {
		return nil, err
	}
	if err := s.mayTakeOver(token, node, certificate); err != nil {
		return nil, err
	}
	if err := s.admit(ctx, token, node, certificate); err != nil {
		return nil, err
	}
	authorities := s.cfg.Authority.Certificates()
	return &nodev1.EnrollResponse{
		Certificate: certificate.Raw, Authority: authorities[0], OtherAuthorities: authorities[1:],
		Proof: nodeid.ControlPlaneProof(key, channel, node, certificate.Raw, authorities...),
	}, nil
}

// token is a join token and what its proofs are made with. Whoever asks has proved nothing yet, so
// the errors tell nothing but that, and only tokens that are not known here make us ask the
// database: a flood of made-up ones cannot keep those waiting who have a real one.
func (s *Service) token(ctx context.Context, id string) (JoinToken, []byte, error) {
	if preset := s.cfg.Preset(); preset != "" && id == nodeid.TokenID(preset) {
		return JoinToken{ID: id}, nodeid.TokenKey(preset), nil
	}
	if id == nodeid.Preset {
		return JoinToken{}, nil, errs.Newf(errs.Unauthenticated, "the join token is not one that this control plane made, and it has no preset one; "+
			"make one with: trunklinectl nodes create-join-token")
	}
	s.mu.Lock()
	token, known := s.tokens[id]
	s.mu.Unlock()
	if !known {
		if !s.strangers.AllowN(s.cfg.Now(), 1) {
			return JoinToken{}, nil, errs.Newf(errs.ResourceExhausted, "too many nodes are joining with unknown tokens; try again")
		}
		var err error
		token, err = s.cfg.Store.JoinToken(ctx, id)
		if errs.CodeOf(err) == errs.NotFound {
			return JoinToken{}, nil, errs.Newf(errs.Unauthenticated, "join token %s is unknown: it was deleted, expired long ago, is mistyped, "+
				"or is one of another control plane", id)
		}
		if err != nil {
			return JoinToken{}, nil, err
		}
	}
	key, err := s.cfg.Sealer.Open(token.SealedKey, sealedFor(id))
	return token, key, err
}

// mayTakeOver refuses to give the name of a node that is connected to another one, unless an admin
// has made the token for that name.
func (s *Service) mayTakeOver(token JoinToken, node string, certificate *x509.Certificate) error {
	present, known := s.known(node)
	if !known || present.Revoked() || present.KeyHash == nodeid.KeyHash(certificate) || token.Node == node || !s.cfg.Connected(node) {
		return nil
	}
	return errs.Newf(errs.FailedPrecondition, "a node named %q is connected: give this one another name (TRUNKLINE_NODE), stop the other one, "+
		"or take the name over with a token made for it: trunklinectl nodes create-join-token --node %s", node, node)
}

// admit uses the token and makes the certificate's key the one its name stands for.
func (s *Service) admit(ctx context.Context, token JoinToken, node string, certificate *x509.Certificate) error {
	id := NodeIdentity{
		Node: node, KeyHash: nodeid.KeyHash(certificate), TokenID: token.ID, JoinedAt: s.now(), ExpiresAt: certificate.NotAfter,
	}
	if token.SealedKey == nil { // the preset token is stored nowhere
		id.TokenID = ""
	}
	event := audit.Event{Actor: "node:" + node, Action: audit.ActionJoinNode, Targets: []string{"Node/" + node, "JoinToken/" + token.ID}}
	joining, _ := audit.Begin(ctx, event)
	if err := s.cfg.Store.JoinNode(joining, id); err != nil {
		return err
	}
	before, known := s.known(node)
	if _, err := s.learn(ctx, node); err != nil {
		s.log.Warn("failed to read the identity of a node that joined; retrying soon", "node", node, "error", err)
	}
	replaced := known && before.KeyHash != id.KeyHash && !before.Revoked()
	if replaced {
		s.log.Warn("a node joined under the name of another node, whose certificate is refused from now on", "node", node, "token", token.ID)
	} else {
		s.log.Info("node joined", "node", node, "token", token.ID, "certificate_expires", certificate.NotAfter.Format(time.RFC3339))
	}
	s.cfg.Changed()
	return nil
}

// Renew issues a new certificate for the key of the present one, which Identify has found
// to be good or just expired.
func (s *Service) Renew(ctx context.Context, present *x509.Certificate, req *nodev1.RenewRequest) (*nodev1.RenewResponse, error) {
	node, err := s.cfg.Authority.Verify(present)
	if err != nil {
		return nil, err
	}
	if len(req.GetCertificateRequest()) > maxRequest {
		return nil, errs.Newf(errs.InvalidArgument, "the certificate request has more than %d bytes", maxRequest)
	}
	authorities := s.cfg.Authority.Certificates()
	if !s.upToDate(ctx) {
		// A node must not be lost because the database is away for long: it keeps trusting what it trusts, and a
		// certificate that is newer than the key known here is not replaced by an older one.
		if authorities = nil; !s.cfg.Authority.IsPresent(present) {
			return nil, errs.Newf(errs.Unavailable, "this replica cannot reach the database and does not know the key of the node's certificate; try again")
		}
	}
	certificate, err := s.cfg.Authority.Issue(node, req.GetCertificateRequest())
	if err != nil {
		return nil, err
	}
	hash := nodeid.KeyHash(certificate)
	if hash != nodeid.KeyHash(present) {
		return nil, errs.Newf(errs.PermissionDenied, "a certificate can be renewed only for its own key; a new key has to join")
	}
	err = s.cfg.Store.RenewNode(ctx, node, hash, certificate.NotAfter)
	switch errs.CodeOf(err) {
	case errs.NotFound: // revoked or replaced at this moment
		return nil, err
	case errs.Unavailable:
		// A node must not be lost because the database is away for long.
		s.log.Warn("renewing a node's certificate without the database", "node", node, "error", err)
	default:
		if err != nil {
			return nil, err
		}
	}
	s.log.Info("certificate renewed", "node", node, "expires", certificate.NotAfter.Format(time.RFC3339))
	return &nodev1.RenewResponse{Certificate: certificate.Raw, Authorities: authorities}, nil
}
