package alerts

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// expiryDays are the days before its end at which people are told of a key.
var expiryDays = [...]int{14, 3, 1}

const day = 24 * time.Hour

// Keys finds API keys that expire soon, or have expired within the last day. A key is told of
// so many days before its end only when it was made to last longer.
type Keys struct {
	Live Current
	Now  func() time.Time

	expiring relevantKeys
}

// Event implements Detector.
func (*Keys) Event() string { return EventKeyExpiring }

// Every implements Detector.
func (*Keys) Every() time.Duration { return 10 * time.Second }

// Look implements Detector.
func (d *Keys) Look(context.Context) (found []Condition, ok bool) {
	now := d.Now()
	for _, r := range d.expiring.of(d.Live.Current(), func(key *adminv1.ApiKey) bool { return key.GetExpireTime() != nil }) {
		doc := r.Spec.(*adminv1.ApiKey)
		switch controlplane.KeyState(doc, now) {
		case adminv1.ApiKeyState_API_KEY_STATE_REVOKED, adminv1.ApiKeyState_API_KEY_STATE_DISABLED:
			continue
		}
		if c, ok := expiring(r, doc, now); ok && controlplane.IsEnabled(doc.Enabled) {
			found = append(found, c)
		}
	}
	return found, true
}

func expiring(r *controlplane.Resource, doc *adminv1.ApiKey, now time.Time) (Condition, bool) {
	end := doc.GetExpireTime().AsTime()
	left, life := end.Sub(now), end.Sub(r.CreatedAt)
	if left <= -day {
		return Condition{}, false
	}
	severity, level := 0, 0
	for i, days := range expiryDays {
		if limit := time.Duration(days) * day; left <= limit && life > limit {
			severity, level = i+1, days
		}
	}
	if severity == 0 {
		return Condition{}, false
	}
	if left <= 0 {
		severity, level = len(expiryDays)+1, 0
	}
	return Condition{Subject: r.UID, Severity: severity, Alert: summarized(EventKeyExpiring, &adminv1.Alert{
		ApiKey: r.Name, Groups: firstOf(doc.GetGroups(), 100), Level: int32(level), ExpireTime: doc.GetExpireTime(),
	})}, true
}
