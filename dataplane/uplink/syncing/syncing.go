package syncing

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// statusDelay is how long a change of status waits for more of them.
const statusDelay = 150 * time.Millisecond

type syncStream = grpc.BidiStreamingClient[nodev1.SyncRequest, nodev1.SyncResponse]

// Sync is one Sync stream: it says hello, calls up once the control plane has accepted
// that, and applies what it is sent until the stream ends. It returns why it ended.
func (s *Syncer) Sync(ctx context.Context, client nodev1.NodeServiceClient, up func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dog := stream.NewWatchdog(s.cfg.AnswerTimeout, cancel)
	defer dog.Rest()
	link, err := client.Sync(ctx)
	if err != nil {
		return stream.Because(ctx, err)
	}
	if err := s.greet(link); err != nil {
		return stream.Because(ctx, err)
	}
	dog.Rest()
	s.contact.made()
	defer func() { s.contact.lost(s.cfg.Now()) }()
	up()
	answers := make(chan *nodev1.SyncRequest)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	talking, quiet := context.WithCancel(ctx)
	wg.Go(func() {
		defer quiet()
		if s.talk(talking, link, answers) {
			cancel(ErrGap)
		}
	})
	say := func(m *nodev1.SyncRequest) {
		if m == nil {
			return
		}
		select {
		case answers <- m:
		case <-talking.Done(): // the stream is broken; Recv knows why
		}
	}
	say(revokeAck(s.cfg.Revocations.Report()))
	for {
		m, err := link.Recv()
		if err == io.EOF {
			err = status.Error(codes.Unavailable, "the control plane closed the stream")
		}
		if errors.Is(context.Cause(ctx), ErrGap) {
			return ErrGap
		}
		if err != nil {
			return err
		}
		switch m := m.GetMessage().(type) {
		case *nodev1.SyncResponse_Full:
			say(s.receive(m.Full))
			say(revokeAck(s.cfg.Revocations.Report()))
		case *nodev1.SyncResponse_Delta:
			say(s.receiveDelta(m.Delta))
			say(revokeAck(s.cfg.Revocations.Report()))
		case *nodev1.SyncResponse_Revoke:
			say(revokeAck(s.cfg.Revocations.Revoke(m.Revoke)))
		case *nodev1.SyncResponse_ResetCooldown:
			s.reset(m.ResetCooldown)
		case *nodev1.SyncResponse_Drain:
			s.drain(m.Drain)
		case *nodev1.SyncResponse_RenewCertificate:
			s.cfg.Renew()
		default: // something newer than this node
		}
	}
}

// revokeAck wraps a confirmation; nil when there is none.
func revokeAck(ack *nodev1.RevokeAck) *nodev1.SyncRequest {
	if ack == nil {
		return nil
	}
	return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_RevokeAck{RevokeAck: ack}}
}

// greet says hello and waits for the headers by which it is accepted.
func (s *Syncer) greet(link syncStream) error {
	hello := &nodev1.Hello{Node: s.cfg.Node, BootId: s.cfg.BootID, Version: s.cfg.Version, TakesDeltas: s.cfg.Change != nil, DigestFormat: docset.DigestFormat}
	if v := s.have.Load(); v != nil {
		hello.HaveRevision, hello.HaveLineage, hello.HaveHistory = v.revision, v.lineage, []byte(v.history)
		if !s.unsure && !s.DiskGap() { // else the whole is to come, even of what the node should have
			hello.HaveSha256, hello.HaveDigest = []byte(v.sha256), v.digest[:]
		}
	}
	if refused := s.refused.Load(); refused != nil {
		hello.Refused, hello.RefusedCount = refused.List, int32(refused.Count)
	}
	hello.RevokedRevision = s.cfg.Revocations.Hello(hello.HaveLineage)
	s.introduce(hello)
	err := link.Send(&nodev1.SyncRequest{Message: &nodev1.SyncRequest_Hello{Hello: hello}})
	if err != nil && err != io.EOF {
		return err
	}
	header, err := link.Header()
	if err != nil {
		return err
	}
	if header == nil { // refused: the reason comes with the end of the stream
		if _, err := link.Recv(); err != nil && err != io.EOF {
			return err
		}
		return status.Error(codes.Unavailable, "the control plane closed the stream before it started")
	}
	return nil
}

// talk owns the sending side of the stream: answers at once, the status at the start, soon after it changed, and every
// few seconds, or less often while nothing is new. It returns when the stream has ended, or is to end for the whole.
func (s *Syncer) talk(ctx context.Context, link syncStream, answers <-chan *nodev1.SyncRequest) (whole bool) {
	tick := time.NewTicker(s.cfg.StatusInterval)
	defer tick.Stop()
	soon := time.NewTimer(0)
	defer soon.Stop()
	pending := true
	var quiet Quiet
	for {
		var m *nodev1.SyncRequest
		select {
		case <-ctx.Done():
			return false
		case m = <-answers:
		case <-s.changed:
			if !pending {
				pending = true
				soon.Reset(statusDelay)
			}
			continue
		case <-soon.C:
			pending = false
			m = s.statusMessage()
			quiet.Due(m.GetStatus()) // sent in any case
		case <-tick.C:
			if s.wantsWhole() {
				return true
			}
			if m = s.statusMessage(); !quiet.Due(m.GetStatus()) {
				continue
			}
		}
		if link.Send(m) != nil {
			return false
		}
	}
}
