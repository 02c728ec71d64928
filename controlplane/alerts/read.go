package alerts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// List lists alerts: those that fire first, then the newest.
func (a *Alerts) List(ctx context.Context, event string, withResolved bool) (alerts []*adminv1.Alert, firing int, err error) {
	known, err := a.cfg.Store.Alerts(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, t := range known {
		if event != "" && t.Event != event || !t.Firing() && (!withResolved || a.now().Sub(t.Alert.GetEndTime().AsTime()) > KeptResolved) {
			continue
		}
		if t.Firing() {
			firing++
		}
		alerts = append(alerts, t.Alert)
	}
	slices.SortFunc(alerts, func(x, y *adminv1.Alert) int {
		return cmp.Or(cmp.Compare(x.GetState(), y.GetState()), y.GetStartTime().AsTime().Compare(x.GetStartTime().AsTime()), cmp.Compare(x.GetId(), y.GetId()))
	})
	return alerts, firing, nil
}

// Deliveries lists deliveries, newest first.
func (a *Alerts) Deliveries(ctx context.Context, f Filter) ([]Delivery, error) {
	return a.cfg.Store.Deliveries(ctx, f)
}

// Test sends a test message to a stored channel, or to one that is not, and says how that went.
func (a *Alerts) Test(ctx context.Context, req *adminv1.TestAlertChannelRequest) (*adminv1.TestAlertChannelResponse, error) {
	doc, uid, secret, err := a.target(req)
	if err != nil {
		return nil, err
	}
	began := a.now()
	d := Delivery{uid, &adminv1.AlertDelivery{
		Id: a.cfg.NewID(), Channel: doc.GetName(), CreateTime: timestamppb.New(began), Attempts: 1, Test: true,
	}}
	start := time.Now()
	failure := a.cfg.Sender.Send(ctx, send.Target{Channel: doc, Secret: secret}, messageOf(d))
	res := &adminv1.TestAlertChannelResponse{Delivered: failure == nil, Duration: durationpb.New(time.Since(start).Truncate(time.Millisecond))}
	if failure == nil {
		a.sent.Add(1)
		d.end(a.now(), adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT, "")
	} else {
		a.failed.Add(1)
		res.Error = failure.Error()
		d.end(a.now(), adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_FAILED, res.Error)
	}
	if uid != "" {
		if err := a.cfg.Store.RecordDelivery(ctx, d); err != nil {
			a.cfg.Logger.WarnContext(ctx, "failed to record the delivery of a test message", "channel", doc.GetName(), "error", err)
		}
	}
	return res, nil
}

// target is the channel that a request for a test means; uid is empty when it is not stored.
func (a *Alerts) target(req *adminv1.TestAlertChannelRequest) (doc *adminv1.AlertChannel, uid, secret string, err error) {
	if draft := req.GetAlertChannel(); draft != nil {
		doc, secret, err = a.cfg.Opener.DraftAlertChannel(draft)
		return doc, "", secret, err
	}
	r, ok := a.cfg.Live.Current().Get(controlplane.KindAlertChannel, req.GetName())
	if !ok {
		return nil, "", "", errs.Newf(errs.NotFound, "%s %q does not exist", controlplane.KindAlertChannel, req.GetName())
	}
	doc, ok = r.Spec.(*adminv1.AlertChannel)
	if !ok {
		return nil, "", "", fmt.Errorf("alert channel %q is stored as a %T", req.GetName(), r.Spec)
	}
	secret, err = a.cfg.Opener.OpenAlertChannel(r)
	return doc, r.UID, secret, err
}
