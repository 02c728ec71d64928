package nodeapi

import (
	"context"
	"time"

	"google.golang.org/grpc"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// ShipCalls stores one batch after the other and acknowledges each after its commit. An
// error ends the stream: the node sends what was not acknowledged again.
func (s *service) ShipCalls(stream grpc.BidiStreamingServer[nodev1.ShipCallsRequest, nodev1.ShipCallsResponse]) error {
	ctx := stream.Context()
	in := receive(ctx, &s.readers, stream.Recv)
	for {
		select {
		case <-ctx.Done():
			return ended(ctx)
		case r := <-in:
			if r.err != nil {
				return streamEnd(r.err)
			}
			response, err := s.store(stream, r.message)
			if err != nil {
				return err
			}
			if err := stream.Send(response); err != nil {
				return err
			}
		}
	}
}

func (s *service) store(
	stream grpc.BidiStreamingServer[nodev1.ShipCallsRequest, nodev1.ShipCallsResponse],
	batch *nodev1.ShipCallsRequest,
) (*nodev1.ShipCallsResponse, error) {
	ctx, node := stream.Context(), batch.GetNode()
	if err := checkNode(ctx, node); err != nil {
		return nil, err
	}
	stored, rejected, receipt, err := s.ingestCounted(ctx, batch)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ended(ctx)
		}
		s.log.Error("failed to store calls; the node will send them again",
			"node", node, "calls", len(batch.GetCalls()), "totals", len(batch.GetTotals()), "error", err)
		return nil, toStatus(err)
	}
	if len(rejected) > 0 {
		s.log.Warn("calls rejected", "node", node, "count", len(rejected),
			"first_id", rejected[0].GetId(), "first_reason", rejected[0].GetReason())
	}
	return &nodev1.ShipCallsResponse{
		Sequence: batch.GetSequence(),
		Stored:   int32(stored),
		Rejected: rejected,
		Taken:    int32(len(batch.GetTotals()) + len(batch.GetGaps())),
		Receipt:  receipt,
	}, nil
}

// ingestCounted is ingest between two looks at the receipt: before, whether the database has what
// the node knows to be stored; after, what the node shall know.
func (s *service) ingestCounted(ctx context.Context, batch *nodev1.ShipCallsRequest) (stored int, rejected []*nodev1.RejectedCall, receipt *nodev1.Receipt, err error) {
	node := batch.GetNode()
	_, gap, err := s.calls.Receipt(ctx, node, batch.GetReceipt())
	if err != nil {
		return 0, nil, nil, err
	}
	if gap != nil {
		s.log.Warn("the database was restored to an earlier state: calls it had acknowledged to a node are missing", "node", node,
			"from", time.UnixMicro(gap.GetFromUs()).UTC(), "to", time.UnixMicro(gap.GetToUs()).UTC())
	}
	if stored, rejected, err = s.ingest(ctx, batch); err != nil {
		return 0, nil, nil, err
	}
	receipt, _, err = s.calls.Receipt(ctx, node, nil)
	return stored, rejected, receipt, err
}
