package server

import (
	"context"
	"net"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
)

// AllInOne is what a node has that shares its process with the control plane: a link in
// memory, which needs neither TLS nor an identity; providers of dialect fake, and every
// provider may be at a private or loopback address.
type AllInOne struct {
	// DialControlPlane reaches the control plane; required.
	DialControlPlane func(ctx context.Context) (net.Conn, error)
	// DialFake reaches the scripted provider; required.
	DialFake func(ctx context.Context, network, address string) (net.Conn, error)
}

// inMemory is the name of a control plane that gRPC does not look up.
const inMemory = "passthrough:///memory"

// useIdentity reads who the node is, unless the control plane is in the same process.
func (c *Config) useIdentity(link *uplink.Config) (err error) {
	if c.AllInOne != nil {
		link.InMemory, link.Target = true, inMemory
		link.DialOptions = []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return c.AllInOne.DialControlPlane(ctx)
		})}
		return nil
	}
	dir := ""
	if c.DataDir != "" {
		dir = filepath.Join(c.DataDir, "identity")
	}
	link.Identity, err = identity.Open(identity.Config{Dir: dir, Node: c.Node, JoinToken: c.JoinToken, LatestJoinToken: c.LatestJoinToken, Logger: c.Logger})
	return err
}

// registerIdentity shows until when the node can say who it is. It renews 8 hours before,
// so a certificate with less time left than that tells of trouble in good time.
func registerIdentity(reg prometheus.Registerer, link *uplink.Uplink) {
	reg.MustRegister(gauge("trunkline_certificate_expires_timestamp_seconds",
		"When the node's certificate expires, in seconds since the Unix epoch; 0 when it has none.", func() float64 {
			if at := link.CertificateExpires(); !at.IsZero() {
				return float64(at.Unix())
			}
			return 0
		}))
}
