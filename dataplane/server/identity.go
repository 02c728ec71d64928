package server

import (
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
)

// Memory is the ControlPlane of a node that has it in its own process, where DialOptions
// reach it. Every other is dialed with TLS.
const Memory = "passthrough:///memory"

// useIdentity reads who the node is, unless the control plane is in the same process.
func (c *Config) useIdentity(link *uplink.Config) (err error) {
	if link.InMemory = c.ControlPlane == Memory; link.InMemory {
		return nil
	}
	dir := ""
	if c.DataDir != "" {
		dir = filepath.Join(c.DataDir, "identity")
	}
	link.Identity, err = identity.Open(identity.Config{Dir: dir, Node: c.Node, JoinToken: c.JoinToken, Logger: c.Logger})
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
