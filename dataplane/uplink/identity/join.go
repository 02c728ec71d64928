package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Dial opens a connection to the control plane with the credentials.
type Dial func(credentials.TransportCredentials) (*grpc.ClientConn, error)

// Join gets the node its certificate for its join token. The token is not shown to who
// answers, and no answer is believed that does not prove to come from who knows it.
func (i *Identity) Join(ctx context.Context, dial Dial) error {
	token := i.cfg.LatestJoinToken()
	if token == "" {
		return ErrNoToken
	}
	key, err := i.joiningKey()
	if err != nil {
		return fmt.Errorf("join: make a key: %w", err)
	}
	request, err := certificateRequest(key)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	conn, err := dial(i.joinCredentials())
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	defer conn.Close()
	proof := joinProof{token: token, node: i.cfg.Node, request: request}
	var control peer.Peer
	response, err := nodev1.NewNodeServiceClient(conn).Enroll(ctx,
		&nodev1.EnrollRequest{Node: i.cfg.Node, CertificateRequest: request},
		grpc.PerRPCCredentials(proof), grpc.Peer(&control))
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if err := proof.check(control.AuthInfo, response); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	c, err := newCredential(key, response.GetCertificate(), authoritiesOf(response))
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if c.node != i.cfg.Node {
		return fmt.Errorf("join: the certificate is for %q", c.node)
	}
	i.take(c)
	i.log.Info("joined the control plane", "node", c.node, "control_plane", c.domain, "certificate_expires", c.certificate.Leaf.NotAfter)
	return nil
}

// authoritiesOf are all that a node is to trust that joins.
func authoritiesOf(response *nodev1.EnrollResponse) [][]byte {
	return append([][]byte{response.GetAuthority()}, response.GetOtherAuthorities()...)
}

// Renew gets a new certificate for the key that the node has, and what it is to trust from then on.
func (i *Identity) Renew(ctx context.Context, client nodev1.NodeServiceClient) error {
	i.mu.Lock()
	c := i.current
	i.mu.Unlock()
	if c == nil {
		return errors.New("renew the certificate: there is none")
	}
	request, err := certificateRequest(c.key)
	if err != nil {
		return fmt.Errorf("renew the certificate: %w", err)
	}
	response, err := client.Renew(ctx, &nodev1.RenewRequest{CertificateRequest: request})
	if err != nil {
		return fmt.Errorf("renew the certificate: %w", err)
	}
	authorities := response.GetAuthorities()
	if len(authorities) == 0 { // of a replica that is cut off from the database, or an older build
		for _, ca := range c.authorities {
			authorities = append(authorities, ca.Raw)
		}
	}
	fresh, err := newCredential(c.key, response.GetCertificate(), authorities)
	if err != nil {
		return fmt.Errorf("renew the certificate: %w", err)
	}
	i.take(fresh)
	i.log.Info("certificate renewed", "expires", fresh.certificate.Leaf.NotAfter, "authorities", fresh.fingerprints())
	return nil
}

// pendingKey is the key of a join that was not answered yet.
type pendingKey struct{ key *ecdsa.PrivateKey }

// joiningKey is the key to join with. It stays until the join is answered, over a restart
// too: when an answer is lost the control plane knows the node by it, and repeats.
func (i *Identity) joiningKey() (*ecdsa.PrivateKey, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.pending != nil {
		return i.pending.key, nil
	}
	if text, err := i.folder.read(joiningFile); err == nil {
		if key, _, err := decodeKey(text); err == nil {
			i.pending = &pendingKey{key}
			return key, nil
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	text, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	if err := i.folder.write(joiningFile, text); err != nil {
		i.log.Warn("failed to save the private key for joining", "error", err)
	}
	i.pending = &pendingKey{key}
	return key, nil
}

func certificateRequest(key *ecdsa.PrivateKey) ([]byte, error) {
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %w", err)
	}
	return request, nil
}

// joinProof proves a join token on whatever connection a call goes over.
type joinProof struct {
	token, node string
	request     []byte
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (p joinProof) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	info, _ := credentials.RequestInfoFromContext(ctx)
	channel, err := channelOf(info.AuthInfo)
	if err != nil {
		return nil, err
	}
	proof := nodeid.NodeProof(nodeid.TokenKey(p.token), channel, p.node, p.request)
	return map[string]string{"authorization": nodeid.Authorization(nodeid.TokenID(p.token), proof)}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (p joinProof) RequireTransportSecurity() bool { return true }

// check believes an answer that only who knows the token can have made, on this connection.
func (p joinProof) check(auth credentials.AuthInfo, response *nodev1.EnrollResponse) error {
	channel, err := channelOf(auth)
	if err != nil {
		return err
	}
	want := nodeid.ControlPlaneProof(nodeid.TokenKey(p.token), channel, p.node, response.GetCertificate(), authoritiesOf(response)...)
	if !nodeid.Equal(want, response.GetProof()) {
		return errors.New("the answer does not prove that it comes from a control plane that knows the join token: " +
			"something in between answers in its place")
	}
	return nil
}

func channelOf(auth credentials.AuthInfo) ([]byte, error) {
	info, ok := auth.(credentials.TLSInfo)
	if !ok {
		return nil, errors.New("the connection is not TLS")
	}
	return nodeid.Channel(info.State)
}
