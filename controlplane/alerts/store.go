package alerts

import (
	"context"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Tracked is an alert as it is remembered, while it fires and for a day after.
type Tracked struct {
	Event, Subject string
	Alert          *adminv1.Alert
	Severity       int
	ClearSince     time.Time // while it fires: since when its condition no longer holds; zero: it does
	Openings       int       // how often it fired in a row, with less than flapMemory between
	Told           []string  // uids of the channels that were told that it fires
	Version        int64     // of the row; a change of another one than it was read at is refused
}

// Firing reports whether it is not over.
func (t Tracked) Firing() bool { return t.Alert.GetState() == adminv1.AlertState_ALERT_STATE_FIRING }

// Notice is one alert that a channel is to be told of.
type Notice struct {
	ID         string // in the order in which they were made
	ChannelUID string
	At         time.Time
	Alert      *adminv1.Alert
}

// Queue is what waits for one channel.
type Queue struct {
	ChannelUID string
	Oldest     time.Time
	Sending    bool // a delivery to it is pending
}

// Delivery is one message to a channel, as it is kept.
type Delivery struct {
	ChannelUID string
	*adminv1.AlertDelivery
}

// Filter says which deliveries to list.
type Filter struct {
	Channel string // name; empty: of all
	State   adminv1.AlertDeliveryState
	Before  Position // the last one of the page before; zero: from the newest
	Limit   int
}

// Position is a place in the list of deliveries.
type Position struct {
	CreateUS int64
	ID       string
}

const (
	// KeptDeliveries is how many deliveries of a channel are kept, KeptFor for how long.
	KeptDeliveries = 1000
	KeptFor        = 30 * 24 * time.Hour
	// KeptNotices is how many notices wait for a channel; older ones are dropped.
	KeptNotices = 1000
	// KeptResolved is for how long an alert that is over is remembered.
	KeptResolved = 24 * time.Hour
)

// Store keeps alerts, what channels are to be told of them, and what they were sent.
type Store interface {
	// Alerts reads all that are remembered.
	Alerts(ctx context.Context) ([]Tracked, error)
	// ChangeAlerts writes alerts and the notices of what happened, all or nothing. An alert of
	// version 0 is new. errs.Conflict when another replica changed one of them meanwhile.
	ChangeAlerts(ctx context.Context, changed []Tracked, notices []Notice) error
	// AlertQueues says for whom notices wait.
	AlertQueues(ctx context.Context) ([]Queue, error)
	// CollectNotices makes one delivery of all that waits for a channel: form gets it, oldest
	// first. Nothing happens when nothing waits or a delivery to the channel is pending.
	CollectNotices(ctx context.Context, channelUID string, form func([]Notice) Delivery) error
	// DropNotices forgets what waits for a channel.
	DropNotices(ctx context.Context, channelUID string) error
	// DueDeliveries lists the pending ones whose next attempt is at now or before.
	DueDeliveries(ctx context.Context, now time.Time) ([]Delivery, error)
	// ClaimDelivery notes one more attempt at a delivery that was tried as often as said, and
	// when the next one is due if the result of this one is never noted. False when somebody
	// else did so, or when it is pending no more.
	ClaimDelivery(ctx context.Context, id string, attempts int32, until time.Time) (bool, error)
	// EndAttempt writes how a delivery stands after its last claimed attempt.
	EndAttempt(ctx context.Context, d Delivery) error
	// RecordDelivery stores a delivery that is over.
	RecordDelivery(ctx context.Context, d Delivery) error
	// Deliveries lists deliveries, newest first.
	Deliveries(ctx context.Context, f Filter) ([]Delivery, error)
	// ExpireAlerts forgets alerts that ended before resolved, deliveries that are over and were
	// made before delivered, and what is more of each channel than is kept.
	ExpireAlerts(ctx context.Context, resolved, delivered time.Time) error
}
