// Package health counts how attempts end and says which targets, providers and
// credentials are to be skipped for a while.
//
// A scope is closed until failures fill its window or an outcome names a hold; then it is
// open, which is to say cooling, until its deadline. From then on it is half-open: one
// attempt at a time may probe it, and a success closes it.
//
//	       N failures, or a hold             deadline
//	closed ---------------------> open ---------------------> half-open
//	  ^                            ^                           |     |
//	  |                            +------ the probe fails ----+     |
//	  +------- the probe, or an attempt as last resort, succeeds ----+
//
// These points of the rules are worth knowing:
//
//   - The first failed probe keeps the level and each later one raises it, so that a
//     provider that needs a little longer is not punished for our asking.
//   - The level goes back to 0 once the scope has been closed for twice the longest
//     cooldown. A half-open scope that nobody tries for that long is closed again.
//   - A failure as last resort changes nothing, a hold that it names included.
//   - A scope that closes takes the lease of its probe with it: what that probe reports
//     later is a result like any other.
//   - A scope that its window opened, by failures of which most took less than a second, may
//     be probed early if the policy says so: once every 5 s. Such a probe can only close it;
//     one that fails slowly, or is told to wait, is the last.
//   - Failures count by caller, which is the owner of an API key or the key. They open a scope
//     by its window only if two callers failed, or one that is alone: it has 95 % of the traffic,
//     and no other had a success within the window. What no caller can cause needs one.
//   - A hold opens at once only if it is beyond doubt. Where a caller may have brought the refusal
//     about (a 403 without a code, say), it opens when a second caller meets it within the window
//     and nobody had a success between them; nor does one caller keep a half-open scope open by it.
//   - A wait that an upstream names is believed as it is: a failed probe is held for no longer.
//   - A provider is down, as Condition says of its scope, while two of its models are open
//     for reasons that may be the provider's. That is derived and is not probed: the models
//     are.
//
// Evidence belongs to the scope: groups with other policies judge the same attempts, each
// in a window of its own length.
//
// # Shared health
//
// A Memory is the health of one process. A Shared is a Memory that tells the other nodes,
// through Redis, of every failure, probe and reset, and of its successes once a second; Lua
// scripts apply the same rules to what all nodes report, on Redis' own clock. Each node
// reads the verdicts twice a second and adopts them into its Memory, so the request path is
// that of a Memory and never waits. A node skips what either it or the fleet has open.
//
//	report ----> Memory ----> Condition, Snapshot
//	                | ^
//	          notes v | verdicts, every 500 ms
//	             Redis reporter (one goroutine)
//	                | ^
//	                v |
//	              Redis (scripts) <---- Probe (at most 50 ms)
//
// What this costs and promises:
//
//   - Probes are granted by Redis: one at a time in the whole fleet. A scope that only one
//     node has open is that node's own to probe.
//   - While Redis is away, as dataplane/redis decides, the node is a Memory.
//   - When Redis forgets (a flush, a restart) nodes keep what they know to be open until its
//     deadline; levels and windows begin again. When a replica takes over that had not heard of
//     the last trip, that trip is lost and the target is tried again early.
//   - The keys of an environment share one hash tag, {trunkline:<environment>}: window:<scope>
//     and scope:<scope> expire by themselves; open, epoch and clock stay.
//
// A Persistence writes cooldowns to a file, so that they outlast the process.
package health

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// opening is how an open or half-open scope stands, as the request path reads it.
type opening struct {
	until, fades time.Time
	probeAt      time.Time // when an early probe is due; zero: there is none
	level        int
	reason       dataplane.Outcome
}

func (t *tracker) opening() opening {
	o := opening{until: t.until, fades: t.fades, level: t.level, reason: t.reason}
	if t.early {
		o.probeAt = later(t.earlyAt, t.fleet.askAt)
	}
	return o
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// condition is how the opening stands at one moment.
func (o opening) condition(now time.Time) dataplane.Condition {
	c := dataplane.Condition{State: dataplane.Open, Until: o.until, Level: o.level, Reason: o.reason}
	switch {
	case !now.Before(o.fades):
		return dataplane.Condition{}
	case !now.Before(o.until), !o.probeAt.IsZero() && !now.Before(o.probeAt):
		c.State = dataplane.HalfOpen
	}
	return c
}
