package adminapi

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// bodyChunk is how many bodies one statement deletes, so that none holds locks for long.
const bodyChunk = 500

// Bodies are the bodies of calls and what opens them.
type Bodies struct {
	Store  calllog.BodyStore
	Sealer calllog.BodySealer
}

// GetCallBody returns what a call's client sent and was answered. That it was read is
// stored before anything is shown.
func (s callService) GetCallBody(ctx context.Context, req *adminv1.GetCallBodyRequest) (*adminv1.GetCallBodyResponse, error) {
	who := caller(ctx)
	if !who.mayReadBodies() {
		return nil, errs.Newf(errs.PermissionDenied, "this token cannot read the bodies of calls: create one with read_bodies, or sign in")
	}
	if !storable(req.GetId()) {
		return nil, errs.Newf(errs.NotFound, "no body is stored for call %q", req.GetId())
	}
	sealed, reads, err := s.bodies.Store.ReadBody(ctx, req.GetId(), who.actor(), s.now())
	if err != nil {
		return nil, err
	}
	plain, err := s.bodies.Sealer.OpenBody(sealed.Key, sealed.Ciphertext, calllog.BodyBinding(sealed.CallID))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "decrypt the body of a call")
	}
	var body nodev1.CallBody
	if err := proto.Unmarshal(plain, &body); err != nil {
		return nil, errs.Newf(errs.Internal, "the stored body of call %q cannot be decoded", req.GetId()) // without the cause: it may quote the content
	}
	res := &adminv1.GetCallBodyResponse{Body: &adminv1.CallBody{
		Request: text(body.GetRequest()), Response: text(body.GetResponse()),
		RequestTruncated: body.GetRequestTruncated(), ResponseTruncated: body.GetResponseTruncated(),
		Redacted: body.GetRedacted(), ExpireTime: timestamppb.New(sealed.ExpiresAt),
		RequestHeaders: callHeaders(body.GetRequestHeaders()), ResponseHeaders: callHeaders(body.GetResponseHeaders()),
	}}
	for _, r := range reads {
		res.Reads = append(res.Reads, &adminv1.CallBodyRead{ReadTime: timestamppb.New(r.At), Actor: r.Actor})
	}
	return res, nil
}

// DeleteCallBodies deletes all bodies of an API key's calls.
func (s callService) DeleteCallBodies(ctx context.Context, req *adminv1.DeleteCallBodiesRequest) (*adminv1.DeleteCallBodiesResponse, error) {
	res := &adminv1.DeleteCallBodiesResponse{}
	if !storable(req.GetApiKey()) { // no such key ever was
		return res, nil
	}
	for {
		n, err := s.bodies.Store.DeleteBodiesOf(ctx, req.GetApiKey(), bodyChunk)
		res.Deleted += int64(n)
		if err != nil {
			return nil, err
		}
		if n < bodyChunk {
			break
		}
	}
	return res, nil
}

// text makes a string that a message can carry of bytes that a client chose.
func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

func callHeaders(in []*nodev1.Header) []*adminv1.CallHeader {
	out := make([]*adminv1.CallHeader, 0, len(in))
	for _, h := range in {
		out = append(out, &adminv1.CallHeader{Name: h.GetName(), Value: h.GetValue()})
	}
	return out
}
