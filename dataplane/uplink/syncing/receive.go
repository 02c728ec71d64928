package syncing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// maxSnapshot bounds a snapshot before it is decoded, in bytes.
	maxSnapshot = 32 << 20
	// maxRefusal bounds the reason of a nack, in bytes.
	maxRefusal = 4 << 10
)

// receive brings a snapshot into use and returns the answer to it. A snapshot that is
// damaged, too large, or refused by Apply leaves everything as it was.
func (s *Syncer) receive(full *nodev1.Full) *nodev1.SyncRequest {
	began := s.cfg.Now()
	ctx, traced := telemetry.Under(context.Background(), full.GetTraceparent())
	if traced {
		var span trace.Span
		ctx, span = s.cfg.Tracer.Start(ctx, "apply snapshot", trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithAttributes(attribute.Int64("trunkline.revision", int64(full.GetRevision())), attribute.String("trunkline.node", s.cfg.Node)))
		defer span.End()
	}
	if have := s.have.Load(); have != nil && *have == versionOf(full) {
		s.beReady()
		return s.ack(full)
	}
	var snapshot *nodev1.Snapshot
	code, err := s.checkVersion(full)
	if err == nil {
		snapshot, err = s.use(full)
	}
	if _, lacks := errors.AsType[missingFeature](err); lacks {
		code = nodev1.NackCode_NACK_CODE_MISSING_FEATURE
	}
	if err != nil {
		trace.SpanFromContext(ctx).SetStatus(codes.Error, "refused")
		s.log.ErrorContext(ctx, "snapshot refused; serving on with the last one",
			"revision", full.GetRevision(), "serving", s.Revision(), "error", err)
		return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Nack{Nack: &nodev1.Nack{
			Nonce:    full.GetNonce(),
			Revision: full.GetRevision(),
			Reason:   stream.Text(err.Error(), maxRefusal),
			Code:     code,
		}}}
	}
	s.save(full)
	s.beReady()
	if refused := s.refused.Load(); refused.Count > 0 {
		s.log.Warn("this build of the node cannot serve all of the snapshot; upgrade it", "revision", full.GetRevision(),
			"refused", refused.Count, "first_kind", refused.List[0].GetKind(), "first_name", refused.List[0].GetName(),
			"first_missing", refused.List[0].GetMissingFeatures())
	}
	s.log.InfoContext(ctx, "snapshot applied", "revision", full.GetRevision(), "providers", len(snapshot.GetProviders()),
		"groups", len(snapshot.GetGroups()), "api_keys", len(snapshot.GetApiKeys()), "took", s.cfg.Now().Sub(began).Round(time.Microsecond))
	return s.ack(full)
}

// ack says that the snapshot is in use, and what of it is not served.
func (s *Syncer) ack(full *nodev1.Full) *nodev1.SyncRequest {
	refused := s.refused.Load()
	return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Ack{Ack: &nodev1.Ack{
		Nonce: full.GetNonce(), Revision: full.GetRevision(), Refused: refused.List, RefusedCount: int32(refused.Count),
	}}}
}

// use unpacks a snapshot, applies it, and from then on tells that the node has it.
func (s *Syncer) use(full *nodev1.Full) (*nodev1.Snapshot, error) {
	snapshot, err := decode(full)
	if err != nil {
		return nil, err
	}
	refused, err := Withhold(snapshot, s.cfg.Features)
	if err != nil {
		return nil, err
	}
	done, err := s.guard(full)
	if err != nil {
		return nil, err
	}
	defer done()
	used := s.cfg.Revocations.BeforeSnapshot(full.GetLineage(), full.GetRevision())
	err = s.apply(snapshot)
	used(snapshot, err)
	if err != nil {
		return nil, err
	}
	have := versionOf(full)
	s.have.Store(&have)
	s.refused.Store(&refused)
	return snapshot, nil
}

// apply survives a panic: configuration that trips the node over must not end it.
func (s *Syncer) apply(snapshot *nodev1.Snapshot) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("applying a snapshot panicked", "revision", snapshot.GetRevision(), "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic while it was applied: %v", p)
		}
	}()
	return s.cfg.Apply(snapshot)
}

// decode unpacks a snapshot. Nothing in it is looked at before its hash is right.
func decode(full *nodev1.Full) (*nodev1.Snapshot, error) {
	decoder, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSnapshot), zstd.WithDecoderMaxWindow(maxSnapshot))
	if err != nil {
		return nil, fmt.Errorf("decompress snapshot: %w", err)
	}
	defer decoder.Close()
	raw, err := decoder.DecodeAll(full.GetSnapshotZstd(), nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, fmt.Errorf("snapshot is larger than %d bytes", maxSnapshot)
	}
	if err != nil {
		return nil, fmt.Errorf("decompress snapshot: %w", err)
	}
	if sum := sha256.Sum256(raw); !bytes.Equal(sum[:], full.GetSha256()) {
		return nil, errors.New("snapshot is damaged: its SHA-256 is not the announced one")
	}
	snapshot, err := unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	if snapshot.GetRevision() != full.GetRevision() {
		return nil, fmt.Errorf("snapshot is of revision %d but was announced as %d", snapshot.GetRevision(), full.GetRevision())
	}
	return snapshot, nil
}

// piece is how many bytes of a snapshot are parsed before requests that wait for the CPU
// get it.
const piece = 32 << 10

// unpack parses a snapshot piece by piece: fields of a message may be parsed in portions
// that are merged. A large one takes a tenth of a second, in which a machine with few CPUs
// would answer nobody else.
func unpack(raw []byte) (*nodev1.Snapshot, error) {
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
		runtime.Gosched()
	}
	return snapshot, nil
}
