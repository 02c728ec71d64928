package syncing

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// drain passes on whether the node is to get new clients, and shows soon that it knows.
func (s *Syncer) drain(order *nodev1.Drain) {
	if order.GetDraining() {
		s.log.Warn("drain started by an admin: the node is not ready but still answers calls")
	} else {
		s.log.Info("drain ended by an admin: the node is ready for new clients")
	}
	s.cfg.Drain(order.GetDraining())
	s.StatusChanged()
}

// reset passes on that cooldowns are to end, and shows soon that they have.
func (s *Syncer) reset(order *nodev1.ResetCooldown) {
	s.log.Info("cooldowns reset by an admin",
		"provider", order.GetProvider(), "model", order.GetModel(), "credential", order.GetCredential())
	s.cfg.Reset(order.GetProvider(), order.GetModel(), order.GetCredential())
	s.StatusChanged()
}

// age is how long ago the node started, by a clock that never steps.
func (s *Syncer) age() time.Duration { return time.Since(s.began) }

// introduce adds to a hello when this stream was opened, by both clocks.
func (s *Syncer) introduce(hello *nodev1.Hello) {
	hello.UptimeMs, hello.WallUs = s.age().Milliseconds(), s.cfg.Now().UnixMicro()
}

// describe adds to a status how the process itself is doing.
func (s *Syncer) describe(st *nodev1.Status, now Status, records Records) {
	st.UptimeMs, st.WallUs = s.age().Milliseconds(), s.cfg.Now().UnixMicro()
	st.Requests, st.FailedRequests = now.Requests, now.Failed
	st.Draining = now.Draining
	st.SpoolBytes = records.SpoolBytes
	if records.SpoolTrouble != nil {
		st.SpoolTrouble = stream.Text(records.SpoolTrouble.Error(), stream.MaxName)
	}
}
