package server

import (
	"path/filepath"

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
