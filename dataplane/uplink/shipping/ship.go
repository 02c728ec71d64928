package shipping

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Ship ships calls over a connection until ctx ends; the link ends it when it is lost.
// Trouble with the call log alone does not touch the snapshots.
func (s *Shipper) Ship(ctx context.Context, client nodev1.NodeServiceClient) {
	retry := stream.Retry{Min: min(s.cfg.MinBackoff, time.Second), Max: min(s.cfg.MaxBackoff, 30*time.Second)}
	limit := batchCalls
	last := codes.OK
	sums := true  // whether the control plane takes totals and gaps
	look := false // into calls that lie on disk: one of them may be none
	for {
		acked, sent, err := s.ship(ctx, client, limit, &sums, look)
		if ctx.Err() != nil {
			return
		}
		if acked {
			limit, last = batchCalls, codes.OK
			retry.Reset()
		}
		code := status.Code(err)
		look = code == codes.Internal
		switch {
		case code == codes.InvalidArgument && sent > 1:
			// One record of the batch is at fault. Halving finds it, so that it holds up no other.
			limit = sent / 2
			continue
		case code == codes.InvalidArgument && sent == 1:
			s.cfg.Logger.Error("a call record was refused and is dropped", "error", err)
			s.rejected.Add(1)
			s.backlog.settle(1)
			limit = batchCalls
			continue
		}
		if code != last {
			s.cfg.Logger.Warn("failed to ship calls; retrying", "waiting", s.Counters().Waiting, "error", err)
		}
		last = code
		if !retry.Wait(ctx, s.hurry) {
			return
		}
	}
}

// ship is one ShipCalls stream: a batch goes out when the one before is acknowledged. It
// returns whether any was, how many records the last one held, and why it ended.
func (s *Shipper) ship(ctx context.Context, client nodev1.NodeServiceClient, limit int, sums *bool, look bool) (acked bool, sent int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dog := stream.NewWatchdog(s.cfg.AnswerTimeout, cancel)
	defer dog.Rest()
	calls, err := client.ShipCalls(ctx)
	if err != nil {
		return false, 0, stream.Because(ctx, err)
	}
	for sequence := uint64(1); ; sequence++ {
		dog.Rest()
		out, err := s.backlog.next(ctx, limit, s.cfg.BatchDelay, *sums, func() bool { return look || s.cfg.Bodies.Any() })
		if err != nil {
			return acked, 0, err
		}
		if out.size() == 0 {
			return acked, 0, ctx.Err()
		}
		dog.Watch()
		request := &nodev1.ShipCallsRequest{
			Node: s.cfg.Node, Sequence: sequence, WallUs: s.cfg.Now().UnixMicro(),
			Calls: s.cfg.Bodies.With(out.calls), Totals: out.totals, Gaps: out.gaps, Receipt: s.receipt(),
		}
		addEncoded(request, out.raw)
		err = calls.Send(request)
		if err != nil && err != io.EOF { // after EOF Recv has the reason
			return acked, out.size(), stream.Because(ctx, err)
		}
		response, err := calls.Recv()
		if err == io.EOF {
			err = status.Error(codes.Unavailable, "the control plane closed the stream")
		}
		if err != nil {
			return acked, out.size(), stream.Because(ctx, err)
		}
		if response.GetSequence() != sequence {
			return acked, out.size(), status.Errorf(codes.Internal,
				"batch %d was sent but %d acknowledged", sequence, response.GetSequence())
		}
		if int(response.GetTaken()) < len(out.totals)+len(out.gaps) {
			// It would lose them. They wait for one that knows them.
			s.cfg.Logger.Warn("this control plane is too old to accept totals of unrecorded calls; keeping them for another one")
			*sums = false
			continue
		}
		s.cfg.Bodies.Settle(out.calls)
		if s.cfg.Mark != nil {
			s.cfg.Mark.Keep(response.GetReceipt())
		}
		s.acknowledge(response, out)
		acked, limit, look = true, batchCalls, false
	}
}

// addEncoded adds calls that are encoded. The fields of a message that are not known go on as they are,
// so that what lies on disk is neither decoded nor encoded again.
func addEncoded(r *nodev1.ShipCallsRequest, calls [][]byte) {
	if len(calls) == 0 {
		return
	}
	m := r.ProtoReflect()
	number := m.Descriptor().Fields().ByName("calls").Number()
	size := 0
	for _, call := range calls {
		size += protowire.SizeTag(number) + protowire.SizeBytes(len(call))
	}
	fields := make([]byte, 0, size)
	for _, call := range calls {
		fields = protowire.AppendTag(fields, number, protowire.BytesType)
		fields = protowire.AppendBytes(fields, call)
	}
	m.SetUnknown(fields)
}

// receipt is the newest that the node has; nil when it keeps none.
func (s *Shipper) receipt() *nodev1.Receipt {
	if s.cfg.Mark == nil {
		return nil
	}
	return s.cfg.Mark.Receipt()
}

func (s *Shipper) acknowledge(response *nodev1.ShipCallsResponse, out parcel) {
	rejected := min(len(response.GetRejected()), out.size())
	if rejected > 0 {
		first := response.GetRejected()[0]
		s.cfg.Logger.Error("the control plane rejected call records",
			"count", rejected, "first_id", first.GetId(), "first_reason", first.GetReason())
	}
	s.rejected.Add(uint64(rejected))
	s.shipped.Add(uint64(max(out.callCount()-rejected, 0)))
	s.backlog.settle(out.size())
}
