package server

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/runmark"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/lastgood"
	"github.com/trunkline-ai/trunkline/internal/sealedfile"
)

// useDisk lets the uplink keep what must outlive the process in the data folder. A disk
// that cannot be used costs only what it would have kept, so it is no reason not to serve.
// A folder that another process uses is a mistake, and nobody would notice until calls
// are missing. The sealer is that of the folder; nil when nothing is to be sealed.
func (c *Config) useDisk(link *uplink.Config) (*sealedfile.Sealer, error) {
	link.Shipping.MaxBacklogBytes = c.CallMemory
	if err := c.useCallDir(link); err != nil {
		return nil, err
	}
	err := c.useIdentity(link) // after the lock of the folder
	if err != nil || c.DataDir == "" || link.InMemory {
		return nil, err
	}
	sealer, err := sealedfile.New(link.Identity.Secret(), c.Node)
	if err != nil {
		return nil, err
	}
	link.Sync.Snapshots, err = lastgood.Open(lastgood.Config{Dir: filepath.Join(c.DataDir, "snapshots"), Sealer: sealer, Logger: c.Logger})
	if err != nil {
		c.Logger.Error("snapshots are not saved; after a restart without the control plane this node could not serve", "error", err)
	}
	return sealer, nil
}

// minSpool is the least that is worth the name of a spool, in bytes.
const minSpool = 64 << 10

// useCallDir lets the uplink keep call records, and the sums of those it has no room for.
func (c *Config) useCallDir(link *uplink.Config) error {
	if c.SpoolBytes != 0 && c.SpoolBytes < minSpool {
		return fmt.Errorf("TRUNKLINE_CALL_SPOOL_BYTES is %d, at least %d are needed", c.SpoolBytes, minSpool)
	}
	dir := c.CallDir
	if dir == "" && c.DataDir != "" {
		dir = filepath.Join(c.DataDir, "calls")
	}
	if dir == "" {
		return nil
	}
	err := c.openCalls(link, dir)
	if errors.Is(err, spool.ErrInUse) {
		return fmt.Errorf("data folder: %w; give each node its own (TRUNKLINE_DATA_DIR)", err)
	}
	if err != nil {
		c.Logger.Error("call records are kept only in memory; a crash would lose those not yet shipped", "error", err)
	}
	return nil
}

// openCalls takes the folder, which only one process may have, before it reads anything.
func (c *Config) openCalls(link *uplink.Config, dir string) error {
	lock, err := spool.LockDir(dir)
	if err != nil {
		return err
	}
	mark, err := runmark.Open(runmark.Config{Path: filepath.Join(dir, "run"), Logger: c.Logger})
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	totals, err := overflow.Open(overflow.Config{Path: filepath.Join(dir, "totals"), Logger: c.Logger})
	if err != nil {
		return errors.Join(err, mark.Close(), lock.Close())
	}
	if complete := mark.Crashed(); !complete.IsZero() {
		now := time.Now()
		c.Logger.Warn("this node did not shut down cleanly; calls that ended after complete_until may have no record", "complete_until", complete.UTC())
		totals.Killed(complete, now)
		totals.Tend() // before the mark of this process is all there is
	}
	calls, err := spool.Open(shipping.SumInto(spool.Config{
		Dir: dir, Lock: lock, MaxBytes: c.SpoolBytes, MaxAge: c.SpoolAge, MinFree: minFree(c.MinFreeDisk), Logger: c.Logger,
	}, totals))
	if err != nil {
		return errors.Join(err, totals.Close(), mark.Close())
	}
	link.Shipping.Spool, link.Shipping.Totals, link.Shipping.Mark = calls, totals, mark
	return nil
}

// minFree is a percentage as the spool wants it: a part, and below 0 for all of the disk.
func minFree(percent int) float64 {
	if percent == 0 {
		return -1
	}
	return float64(percent) / 100
}

// closeDisk gives up the data folder once the uplink has ended. The spool goes last, for it
// holds the lock.
func (s *Server) closeDisk() {
	if s.spool == nil {
		return
	}
	if err := errors.Join(s.totals.Close(), s.mark.Close(), s.spool.Close()); err != nil {
		s.log.Error("close the spool of call records", "error", err)
	}
}
