package adminapi

import (
	"context"
	"errors"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/trunkline-ai/trunkline/controlplane/audit"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// What the audit log tells of follows from what methods declare: everything that is not free of side effects is
// recorded, so that a new method cannot be forgotten. These two lists hold what differs from that.
var (
	// recordedReads change nothing, and are recorded because of what they give away.
	recordedReads = map[protoreflect.Name]bool{
		"ExportAuditEvents": true, "ExportCalls": true, "ExportConfig": true, "GetCallBody": true,
	}
	// unrecorded change nothing, and do not declare it only because their requests are too large for an address,
	// or their answers are streams.
	unrecorded = map[protoreflect.Name]bool{"DiffConfig": true, "PreviewImport": true, "PreviewTranslation": true, "FollowImportPreview": true, "TailCalls": true}
)

// recorded reports whether the audit log tells of a method.
func recorded(m protoreflect.MethodDescriptor) bool {
	if recordedReads[m.Name()] {
		return true
	}
	options, _ := m.Options().(*descriptorpb.MethodOptions)
	return options.GetIdempotencyLevel() != descriptorpb.MethodOptions_NO_SIDE_EFFECTS && !unrecorded[m.Name()]
}

// auditor records calls. It stands before everything else, so that it knows the answer. Of a call nobody is known
// to have made it records nothing: failed sign-ins are counted where they are refused.
type auditor struct {
	recorder *audit.Recorder
	peers    peers
}

func (a *auditor) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		method, ok := spec.Schema.(protoreflect.MethodDescriptor)
		if !ok || method.ParentFile().Package() != adminv1.File_trunkline_admin_v1_audit_proto.Package() || !recorded(method) {
			return next(ctx, spec, stream)
		}
		info, ok := connect.CallInfoForServerContext(ctx)
		if !ok {
			return errors.New("admin API: call without call info")
		}
		ctx, entry := audit.Begin(ctx, audit.Event{Action: string(method.Name()), Address: a.peers.address(info)})
		// What a stream changes is known at its end; everything else is in the log before anything is answered.
		early := spec.StreamType == connect.StreamTypeUnary || recordedReads[method.Name()]
		recording := &recordingStream{ServerStream: stream, method: method, entry: entry, early: early, finish: func(outcome string) error {
			if event, _ := entry.Pending(); event.Actor == "" {
				return nil
			}
			return a.recorder.Finish(ctx, entry, outcome)
		}}
		err := next(ctx, spec, recording)
		if recording.failed {
			return err
		}
		outcome := audit.OK
		if err != nil {
			outcome = connect.CodeOf(err).String()
		}
		if failed := recording.finish(outcome); failed != nil && err == nil {
			return connect.NewError(connect.CodeUnavailable, "the action was carried out but could not be recorded in the audit log").WithCause(failed)
		}
		return err
	}
}

// recordingStream learns from the request what a call is about, and records it before the first answer.
type recordingStream struct {
	connect.ServerStream
	method protoreflect.MethodDescriptor
	entry  *audit.Entry
	early  bool
	finish func(outcome string) error
	failed bool // the event could not be written
}

// Receive implements connect.ServerStream.
func (s *recordingStream) Receive(msg any) error {
	if err := s.ServerStream.Receive(msg); err != nil {
		return err
	}
	if m, ok := msg.(proto.Message); ok {
		s.entry.Amend(func(e *audit.Event) {
			e.Targets, e.Detail = targetsOf(s.method, m.ProtoReflect()), detailOf(m.ProtoReflect())
		})
	}
	return nil
}

// Send implements connect.ServerStream.
func (s *recordingStream) Send(msg any) error {
	if s.early {
		if err := s.finish(audit.OK); err != nil {
			s.failed = true
			return err
		}
		s.early = false
	}
	return s.ServerStream.Send(msg)
}
