package adminapi

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// maxAuditReaders is how many exports and verifications may run at once.
const maxAuditReaders = 2

// auditService reads the audit log.
type auditService struct {
	log     audit.Store
	actions []string      // in order
	readers chan struct{} // one for each that reads the whole log
}

func newAuditService(store audit.Store) auditService {
	return auditService{log: store, actions: auditActions(), readers: make(chan struct{}, maxAuditReaders)}
}

// auditActions lists every action that an event may have.
func auditActions() []string {
	actions := audit.SystemActions()
	protoregistry.GlobalFiles.RangeFilesByPackage(adminv1.File_trunkline_admin_v1_audit_proto.Package(), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				if m := methods.Get(j); recorded(m) {
					actions = append(actions, string(m.Name()))
				}
			}
		}
		return true
	})
	slices.Sort(actions)
	return slices.Compact(actions)
}

// auditOutcomes lists every outcome that an event may have.
func auditOutcomes() []string {
	outcomes := []string{audit.OK}
	for code := connect.CodeCanceled; code <= connect.CodeUnauthenticated; code++ {
		outcomes = append(outcomes, code.String())
	}
	return outcomes
}

// ListAuditEvents lists events, newest first.
func (s auditService) ListAuditEvents(ctx context.Context, req *adminv1.ListAuditEventsRequest) (*adminv1.ListAuditEventsResponse, error) {
	filter, err := s.filter(ctx, req.GetFilter())
	if err != nil {
		return nil, err
	}
	digest := listDigest("audit", filter.Actor, filter.Action, filter.Target, filter.Outcome, filter.From.String(), filter.To.String(),
		strconv.FormatInt(filter.Sequence, 10))
	if filter.Before, err = sequenceFromToken(digest, req.GetPageToken()); err != nil {
		return nil, err
	}
	size := sizeOf(req.GetPageSize())
	filter.Limit = size + 1 // the one more tells whether there is another page
	events, err := s.log.NewestEvents(ctx, filter)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListAuditEventsResponse{Actions: s.actions, Outcomes: auditOutcomes()}
	if len(events) > size {
		events = events[:size]
		res.NextPageToken = tokenFromSequence(digest, events[size-1].Sequence)
	}
	res.Events = make([]*adminv1.AuditEvent, len(events))
	for i, e := range events {
		res.Events[i] = auditView(e)
	}
	return res, nil
}

// ExportAuditEvents sends events as the bytes of a file, a page of them in memory at a time.
func (s auditService) ExportAuditEvents(ctx context.Context, req *adminv1.ExportAuditEventsRequest, stream adminv1connect.AuditServiceExportAuditEventsServerStream) error {
	filter, err := s.filter(ctx, req.GetFilter())
	if err != nil {
		return err
	}
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	head, err := s.log.AuditHead(ctx)
	if err != nil {
		return err
	}
	filter.Before, filter.Limit = head.Sequence+1, exportPage // not its own event, nor those that come meanwhile
	file := newExport(nil)
	if req.GetFormat() == adminv1.AuditExportFormat_AUDIT_EXPORT_FORMAT_CSV {
		file = newExport(auditColumns)
	}
	for {
		events, err := s.log.OldestEvents(ctx, filter)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := file.event(e); err != nil {
				return err
			}
			if file.out.Len() >= exportChunk {
				if err := stream.Send(&adminv1.ExportAuditEventsResponse{Data: file.take()}); err != nil {
					return err
				}
			}
		}
		if len(events) < filter.Limit {
			break
		}
		filter.After = events[len(events)-1].Sequence
	}
	// Even of nothing: that it was asked for is recorded before it is answered.
	return stream.Send(&adminv1.ExportAuditEventsResponse{Data: file.take()})
}

// VerifyAuditEvents follows the chain of hashes.
func (s auditService) VerifyAuditEvents(ctx context.Context, req *adminv1.VerifyAuditEventsRequest) (*adminv1.VerifyAuditEventsResponse, error) {
	var known *audit.Known
	if (req.GetKnownSequence() > 0) != (req.GetKnownHash() != "") {
		return nil, errs.Invalid(errs.Violation{Field: "known_hash", Description: "must be given together with known_sequence"})
	}
	if req.GetKnownSequence() > 0 {
		hash, err := hex.DecodeString(req.GetKnownHash())
		if err != nil || len(hash) != len(audit.Hash{}) {
			return nil, errs.Invalid(errs.Violation{Field: "known_hash", Description: "must be 64 hex digits"})
		}
		known = &audit.Known{Sequence: req.GetKnownSequence(), Hash: audit.Hash(hash)}
	}
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	report, err := audit.Verify(ctx, s.log, known)
	if err != nil {
		return nil, err
	}
	return &adminv1.VerifyAuditEventsResponse{
		Intact: report.Broken == 0, Checked: report.Events, FirstSequence: report.Head.AnchorSequence + 1,
		LastSequence: report.Head.Sequence, LastHash: hex.EncodeToString(report.Head.Hash[:]),
		BrokenSequence: report.Broken, Reason: report.Reason,
	}, nil
}

// enter lets few at a time read the whole log.
func (s auditService) enter() (leave func(), err error) {
	select {
	case s.readers <- struct{}{}:
		return func() { <-s.readers }, nil
	default:
		return nil, errs.Newf(errs.ResourceExhausted, "this replica already runs %d exports and verifications of the audit log", maxAuditReaders)
	}
}

// filter turns the filter of a request into a query. It may be nil.
func (s auditService) filter(ctx context.Context, in *adminv1.AuditFilter) (audit.Filter, error) {
	f := audit.Filter{Actor: in.GetActor(), Action: in.GetAction(), Target: in.GetTarget(), Outcome: in.GetOutcome(), Sequence: in.GetSequence()}
	var violations []errs.Violation
	fault := func(field, description string) {
		violations = append(violations, errs.Violation{Field: "filter." + field, Description: description})
	}
	for _, text := range []struct{ field, value string }{{"actor", f.Actor}, {"target", f.Target}} {
		if !storable(text.value) {
			fault(text.field, "must not contain NUL characters")
		}
	}
	for _, bound := range []struct {
		field string
		value *timestamppb.Timestamp
		to    *time.Time
	}{{"start_time", in.GetStartTime(), &f.From}, {"end_time", in.GetEndTime(), &f.To}} {
		switch {
		case bound.value == nil:
		case bound.value.CheckValid() != nil:
			fault(bound.field, "must be a time from year 1 to 9999")
		default:
			*bound.to = bound.value.AsTime()
		}
	}
	if len(violations) == 0 && !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From) {
		fault("end_time", "must be after start_time")
	}
	if len(violations) > 0 {
		return f, errs.Invalid(violations...)
	}
	return f, checkNames(ctx, oneOf("filter.action", "action", f.Action, s.actions), oneOf("filter.outcome", "outcome", f.Outcome, auditOutcomes()))
}

func auditView(e audit.Event) *adminv1.AuditEvent {
	return &adminv1.AuditEvent{
		Sequence: e.Sequence, EventTime: timestamppb.New(e.At), Actor: e.Actor, Role: e.Role, Address: e.Address, Action: e.Action,
		Outcome: e.Outcome, Targets: e.Targets, Revision: e.Revision, Count: e.Count, RequestId: e.RequestID, Detail: e.Detail,
		Hash: hex.EncodeToString(e.Hash[:]),
	}
}

// auditColumns are the columns of a CSV file, which AuditExportFormat documents.
var auditColumns = []string{
	"sequence", "event_time", "actor", "role", "address", "action", "targets", "revision", "outcome", "count", "request_id", "detail", "hash",
}

// event adds an event to an export.
func (e *export) event(a audit.Event) error {
	if e.table == nil {
		return e.line(auditView(a))
	}
	return e.row([]string{
		strconv.FormatInt(a.Sequence, 10), exportTime(a.At), cell(a.Actor), cell(a.Role), cell(a.Address), cell(a.Action), cell(a.TargetText()),
		strconv.FormatUint(a.Revision, 10), cell(a.Outcome), strconv.FormatInt(a.Count, 10), cell(a.RequestID), cell(a.Detail), hex.EncodeToString(a.Hash[:]),
	})
}

// A page token of audit events is the list's digest and the sequence of the last one shown.
func tokenFromSequence(digest [cursorDigest]byte, sequence int64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(digest[:], uint64(sequence)))
}

func sequenceFromToken(digest [cursorDigest]byte, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != cursorFixed {
		return 0, errPageToken()
	}
	if [cursorDigest]byte(raw) != digest {
		return 0, errs.Invalid(errs.Violation{Field: "page_token", Description: "belongs to a list with different filters"})
	}
	sequence := int64(binary.BigEndian.Uint64(raw[cursorDigest:]))
	if sequence < 1 {
		return 0, errPageToken()
	}
	return sequence, nil
}
