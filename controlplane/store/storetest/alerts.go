package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	pendingState = adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_PENDING
	sentState    = adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT
)

// firingAlert is an alert that began n minutes after the epoch.
func firingAlert(subject string, n int) alerts.Tracked {
	return alerts.Tracked{
		Event: "cooldown", Subject: subject, Severity: 2, Openings: 1,
		Alert: &adminv1.Alert{
			Id: "alert-" + subject, Event: "cooldown", State: adminv1.AlertState_ALERT_STATE_FIRING, Summary: "ü", Provider: subject,
			StartTime: timestamppb.New(epoch.Add(time.Duration(n) * time.Minute)),
		},
	}
}

func noticeOf(id, channel string, n int, t alerts.Tracked) alerts.Notice {
	return alerts.Notice{ID: id, ChannelUID: channel, At: epoch.Add(time.Duration(n) * time.Minute).UTC(), Alert: t.Alert}
}

// pendingDelivery is one that is due n minutes after the epoch.
func pendingDelivery(id, channel string, n int) alerts.Delivery {
	at := timestamppb.New(epoch.Add(time.Duration(n) * time.Minute))
	return alerts.Delivery{ChannelUID: channel, AlertDelivery: &adminv1.AlertDelivery{
		Id: id, Channel: "name of " + channel, State: pendingState, CreateTime: at, NextAttemptTime: at,
	}}
}

func alertsAreChangedTogether(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	a, b := firingAlert("a\x1fx", 1), firingAlert("b", 2)
	a.Told = []string{"one", "two"}
	must(t, s.ChangeAlerts(t.Context(), []alerts.Tracked{a, b}, []alerts.Notice{noticeOf("n1", "one", 1, a)}))
	a.Version, b.Version = 1, 1
	got, err := s.Alerts(t.Context())
	must(t, err)
	wantEqual(t, "alerts", got, []alerts.Tracked{a, b})

	// One that somebody changed meanwhile undoes the whole change.
	a.ClearSince = epoch.Add(time.Hour).UTC()
	stale := b
	stale.Version = 7
	wantCode(t, s.ChangeAlerts(t.Context(), []alerts.Tracked{a, stale}, []alerts.Notice{noticeOf("n2", "two", 1, a)}), errs.Conflict)
	again := firingAlert("b", 3)
	wantCode(t, s.ChangeAlerts(t.Context(), []alerts.Tracked{again}, nil), errs.Conflict)
	queues, err := s.AlertQueues(t.Context())
	must(t, err)
	wantEqual(t, "queues", queues, []alerts.Queue{{ChannelUID: "one", Oldest: epoch.Add(time.Minute).UTC()}})

	must(t, s.ChangeAlerts(t.Context(), []alerts.Tracked{a}, nil))
	a.Version = 2
	b.Alert = proto.CloneOf(b.Alert)
	b.Alert.State, b.Alert.EndTime = adminv1.AlertState_ALERT_STATE_RESOLVED, timestamppb.New(epoch.Add(time.Hour))
	must(t, s.ChangeAlerts(t.Context(), []alerts.Tracked{b}, nil))
	b.Version = 2
	got, err = s.Alerts(t.Context())
	must(t, err)
	wantEqual(t, "alerts", got, []alerts.Tracked{a, b})

	must(t, s.ExpireAlerts(t.Context(), epoch.Add(time.Hour), epoch))
	got, err = s.Alerts(t.Context())
	must(t, err)
	wantEqual(t, "one that ended just then stays", len(got), 2)
	must(t, s.ExpireAlerts(t.Context(), epoch.Add(2*time.Hour), epoch))
	got, err = s.Alerts(t.Context())
	must(t, err)
	wantEqual(t, "alerts that fire", got, []alerts.Tracked{a})
}

func noticesBecomeOneDelivery(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	a := firingAlert("a", 1)
	must(t, s.ChangeAlerts(t.Context(), nil, []alerts.Notice{noticeOf("n2", "one", 2, a), noticeOf("n1", "one", 1, a), noticeOf("n3", "two", 3, a)}))
	var taken []string
	collect := func(channel string, d alerts.Delivery) {
		t.Helper()
		taken = nil
		must(t, s.CollectNotices(t.Context(), channel, func(notices []alerts.Notice) alerts.Delivery {
			for _, n := range notices {
				taken = append(taken, n.ID)
				wantEqual(t, "the alert of a notice", n.Alert, a.Alert)
			}
			return d
		}))
	}
	first := pendingDelivery("d1", "one", 5)
	collect("one", first)
	wantEqual(t, "notices in order", taken, []string{"n1", "n2"})
	collect("nobody", pendingDelivery("d0", "nobody", 5))
	wantEqual(t, "notices of nobody", taken, []string{})

	// While one is under way, what comes waits.
	must(t, s.ChangeAlerts(t.Context(), nil, []alerts.Notice{noticeOf("n4", "one", 4, a)}))
	queues, err := s.AlertQueues(t.Context())
	must(t, err)
	wantEqual(t, "queues", queues, []alerts.Queue{
		{ChannelUID: "one", Oldest: epoch.Add(4 * time.Minute).UTC(), Sending: true},
		{ChannelUID: "two", Oldest: epoch.Add(3 * time.Minute).UTC()},
	})
	collect("one", pendingDelivery("d2", "one", 6))
	queues, err = s.AlertQueues(t.Context())
	must(t, err)
	wantEqual(t, "queues after that", len(queues), 2)

	must(t, s.DropNotices(t.Context(), "two"))
	due, err := s.DueDeliveries(t.Context(), epoch.Add(5*time.Minute))
	must(t, err)
	wantEqual(t, "due deliveries", due, []alerts.Delivery{first})
	due, err = s.DueDeliveries(t.Context(), epoch.Add(5*time.Minute-time.Microsecond))
	must(t, err)
	wantEqual(t, "due a moment before", len(due), 0)
}

func deliveriesAreClaimedOnce(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	must(t, s.ChangeAlerts(t.Context(), nil, []alerts.Notice{noticeOf("n1", "one", 1, firingAlert("a", 1))}))
	d := pendingDelivery("d1", "one", 1)
	must(t, s.CollectNotices(t.Context(), "one", func([]alerts.Notice) alerts.Delivery { return d }))

	stores := []Store{s}
	for range db.Replicas - 1 {
		stores = append(stores, db.Open(t, time.Now))
	}
	var (
		wg      sync.WaitGroup
		claimed atomic.Int32
	)
	until := epoch.Add(time.Hour).UTC()
	for n := range 8 {
		wg.Go(func() {
			ok, err := stores[n%len(stores)].ClaimDelivery(t.Context(), "d1", 0, until)
			if err != nil {
				t.Error(err)
			}
			if ok {
				claimed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := claimed.Load(); n != 1 {
		t.Fatalf("%d replicas claimed it, want 1", n)
	}
	due, err := s.DueDeliveries(t.Context(), until)
	must(t, err)
	d.Attempts = 1
	wantEqual(t, "what is due when the lease is over", due, []alerts.Delivery{d})

	// The result of an attempt that another one followed is not written.
	ok, err := s.ClaimDelivery(t.Context(), "d1", 1, until)
	must(t, err)
	wantEqual(t, "claimed again", ok, true)
	late := alerts.Delivery{ChannelUID: "one", AlertDelivery: proto.CloneOf(d.AlertDelivery)}
	late.Error, late.State, late.NextAttemptTime = "late", sentState, nil
	must(t, s.EndAttempt(t.Context(), late))
	d.Attempts, d.State, d.NextAttemptTime, d.EndTime = 2, sentState, nil, timestamppb.New(until)
	must(t, s.EndAttempt(t.Context(), d))
	got, err := s.Deliveries(t.Context(), alerts.Filter{Limit: 10})
	must(t, err)
	wantEqual(t, "deliveries", got, []alerts.Delivery{d})
	ok, err = s.ClaimDelivery(t.Context(), "d1", 2, until)
	must(t, err)
	wantEqual(t, "claimed when it is over", ok, false)
}

func deliveriesInPages(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	var all []alerts.Delivery
	for n := range 5 {
		d := pendingDelivery(fmt.Sprintf("d%d", n), []string{"one", "two"}[n%2], n/2)
		d.State, d.NextAttemptTime, d.Error = sentState, nil, "é"
		if n == 4 {
			d.State = adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_FAILED
		}
		must(t, s.RecordDelivery(t.Context(), d))
		all = append([]alerts.Delivery{d}, all...)
	}
	wantCode(t, s.RecordDelivery(t.Context(), all[0]), errs.AlreadyExists)
	for _, list := range []struct {
		name string
		f    alerts.Filter
		want []alerts.Delivery
	}{
		{"all", alerts.Filter{Limit: 10}, all},
		{"the first page", alerts.Filter{Limit: 2}, all[:2]},
		{"the next page", alerts.Filter{Limit: 2, Before: alerts.Position{CreateUS: all[1].GetCreateTime().AsTime().UnixMicro(), ID: all[1].GetId()}}, all[2:4]},
		{"of a channel", alerts.Filter{Limit: 10, Channel: "name of two"}, []alerts.Delivery{all[1], all[3]}},
		{"failed", alerts.Filter{Limit: 10, State: all[0].GetState()}, all[:1]},
	} {
		got, err := s.Deliveries(t.Context(), list.f)
		must(t, err)
		wantEqual(t, list.name, got, list.want)
	}
	must(t, s.ExpireAlerts(t.Context(), epoch, epoch.Add(time.Minute)))
	got, err := s.Deliveries(t.Context(), alerts.Filter{Limit: 10})
	must(t, err)
	wantEqual(t, "those that are kept", got, all[:3])
}
