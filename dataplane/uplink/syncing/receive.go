package syncing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/packed"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/pace"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxRefusal bounds the reason of a nack, in bytes.
const maxRefusal = 4 << 10

// receive brings a snapshot into use and returns the answer to it. A snapshot that is
// damaged, too large, or refused by Apply leaves everything as it was.
func (s *Syncer) receive(full *nodev1.Full) *nodev1.SyncRequest {
	return s.take(full, s.unsure || s.DiskGap(), func(p *pace.Pace) error { return s.use(full, p) }, func() { s.save(full) })
}

// take is what is done with every snapshot, whole or not: use brings it into use, save keeps it. again: even
// when it is the one that the node has.
func (s *Syncer) take(to *nodev1.Full, again bool, use func(*pace.Pace) error, save func()) *nodev1.SyncRequest {
	s.taking.Lock()
	defer s.taking.Unlock()
	began := s.cfg.Now()
	ctx, traced := telemetry.Under(context.Background(), to.GetTraceparent())
	if traced {
		var span trace.Span
		ctx, span = s.cfg.Tracer.Start(ctx, "apply snapshot", trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithAttributes(attribute.Int64("trunkline.revision", int64(to.GetRevision())), attribute.String("trunkline.node", s.cfg.Node)))
		defer span.End()
	}
	if !again && s.have.Load().is(to) {
		s.beReady()
		return s.ack(to)
	}
	code, err := s.checkVersion(to)
	if err == nil {
		err = use(s.pace())
	}
	if _, lacks := errors.AsType[missingFeature](err); lacks {
		code = nodev1.NackCode_NACK_CODE_MISSING_FEATURE
	}
	if _, unfit := errors.AsType[unfitDelta](err); unfit {
		code = nodev1.NackCode_NACK_CODE_RESYNC
	}
	if err != nil {
		level := slog.LevelError
		if code == nodev1.NackCode_NACK_CODE_RESYNC {
			level = slog.LevelWarn // the whole comes next
		}
		trace.SpanFromContext(ctx).SetStatus(codes.Error, "refused")
		s.log.Log(ctx, level, "snapshot refused; still serving the last one",
			"revision", to.GetRevision(), "serving", s.Revision(), "error", err)
		return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Nack{Nack: &nodev1.Nack{
			Nonce:    to.GetNonce(),
			Revision: to.GetRevision(),
			Reason:   stream.Text(err.Error(), maxRefusal),
			Code:     code,
		}}}
	}
	save()
	s.beReady()
	if refused := s.refused.Load(); refused.Count > 0 {
		s.log.Warn("this version cannot serve the whole configuration; upgrade the node", "revision", to.GetRevision(),
			"refused", refused.Count, "first_kind", refused.List[0].GetKind(), "first_name", refused.List[0].GetName(),
			"first_missing", refused.List[0].GetMissingFeatures())
	}
	s.log.InfoContext(ctx, "snapshot applied", "revision", to.GetRevision(), "documents", s.content.set.Len(),
		"changed", s.content.changed, "took", s.cfg.Now().Sub(began).Round(time.Microsecond))
	return s.ack(to)
}

// pace is that of bringing a snapshot into use: requests go first, unless there can be none yet.
func (s *Syncer) pace() *pace.Pace {
	if s.have.Load() == nil {
		return nil
	}
	return pace.New()
}

// grow lets the heap grow while requests are served and something large is brought into use.
func (s *Syncer) grow(compressed []byte, p *pace.Pace) (done func()) {
	size := packed.Size(compressed)
	if p == nil || size < large {
		return func() {}
	}
	return s.cfg.Heap.Grow(madeOfAByte * uint64(size))
}

// What is large, in bytes, and how many bytes of memory are made of each of them: by BenchmarkAWholeSnapshot 19, and
// requests go on.
const (
	large       = 1 << 20
	madeOfAByte = 24
)

// ack says that the snapshot is in use, and what of it is not served.
func (s *Syncer) ack(full *nodev1.Full) *nodev1.SyncRequest {
	refused := s.refused.Load()
	return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Ack{Ack: &nodev1.Ack{
		Nonce: full.GetNonce(), Revision: full.GetRevision(), Refused: refused.List, RefusedCount: int32(refused.Count),
	}}}
}

// use unpacks a snapshot, applies it, and from then on tells that the node has it.
func (s *Syncer) use(full *nodev1.Full, p *pace.Pace) error {
	defer s.grow(full.GetSnapshotZstd(), p)()
	raw, snapshot, err := decode(full, p)
	if err != nil {
		return err
	}
	var next content
	if next.set, err = docset.Parse(raw, true, p); err != nil {
		return fmt.Errorf("decode snapshot: %w", err)
	}
	if err := next.withhold(snapshot, s.cfg.Features, p); err != nil {
		return err
	}
	next.changed = next.set.Len()
	if digest := next.set.Digest(); len(full.GetDigest()) > 0 && !bytes.Equal(digest[:], full.GetDigest()) {
		s.log.Warn("the digest of a snapshot differs from the announced one; deltas are not used for it", "revision", full.GetRevision())
	}
	return s.bring(full, next, func() error { return s.cfg.Apply(snapshot, p) })
}

// bring applies what is to be in use next.
func (s *Syncer) bring(to *nodev1.Full, next content, apply func() error) error {
	digest := next.set.Digest()
	done, err := s.guard(to.GetRevision(), digest[:])
	if err != nil {
		return err
	}
	defer done()
	used := s.cfg.Revocations.BeforeSnapshot(to.GetLineage(), to.GetRevision())
	err = s.apply(to.GetRevision(), apply)
	used(s.cfg.Held, err)
	s.unsure = err != nil
	if err != nil {
		return err
	}
	s.have.Store(&version{
		lineage: to.GetLineage(), revision: to.GetRevision(), sha256: string(to.GetSha256()), history: string(to.GetHistory()), digest: digest,
	})
	s.content = next
	refused := next.refused()
	s.refused.Store(&refused)
	return nil
}

// apply survives a panic: configuration that trips the node over must not end it.
func (s *Syncer) apply(revision uint64, apply func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic while applying a snapshot", "revision", revision, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic while applying it: %v", p)
		}
	}()
	return apply()
}

// decode unpacks a snapshot. Nothing in it is looked at before its hash is right.
func decode(full *nodev1.Full, p *pace.Pace) ([]byte, *nodev1.Snapshot, error) {
	sum := sha256.New()
	raw, err := packed.Inflate(full.GetSnapshotZstd(), sum, p)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(sum.Sum(nil), full.GetSha256()) {
		return nil, nil, errors.New("snapshot is damaged: its SHA-256 is not the announced one")
	}
	snapshot, err := unpack(raw, p)
	if err != nil {
		return nil, nil, fmt.Errorf("decode snapshot: %w", err)
	}
	if snapshot.GetRevision() != full.GetRevision() {
		return nil, nil, fmt.Errorf("snapshot is of revision %d but was announced as %d", snapshot.GetRevision(), full.GetRevision())
	}
	return raw, snapshot, nil
}

// piece is how many bytes of a snapshot are parsed in one step.
const piece = 16 << 10

// unpack parses a snapshot piece by piece: fields of a message may be parsed in portions
// that are merged.
func unpack(raw []byte, p *pace.Pace) (*nodev1.Snapshot, error) {
	snapshot, merge := &nodev1.Snapshot{}, proto.UnmarshalOptions{Merge: true}
	for len(raw) > 0 {
		size := 0
		for size < min(piece, len(raw)) {
			_, _, n := protowire.ConsumeField(raw[size:])
			if n < 0 {
				return nil, protowire.ParseError(n)
			}
			size += n
		}
		if err := merge.Unmarshal(raw[:size], snapshot); err != nil {
			return nil, err
		}
		raw = raw[size:]
		p.Step()
	}
	return snapshot, nil
}
