package nodeapi

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// helloTimeout is how long a stream may stay silent before its hello.
	helloTimeout = 10 * time.Second
	// lagGrace is how long a node is kept from an older snapshot than it has: longer than
	// a replica needs to follow the database.
	lagGrace = 5 * time.Second
	// maxAuthorities bounds what a node may say that it trusts; there are never more than two.
	maxAuthorities = 4
	// smallDelta is up to how many bytes a delta waits for no place among the deliveries.
	smallDelta = 64 << 10
	// maxReason bounds what a node may say about a refusal, in bytes.
	maxReason = 4 << 10
)

// service implements trunkline.node.v1.NodeService.
type service struct {
	nodev1.UnimplementedNodeServiceServer
	snapshots Snapshots
	revoked   Revocations
	calls     Calls
	// identities is nil in memory.
	identities Identities
	unjoined   rate.Sometimes // so that a stranger cannot fill the log
	registry   *Registry
	histories  *histories
	log        *slog.Logger
	readers    sync.WaitGroup
	admit      func(node string) error // nil: every node is
	deliveries *deliveries
}

// Sync takes a node's hello and pushes snapshots to it until one side ends the stream.
// It sends headers when it has accepted the hello, so that a node which is up to date
// knows that too.
func (s *service) Sync(stream grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse]) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	in := receive(ctx, &s.readers, stream.Recv)
	hello, err := awaitHello(ctx, in)
	if err != nil {
		return err
	}
	log := s.log.With("node", hello.GetNode(), "boot_id", hello.GetBootId())
	if s.admit != nil {
		if err := s.admit(hello.GetNode()); err != nil {
			return toStatus(err)
		}
	}
	session, replaced := s.registry.connect(hello, cancel)
	defer session.disconnect()
	if replaced {
		log.Warn("node reconnected while an older stream was open; closing the older one")
	}
	log.Info("node connected", "version", hello.GetVersion(), "revision", hello.GetHaveRevision())
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	err = s.push(ctx, stream, hello, session, in)
	log.Info("node disconnected", "error", err)
	return err
}

func (s *service) push(
	ctx context.Context,
	stream grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse],
	hello *nodev1.Hello,
	session *session,
	in <-chan received[nodev1.SyncRequest],
) error {
	mailbox, unsubscribe := s.snapshots.Subscribe(hello.GetNode())
	defer unsubscribe()
	changed, unwatch := s.revoked.Subscribe()
	defer unwatch()
	revoked := &revoker{source: s.revoked, lineage: hello.GetHaveLineage(), revision: hello.GetRevokedRevision()}
	p := newPusher(hello, func(revision uint64) []byte { return s.histories.of(ctx, revision) })
	grace := time.NewTimer(lagGrace)
	defer grace.Stop()
	turn := s.deliveries.turn()
	defer turn.release()
	for {
		if err := revoked.send(stream); err != nil { // ahead of any snapshot
			return err
		}
		if _, err := s.sendDelta(stream, p, smallDelta); err != nil {
			return err
		}
		select {
		case turn.ask(p.wants()) <- struct{}{}:
			turn.got()
			if err := s.send(ctx, stream, p); err != nil {
				return err
			}
		case <-turn.late():
			turn.release()
		case <-ctx.Done():
			return ended(ctx)
		case snapshot := <-mailbox:
			if p.offer(snapshot) {
				session.follows(snapshot.Lineage())
				session.applied(snapshot.Revision(), snapshot.Held())
			}
		case <-changed:
		case m := <-session.mail:
			if err := stream.Send(m); err != nil {
				return err
			}
		case <-grace.C:
			p.release()
		case r := <-in:
			if r.err != nil {
				return streamEnd(r.err)
			}
			if err := s.receive(r.message, p, session); err != nil {
				return err
			}
			if st := r.message.GetStatus(); st != nil && s.mustRenew(ctx, session.name, st) {
				if err := stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_RenewCertificate{}}); err != nil {
					return err
				}
			}
			if p.sent == nil {
				turn.release()
			}
		}
	}
}

// send sends the newest snapshot, as what changed if that does.
func (s *service) send(ctx context.Context, stream grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse], p *pusher) error {
	if sent, err := s.sendDelta(stream, p, maxSend); sent || err != nil {
		return err
	}
	if revision, digest, ok := p.unknown(); ok {
		s.snapshots.Recall(ctx, revision, digest)
		if sent, err := s.sendDelta(stream, p, maxSend); sent || err != nil {
			return err
		}
	}
	full, err := p.take()
	if err != nil {
		return err
	}
	s.deliveries.sent(full, nil)
	return stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_Full{Full: full}})
}

// sendDelta sends what changed, if that is all that the node needs and takes at most so many bytes.
func (s *service) sendDelta(stream grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse], p *pusher, atMost int) (sent bool, err error) {
	d, err := p.takeDelta(atMost)
	if d == nil || err != nil {
		return false, err
	}
	s.deliveries.sent(nil, d)
	return true, stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_Delta{Delta: d}})
}

// receive takes one message of the node. Messages of a kind we do not know are those of a
// newer node and are passed over.
func (s *service) receive(m *nodev1.SyncRequest, p *pusher, session *session) error {
	switch m := m.GetMessage().(type) {
	case *nodev1.SyncRequest_Hello:
		return status.Error(codes.InvalidArgument, "a second hello on one stream")
	case *nodev1.SyncRequest_Ack:
		if revision, ok := p.acked(m.Ack.GetNonce()); ok {
			session.follows(p.lineage)
			session.applied(revision, p.heldAt)
			session.withholds(m.Ack)
			if n := m.Ack.GetRefusedCount(); n > 0 {
				s.log.Warn("node cannot serve the whole configuration because its version lacks features; upgrade it", "node", session.name, "revision", revision, "documents", n)
			}
		}
	case *nodev1.SyncRequest_RevokeAck:
		session.revoked(m.RevokeAck)
	case *nodev1.SyncRequest_Nack:
		revision, resync, ok := p.nacked(m.Nack.GetNonce(), m.Nack.GetCode())
		if !ok {
			break
		}
		reason := cut(m.Nack.GetReason(), maxReason)
		if resync {
			s.deliveries.resyncs.Add(1)
			s.log.Warn("a delta did not apply on a node; sending the full snapshot", "node", session.name, "revision", revision, "reason", reason)
			break
		}
		session.ahead(m.Nack.GetCode())
		session.refused(revision, reason)
		s.log.Warn("node refused a snapshot", "node", session.name, "revision", revision, "reason", reason)
	case *nodev1.SyncRequest_Status:
		session.status(m.Status)
	}
	return nil
}

// mustRenew reports whether a node is to renew its certificate, by what it says that it trusts.
func (s *service) mustRenew(ctx context.Context, node string, st *nodev1.Status) bool {
	certificate, ok := certificateOf(ctx)
	if s.identities == nil || !ok || len(st.GetAuthorities()) > maxAuthorities {
		return false
	}
	for _, fingerprint := range st.GetAuthorities() {
		if !nodeid.IsFingerprint(fingerprint) {
			return false
		}
	}
	return s.identities.Told(node, nodeid.KeyHash(certificate), st.GetAuthorities())
}

func awaitHello(ctx context.Context, in <-chan received[nodev1.SyncRequest]) (*nodev1.Hello, error) {
	timeout := time.NewTimer(helloTimeout)
	defer timeout.Stop()
	select {
	case <-ctx.Done():
		return nil, ended(ctx)
	case <-timeout.C:
		return nil, status.Errorf(codes.DeadlineExceeded, "no hello within %s", helloTimeout)
	case r := <-in:
		if r.err != nil {
			return nil, streamEnd(r.err)
		}
		hello := r.message.GetHello()
		if hello == nil {
			return nil, status.Error(codes.InvalidArgument, "the first message must be a hello")
		}
		if err := checkNode(ctx, hello.GetNode()); err != nil {
			return nil, err
		}
		if n := max(len(hello.GetHaveDigest()), len(hello.GetHaveSha256())); n > 64 {
			return nil, status.Error(codes.InvalidArgument, "have_digest and have_sha256 must be at most 64 bytes")
		}
		for _, said := range []string{hello.GetBootId(), hello.GetVersion(), hello.GetHaveLineage()} {
			if len(said) > 128 || strings.ContainsFunc(said, unicode.IsControl) {
				return nil, status.Error(codes.InvalidArgument, "boot_id, version and have_lineage must be at most 128 bytes without control characters")
			}
		}
		return hello, nil
	}
}

// cut shortens s to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
