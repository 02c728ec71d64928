package server

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/lastgood"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/spool"
)

// useDisk lets the uplink keep what must outlive the process in the data folder. A disk
// that cannot be used costs only what it would have kept, so it is no reason not to serve.
// A folder that another process uses is a mistake, and nobody would notice until calls
// are missing.
func (c *Config) useDisk(link *uplink.Config) error {
	if c.DataDir == "" {
		return nil
	}
	calls, err := spool.Open(spool.Config{Dir: filepath.Join(c.DataDir, "calls"), Logger: c.Logger})
	switch {
	case errors.Is(err, spool.ErrInUse):
		return fmt.Errorf("data folder: %w; give each node a folder of its own (TRUNKLINE_DATA_DIR)", err)
	case err != nil:
		c.Logger.Error("call records are kept in memory only; a crash loses those that are not shipped", "error", err)
	default:
		link.Spool = calls
	}
	link.Snapshots, err = lastgood.Open(lastgood.Config{
		Dir: filepath.Join(c.DataDir, "snapshots"), Secret: []byte(c.JoinToken), Node: c.Node, Logger: c.Logger,
	})
	if err != nil {
		c.Logger.Error("snapshots are not kept on disk; a restart without the control plane would not serve", "error", err)
	}
	return nil
}

// closeDisk gives up the data folder once the uplink has ended.
func (s *Server) closeDisk() {
	if s.spool == nil {
		return
	}
	if err := s.spool.Close(); err != nil {
		s.log.Error("close the spool of call records", "error", err)
	}
}
