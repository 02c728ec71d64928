package uplink

import (
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// drain passes on whether the node shall get new clients, and shows soon that it knows.
func (u *Uplink) drain(order *nodev1.Drain) {
	if order.GetDraining() {
		u.log.Warn("the node is drained at an admin's word: not ready, and answering whatever still comes")
	} else {
		u.log.Info("the node takes new clients again, at an admin's word")
	}
	u.cfg.Drain(order.GetDraining())
	u.StatusChanged()
}

// age is how long ago the uplink was made, by a clock that never steps.
func (u *Uplink) age() time.Duration { return time.Since(u.began) }

// introduce adds to a hello when this stream was opened, by both clocks.
func (u *Uplink) introduce(hello *nodev1.Hello) {
	hello.UptimeMs, hello.WallUs = u.age().Milliseconds(), u.cfg.Now().UnixMicro()
}

// describe adds to a status how the process itself is doing.
func (u *Uplink) describe(st *nodev1.Status, now Status) {
	st.UptimeMs, st.WallUs = u.age().Milliseconds(), u.cfg.Now().UnixMicro()
	st.Requests = now.Requests
	st.Draining = now.Draining
	disk := u.Spool()
	st.SpoolBytes = disk.Bytes
	if disk.Trouble != nil {
		st.SpoolTrouble = text(disk.Trouble.Error(), maxName)
	}
}
