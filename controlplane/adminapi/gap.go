package adminapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ListGaps lists times of which a node has no records of some calls, newest first.
func (s callService) ListGaps(ctx context.Context, req *adminv1.ListGapsRequest) (*adminv1.ListGapsResponse, error) {
	filter, digest, err := gapFilter(req)
	if err != nil {
		return nil, err
	}
	if err := checkNames(ctx, s.gapNode(filter.Node)); err != nil {
		return nil, err
	}
	size := sizeOf(req.GetPageSize())
	filter.Limit = size + 1 // the one more tells whether there is another page
	gaps, err := s.gaps.ListGaps(ctx, filter)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListGapsResponse{}
	if len(gaps) > size {
		gaps = gaps[:size]
		last := gaps[size-1]
		res.NextPageToken = positionToken(digest, calllog.Position{StartUS: last.GetToUs(), ID: last.GetId()})
	}
	for _, g := range gaps {
		res.Gaps = append(res.Gaps, &adminv1.Gap{
			Id: g.GetId(), Node: g.Node, Calls: g.GetCalls(), Reason: g.GetReason(), Summed: g.GetSummed(), CallsUnknown: g.CallsUnknown(),
			StartTime: timestamppb.New(time.UnixMicro(g.GetFromUs())), EndTime: timestamppb.New(time.UnixMicro(g.GetToUs())),
		})
	}
	return res, nil
}

// gapNode is a filter that names a node, which may have gaps and no calls.
func (s callService) gapNode(name string) nameFilter {
	f := s.names.node("node", name, time.Time{}, time.Time{})
	hadCalls := f.was
	return f.since("gaps or calls", func(ctx context.Context) (bool, error) {
		had, err := s.gaps.ListGaps(ctx, calllog.GapFilter{Node: name, Limit: 1})
		if err != nil || len(had) > 0 {
			return len(had) > 0, err
		}
		return hadCalls(ctx)
	})
}

// ListRefused lists records that could not be stored, newest first.
func (s callService) ListRefused(ctx context.Context, req *adminv1.ListRefusedRequest) (*adminv1.ListRefusedResponse, error) {
	digest := listDigest("refused")
	after, err := positionFromToken(digest, req.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := sizeOf(req.GetPageSize())
	records, err := s.gaps.ListRefused(ctx, after, size+1)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListRefusedResponse{}
	if len(records) > size {
		records = records[:size]
		last := records[size-1]
		res.NextPageToken = positionToken(digest, calllog.Position{StartUS: last.At.UnixMicro(), ID: last.ID})
	}
	for _, r := range records {
		res.Refused = append(res.Refused, &adminv1.Refused{
			Id: r.ID, Kind: string(r.Kind), Node: r.Node, RefuseTime: timestamppb.New(r.At), Reason: r.Reason,
		})
	}
	return res, nil
}

func sizeOf(asked int32) int {
	if asked == 0 {
		return defaultPageSize
	}
	return int(asked)
}

// gapFilter turns a request into a query; the digest binds page tokens to its filters.
func gapFilter(req *adminv1.ListGapsRequest) (calllog.GapFilter, [cursorDigest]byte, error) {
	f := calllog.GapFilter{Node: req.GetNode()}
	var violations []errs.Violation
	if !storable(f.Node) {
		violations = append(violations, errs.Violation{Field: "node", Description: "must not contain NUL characters"})
	}
	for _, bound := range []struct {
		field string
		value *timestamppb.Timestamp
		to    *time.Time
	}{{"start_time", req.GetStartTime(), &f.From}, {"end_time", req.GetEndTime(), &f.To}} {
		switch {
		case bound.value == nil:
		case bound.value.CheckValid() != nil:
			violations = append(violations, errs.Violation{Field: bound.field, Description: "must be a time from year 1 to 9999"})
		default:
			*bound.to = bound.value.AsTime()
		}
	}
	if len(violations) == 0 && !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From) {
		violations = append(violations, errs.Violation{Field: "end_time", Description: "must be after start_time"})
	}
	digest := listDigest("gaps", f.Node, f.From.String(), f.To.String())
	if len(violations) > 0 {
		return f, digest, errs.Invalid(violations...)
	}
	var err error
	f.After, err = positionFromToken(digest, req.GetPageToken())
	return f, digest, err
}

// listDigest identifies a list and what it is filtered by.
func listDigest(parts ...string) [cursorDigest]byte {
	h := sha256.New()
	for _, s := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return [cursorDigest]byte(h.Sum(nil)[:cursorDigest])
}

// positionToken makes the page token that continues behind a position of a list.
func positionToken(digest [cursorDigest]byte, at calllog.Position) string {
	raw := binary.BigEndian.AppendUint64(digest[:], uint64(at.StartUS))
	return base64.RawURLEncoding.EncodeToString(append(raw, at.ID...))
}

// positionFromToken reads a page token that was made for the same list.
func positionFromToken(digest [cursorDigest]byte, token string) (at calllog.Position, err error) {
	if token == "" {
		return at, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) <= cursorFixed || len(raw) > cursorFixed+4*maxCursorID {
		return at, errPageToken()
	}
	if [cursorDigest]byte(raw) != digest {
		return at, errs.Invalid(errs.Violation{Field: "page_token", Description: "belongs to a list with different filters"})
	}
	at = calllog.Position{StartUS: int64(binary.BigEndian.Uint64(raw[cursorDigest:])), ID: string(raw[cursorFixed:])}
	if !utf8.ValidString(at.ID) || !storable(at.ID) {
		return calllog.Position{}, errPageToken()
	}
	return at, nil
}
