package server

import (
	"path/filepath"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/lastgood"
)

// useDisk lets the uplink keep what must outlive the process in the data folder. A disk
// that cannot be used costs only what it would have kept, so it is no reason not to serve.
func (c *Config) useDisk(link *uplink.Config) {
	if c.DataDir == "" {
		return
	}
	snapshots, err := lastgood.Open(lastgood.Config{
		Dir: filepath.Join(c.DataDir, "snapshots"), Secret: []byte(c.JoinToken), Node: c.Node, Logger: c.Logger,
	})
	if err != nil {
		c.Logger.Error("snapshots are not kept on disk; a restart without the control plane would not serve", "error", err)
	} else {
		link.Snapshots = snapshots
	}
}
