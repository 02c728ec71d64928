package calllog

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// detach takes the bodies off calls: they are stored apart, and nothing that is stored or
// logged of a call holds them.
func detach(calls []*nodev1.Call) map[string]*nodev1.CallBody {
	var bodies map[string]*nodev1.CallBody
	for _, c := range calls {
		if c.GetBody() == nil {
			continue
		}
		if bodies == nil {
			bodies = map[string]*nodev1.CallBody{}
		}
		bodies[c.GetId()] = c.GetBody()
		c.Body = nil
	}
	return bodies
}

// keepBodies stores the bodies of calls that are stored. A body is worth less than a call:
// when it cannot be stored it is lost, and the node is told that its calls are safe.
func (l *Log) keepBodies(ctx context.Context, calls []*nodev1.Call, bodies map[string]*nodev1.CallBody) {
	if len(bodies) == 0 || l.cfg.Bodies == nil {
		return
	}
	now := l.cfg.Now()
	var sealed []Body
	for _, c := range calls {
		body := bodies[c.GetId()]
		keep := l.keepBody(c, now)
		if body == nil || keep <= 0 {
			continue
		}
		key, ciphertext, err := sealBody(l.cfg.BodySealer, c.GetId(), body)
		if err != nil {
			l.cfg.Logger.ErrorContext(ctx, "failed to encrypt the body of a call", "call", c.GetId(), "error", err)
			l.bodiesLost.Add(1)
			continue
		}
		sealed = append(sealed, Body{
			CallID: c.GetId(), APIKey: c.GetApiKey(), Start: time.UnixMicro(c.GetStartUs()), ExpiresAt: now.Add(keep), Key: key, Ciphertext: ciphertext,
		})
	}
	if len(sealed) == 0 {
		return
	}
	if err := l.cfg.Bodies.InsertBodies(ctx, sealed); err != nil {
		l.cfg.Logger.ErrorContext(ctx, "failed to store bodies of calls", "count", len(sealed), "error", err)
		l.bodiesLost.Add(uint64(len(sealed)))
	}
}

// sealBody encrypts a body for its call, cut to what may be kept.
func sealBody(sealer BodySealer, callID string, body *nodev1.CallBody) (key, ciphertext []byte, err error) {
	for _, part := range []struct {
		bytes     *[]byte
		truncated *bool
	}{{&body.Request, &body.RequestTruncated}, {&body.Response, &body.ResponseTruncated}} {
		if len(*part.bytes) > controlplane.MaxBodyBytes {
			*part.bytes, *part.truncated = (*part.bytes)[:controlplane.MaxBodyBytes], true
		}
	}
	plain, err := proto.Marshal(body)
	if err != nil {
		return nil, nil, err
	}
	return sealer.SealBody(plain, BodyBinding(callID))
}

// keepBody is for how long from now a call's body is kept: 0 when its group keeps none by
// now, and never longer than the call itself.
func (l *Log) keepBody(c *nodev1.Call, now time.Time) time.Duration {
	calls, known := l.keep()
	if !known {
		return 0
	}
	res, ok := l.cfg.Source.Current().Get(controlplane.KindGroup, c.GetGroup())
	if !ok {
		return 0
	}
	group, _ := res.Spec.(*adminv1.Group)
	if !group.GetBodyLog().GetEnabled() {
		return 0
	}
	keep := controlplane.DefaultBodyRetention
	if d := group.GetBodyLog().GetRetention(); d.AsDuration() > 0 {
		keep = d.AsDuration()
	}
	return min(keep, calls-now.Sub(time.UnixMicro(c.GetStartUs())))
}

// BodiesLost is how many bodies this replica could not store.
func (l *Log) BodiesLost() uint64 { return l.bodiesLost.Load() }

// expireBodies is one round for bodies. An error ends the round: the next one tries again.
func (l *Log) expireBodies(ctx context.Context) {
	keep, known := l.keep()
	if !known || l.cfg.Bodies == nil {
		return
	}
	for {
		now := l.cfg.Now()
		n, err := l.cfg.Bodies.DeleteBodiesBefore(ctx, now, now.Add(-keep), chunk)
		if err != nil {
			if ctx.Err() == nil {
				l.cfg.Logger.Error("failed to delete old bodies", "error", err)
			}
			return
		}
		if n < chunk || !sleep(ctx, breath) {
			return
		}
	}
}
