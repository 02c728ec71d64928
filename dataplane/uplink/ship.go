package uplink

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// keepShipping ships calls until ctx ends; the link ends it when it is lost. Trouble with
// the call log alone does not touch the snapshots.
func (u *Uplink) keepShipping(ctx context.Context, client nodev1.NodeServiceClient) {
	retry := retry{min: min(u.cfg.MinBackoff, time.Second), max: min(u.cfg.MaxBackoff, 30*time.Second)}
	limit := batchCalls
	last := codes.OK
	sums := true // whether the control plane takes totals and gaps
	for {
		acked, sent, err := u.ship(ctx, client, limit, &sums)
		if ctx.Err() != nil {
			return
		}
		if acked {
			limit, last = batchCalls, codes.OK
			retry.reset()
		}
		code := status.Code(err)
		switch {
		case code == codes.InvalidArgument && sent > 1:
			// One record of the batch is at fault. Halving finds it, so that it holds up no other.
			limit = sent / 2
			continue
		case code == codes.InvalidArgument && sent == 1:
			u.log.Error("a call record was refused and is given up", "error", err)
			u.rejected.Add(1)
			u.backlog.settle(1)
			limit = batchCalls
			continue
		}
		if code != last {
			u.log.Warn("calls not shipped; trying again", "waiting", u.Counters().Waiting, "error", err)
		}
		last = code
		if !retry.wait(ctx, u.hurry) {
			return
		}
	}
}

// ship is one ShipCalls stream: a batch goes out when the one before is acknowledged. It
// returns whether any was, how many records the last one held, and why it ended.
func (u *Uplink) ship(ctx context.Context, client nodev1.NodeServiceClient, limit int, sums *bool) (acked bool, sent int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dog := newWatchdog(u.cfg.AnswerTimeout, cancel)
	defer dog.rest()
	stream, err := client.ShipCalls(ctx)
	if err != nil {
		return false, 0, because(ctx, err)
	}
	for sequence := uint64(1); ; sequence++ {
		dog.rest()
		out, err := u.backlog.next(ctx, limit, u.cfg.BatchDelay, *sums)
		if err != nil {
			return acked, 0, err
		}
		if out.size() == 0 {
			return acked, 0, ctx.Err()
		}
		dog.watch()
		err = stream.Send(&nodev1.ShipCallsRequest{
			Node: u.cfg.Node, Sequence: sequence, WallUs: u.cfg.Now().UnixMicro(),
			Calls: u.cfg.Bodies.With(out.calls), Totals: out.totals, Gaps: out.gaps,
		})
		if err != nil && err != io.EOF { // after EOF Recv has the reason
			return acked, out.size(), because(ctx, err)
		}
		response, err := stream.Recv()
		if err == io.EOF {
			err = status.Error(codes.Unavailable, "the control plane ended the stream")
		}
		if err != nil {
			return acked, out.size(), because(ctx, err)
		}
		if response.GetSequence() != sequence {
			return acked, out.size(), status.Errorf(codes.Internal,
				"batch %d was sent but %d acknowledged", sequence, response.GetSequence())
		}
		if int(response.GetTaken()) < len(out.totals)+len(out.gaps) {
			// It would lose them. They wait for one that knows them.
			u.log.Warn("this control plane is too old to take sums of calls; they wait for another")
			*sums = false
			continue
		}
		u.cfg.Bodies.Settle(out.calls)
		u.acknowledge(response, out)
		acked, limit = true, batchCalls
	}
}

func (u *Uplink) acknowledge(response *nodev1.ShipCallsResponse, out parcel) {
	rejected := min(len(response.GetRejected()), out.size())
	if rejected > 0 {
		first := response.GetRejected()[0]
		u.log.Error("call records were put aside by the control plane",
			"count", rejected, "first_id", first.GetId(), "first_reason", first.GetReason())
	}
	u.rejected.Add(uint64(rejected))
	u.shipped.Add(uint64(max(len(out.calls)-rejected, 0)))
	u.backlog.settle(out.size())
}
