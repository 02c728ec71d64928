package alerts

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	// mostAttempts is how often a message is tried.
	mostAttempts = 10
	// firstRetry is how long it waits after the first failure; it doubles with each, up to mostRetry.
	firstRetry = 5 * time.Second
	mostRetry  = 10 * time.Minute
	// lease is when a message is tried again of which nobody knows how it went: longer than an
	// attempt can take.
	lease = 4 * send.Time
	// abreast is how many messages are sent at once, one to a channel.
	abreast = 64
	// noteTime bounds the noting of how an attempt went.
	noteTime = 10 * time.Second
)

// retry is how long a message waits after so many attempts.
func retry(attempts int32) time.Duration {
	return min(firstRetry<<min(max(attempts-1, 0), 20), mostRetry)
}

// collect makes messages of what has waited long enough, and drops what waits for nobody.
func (a *Alerts) collect(ctx context.Context, all []channel) error {
	queues, err := a.cfg.Store.AlertQueues(ctx)
	if err != nil {
		return err
	}
	for _, q := range queues {
		ch, ok := find(all, q.ChannelUID)
		switch {
		case !ok:
			err = errors.Join(err, a.cfg.Store.DropNotices(ctx, q.ChannelUID))
		case q.Sending || a.now().Sub(q.Oldest) < controlplane.Digest(ch.doc):
		default:
			err = errors.Join(err, a.cfg.Store.CollectNotices(ctx, q.ChannelUID, func(notices []Notice) Delivery {
				return a.deliveryOf(ch, notices)
			}))
		}
	}
	return err
}

func (a *Alerts) deliveryOf(ch channel, notices []Notice) Delivery {
	now := timestamppb.New(a.now())
	d := Delivery{ch.uid, &adminv1.AlertDelivery{
		Id: a.cfg.NewID(), Channel: ch.doc.GetName(), CreateTime: now, NextAttemptTime: now,
		State: adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_PENDING,
	}}
	alerts, omitted := digest(notices)
	d.Alerts, d.Omitted = alerts, int32(omitted)
	return d
}

func find(all []channel, uid string) (channel, bool) {
	for _, ch := range all {
		if ch.uid == uid {
			return ch, true
		}
	}
	return channel{}, false
}

// deliver begins what is due. It waits for no receiver.
func (a *Alerts) deliver(ctx context.Context, all []channel) error {
	due, err := a.cfg.Store.DueDeliveries(ctx, a.now())
	if err != nil {
		return err
	}
	for _, d := range due {
		ch, ok := find(all, d.ChannelUID)
		if !ok {
			d.end(a.now(), adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_FAILED, "the channel is disabled or deleted")
			err = errors.Join(err, a.cfg.Store.EndAttempt(ctx, d))
			continue
		}
		select {
		case a.slots <- struct{}{}:
		default:
			return err // the next round goes on
		}
		mine, claimErr := a.cfg.Store.ClaimDelivery(ctx, d.GetId(), d.GetAttempts(), a.now().Add(lease))
		if claimErr != nil || !mine {
			<-a.slots
			err = errors.Join(err, claimErr)
			continue
		}
		d.Attempts++
		a.sending.Go(func() {
			defer func() { <-a.slots }()
			a.attempt(ctx, ch, d)
		})
	}
	return err
}

// attempt sends a claimed message and notes how that went. An attempt that ends with its
// leader is not noted: the message is tried again when its lease is over.
func (a *Alerts) attempt(ctx context.Context, ch channel, d Delivery) {
	err := a.sendTo(ctx, ch, d)
	if ctx.Err() != nil && err != nil {
		return
	}
	log := a.cfg.Logger.With("channel", d.GetChannel(), "delivery", d.GetId(), "attempt", d.GetAttempts())
	switch {
	case err == nil:
		a.sent.Add(1)
		d.end(a.now(), adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT, "")
		log.InfoContext(ctx, "alert message sent", "alerts", len(d.GetAlerts()))
	case d.GetAttempts() >= mostAttempts:
		a.failed.Add(1)
		a.givenUp.Add(1)
		d.end(a.now(), adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_FAILED, err.Error())
		log.WarnContext(ctx, "alert message not delivered; giving up", "reason", err.Error())
	default:
		a.failed.Add(1)
		wait := retry(d.GetAttempts())
		if fault, ok := errors.AsType[*send.Fault](err); ok {
			wait = max(wait, fault.RetryAfter)
		}
		d.Error, d.NextAttemptTime = err.Error(), timestamppb.New(a.now().Add(wait))
		log.WarnContext(ctx, "alert message not delivered; retrying", "reason", err.Error(), "in", wait.String())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	if err := a.cfg.Store.EndAttempt(ctx, d); err != nil {
		log.WarnContext(ctx, "failed to record the delivery of an alert message; it may be sent again", "error", err)
	}
}

func (a *Alerts) sendTo(ctx context.Context, ch channel, d Delivery) error {
	secret, err := a.cfg.Opener.OpenAlertChannel(ch.resource)
	if err != nil {
		return &send.Fault{Text: "its secret cannot be decrypted with this control plane's master key; enter it again"}
	}
	return a.cfg.Sender.Send(ctx, send.Target{Channel: ch.doc, Secret: secret}, messageOf(d))
}

// end says that nothing more is tried.
func (d Delivery) end(at time.Time, state adminv1.AlertDeliveryState, failure string) {
	d.State, d.Error, d.EndTime, d.NextAttemptTime = state, failure, timestamppb.New(at), nil
}
