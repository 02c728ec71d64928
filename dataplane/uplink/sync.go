package uplink

import (
	"context"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// statusDelay is how long a change of status waits for more of them.
const statusDelay = 150 * time.Millisecond

type syncStream = grpc.BidiStreamingClient[nodev1.SyncRequest, nodev1.SyncResponse]

// sync is one Sync stream: it says hello, calls up once the control plane has accepted
// that, and applies what it is sent until the stream ends. It returns why it ended.
func (u *Uplink) sync(ctx context.Context, client nodev1.NodeServiceClient, up func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dog := newWatchdog(u.cfg.AnswerTimeout, cancel)
	defer dog.rest()
	stream, err := client.Sync(ctx)
	if err != nil {
		return because(ctx, err)
	}
	if err := u.greet(stream); err != nil {
		return because(ctx, err)
	}
	dog.rest()
	up()
	answers := make(chan *nodev1.SyncRequest)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	talking, quiet := context.WithCancel(ctx)
	wg.Go(func() {
		defer quiet()
		u.talk(talking, stream, answers)
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
	say(u.revoked.news())
	for {
		m, err := stream.Recv()
		if err == io.EOF {
			err = status.Error(codes.Unavailable, "the control plane ended the stream")
		}
		if err != nil {
			return err
		}
		switch m := m.GetMessage().(type) {
		case *nodev1.SyncResponse_Full:
			say(u.receive(m.Full))
			say(u.revoked.news())
		case *nodev1.SyncResponse_Revoke:
			say(u.revoke(m.Revoke))
		case *nodev1.SyncResponse_ResetCooldown:
			u.reset(m.ResetCooldown)
		case *nodev1.SyncResponse_Drain:
			u.drain(m.Drain)
		default: // something newer than this node
		}
	}
}

// reset passes on that cooldowns are to end, and shows soon that they have.
func (u *Uplink) reset(order *nodev1.ResetCooldown) {
	u.log.Info("cooldowns are ended at an admin's word",
		"provider", order.GetProvider(), "model", order.GetModel(), "credential", order.GetCredential())
	u.cfg.Reset(order.GetProvider(), order.GetModel(), order.GetCredential())
	u.StatusChanged()
}

// greet says hello and waits for the headers by which it is accepted.
func (u *Uplink) greet(stream syncStream) error {
	hello := &nodev1.Hello{Node: u.cfg.Node, BootId: u.cfg.BootID, Version: u.cfg.Version}
	if v := u.have.Load(); v != nil {
		hello.HaveRevision, hello.HaveSha256, hello.HaveLineage = v.revision, []byte(v.sha256), v.lineage
	}
	hello.RevokedRevision = u.revoked.greeting(hello.HaveLineage)
	u.introduce(hello)
	err := stream.Send(&nodev1.SyncRequest{Message: &nodev1.SyncRequest_Hello{Hello: hello}})
	if err != nil && err != io.EOF {
		return err
	}
	header, err := stream.Header()
	if err != nil {
		return err
	}
	if header == nil { // refused: the reason comes with the end of the stream
		if _, err := stream.Recv(); err != nil && err != io.EOF {
			return err
		}
		return status.Error(codes.Unavailable, "the control plane ended the stream before it began")
	}
	return nil
}

// talk owns the sending side of the stream: answers at once, the status at the start,
// soon after it changed, and every few seconds.
func (u *Uplink) talk(ctx context.Context, stream syncStream, answers <-chan *nodev1.SyncRequest) {
	tick := time.NewTicker(u.cfg.StatusInterval)
	defer tick.Stop()
	soon := time.NewTimer(0)
	defer soon.Stop()
	pending := true
	for {
		var m *nodev1.SyncRequest
		select {
		case <-ctx.Done():
			return
		case m = <-answers:
		case <-u.changed:
			if !pending {
				pending = true
				soon.Reset(statusDelay)
			}
			continue
		case <-soon.C:
			pending = false
			m = u.status()
		case <-tick.C:
			m = u.status()
		}
		if stream.Send(m) != nil {
			return
		}
	}
}
