package nodeapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Identities says which nodes are welcome.
type Identities interface {
	// Join lets a node join that proves a token, on the connection that channel stands for.
	Join(ctx context.Context, tokenID string, proof, channel []byte, req *nodev1.EnrollRequest) (*nodev1.EnrollResponse, error)
	// Renew issues a new certificate to the holder of one that Identify has let through.
	Renew(ctx context.Context, present *x509.Certificate, req *nodev1.RenewRequest) (*nodev1.RenewResponse, error)
	// Identify says which node shows the certificate, or why that is not welcome: a
	// *nodeid.Refusal.
	Identify(ctx context.Context, certificate *x509.Certificate) (node string, err error)
	// Accepted says the same of a key whose certificate was good before, without waiting.
	Accepted(node string, keyHash [32]byte) error
	// Told takes which authorities a connected node trusts, and reports whether it is to renew its
	// certificate now. It does not wait.
	Told(node string, keyHash [32]byte, authorities []string) (renew bool)
}

// Enroll lets a node join. Whoever calls has shown no certificate yet.
func (s *service) Enroll(ctx context.Context, req *nodev1.EnrollRequest) (*nodev1.EnrollResponse, error) {
	connection, ok := connectionOf(ctx)
	if s.identities == nil || !ok {
		return nil, status.Error(codes.FailedPrecondition, "nodes can join only over TLS")
	}
	channel, err := nodeid.Channel(connection)
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	sent := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(sent) != 1 {
		return nil, status.Error(codes.Unauthenticated, "no proof of a join token")
	}
	tokenID, proof, ok := nodeid.ParseAuthorization(sent[0])
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "the authorization is not a proof of a join token")
	}
	response, err := s.identities.Join(ctx, tokenID, proof, channel, req)
	if err != nil {
		s.unjoined.Do(func() {
			s.log.Warn("refused to let a node join", "node", cut(req.GetNode(), 128), "token", tokenID, "from", origin(ctx), "error", err)
		})
		return nil, toStatus(err)
	}
	return response, nil
}

// Renew issues a new certificate for the present one.
func (s *service) Renew(ctx context.Context, req *nodev1.RenewRequest) (*nodev1.RenewResponse, error) {
	certificate, ok := certificateOf(ctx)
	if s.identities == nil || !ok {
		return nil, status.Error(codes.FailedPrecondition, "there is no certificate to renew")
	}
	response, err := s.identities.Renew(ctx, certificate, req)
	if err != nil {
		s.log.Warn("failed to renew a node's certificate", "from", origin(ctx), "error", err)
		return nil, toStatus(err)
	}
	return response, nil
}

// Recheck ends the streams of nodes that are not welcome any more.
func (s *Server) Recheck() {
	if identities := s.service.identities; identities != nil {
		s.streams.recheck(identities.Accepted)
	}
}

// connectionOf is the TLS connection that a call came over, if it did.
func connectionOf(ctx context.Context) (tls.ConnectionState, bool) {
	if p, ok := peer.FromContext(ctx); ok {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			return info.State, true
		}
	}
	return tls.ConnectionState{}, false
}

// certificateOf is what the caller has shown and holds the key of. Nobody has judged it yet.
func certificateOf(ctx context.Context) (*x509.Certificate, bool) {
	connection, ok := connectionOf(ctx)
	if !ok || len(connection.PeerCertificates) == 0 {
		return nil, false
	}
	return connection.PeerCertificates[0], true
}

// origin is where a call came from.
func origin(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok {
		return p.Addr.String()
	}
	return "unknown"
}
