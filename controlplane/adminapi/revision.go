package adminapi

import (
	"context"
	"encoding/base64"
	"encoding/binary"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	defaultRevisions = 50
	// mostChanges is how many changes of one answer are told with their differences.
	mostChanges = 1000
)

// ListRevisions lists the revisions of the configuration, newest first.
func (s configService) ListRevisions(ctx context.Context, req *adminv1.ListRevisionsRequest) (*adminv1.ListRevisionsResponse, error) {
	before, err := revisionFromToken(req.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := int(req.GetPageSize())
	if size == 0 {
		size = defaultRevisions
	}
	list, err := s.history.Revisions(ctx, before, size+1) // the one more tells whether there is another page
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListRevisionsResponse{}
	if len(list) > size {
		list = list[:size]
		res.NextPageToken = tokenFromRevision(list[size-1].Revision)
	}
	res.Revisions = make([]*adminv1.Revision, len(list))
	for i := range list {
		changes := make([]config.ResourceChange, len(list[i].Changes))
		for j, ch := range list[i].Changes {
			changes[j] = config.ResourceChange{Kind: ch.Kind, Name: ch.Name, Op: ch.Op}
		}
		res.Revisions[i] = revisionView(&list[i], changes)
	}
	return res, nil
}

// GetRevision returns one revision with what it changed.
func (s configService) GetRevision(ctx context.Context, req *adminv1.GetRevisionRequest) (*adminv1.GetRevisionResponse, error) {
	summary, changes, err := s.history.Revision(ctx, controlplane.Revision(req.GetRevision()))
	if err != nil {
		return nil, err
	}
	return &adminv1.GetRevisionResponse{Revision: revisionView(summary, changes)}, nil
}

// DiffRevisions tells what differs between two revisions.
func (s configService) DiffRevisions(ctx context.Context, req *adminv1.DiffRevisionsRequest) (*adminv1.DiffRevisionsResponse, error) {
	from := controlplane.Revision(req.GetFrom())
	to, changes, err := s.history.DiffRevisions(ctx, from, controlplane.Revision(req.GetTo()))
	if err != nil {
		return nil, err
	}
	return &adminv1.DiffRevisionsResponse{
		From: uint64(from), To: uint64(to), ChangeCount: int32(len(changes)), Changes: someChanges(changes),
	}, nil
}

// Rollback goes back to an older revision.
func (s configService) RollBackConfig(ctx context.Context, req *adminv1.RollBackConfigRequest) (*adminv1.RollBackConfigResponse, error) {
	if !req.GetDryRun() { // it may send secrets where they were sent before
		if err := wantRecent(ctx); err != nil {
			return nil, err
		}
	}
	result, err := s.history.Rollback(ctx, caller(ctx).actor(), controlplane.Revision(req.GetRevision()), req.GetDryRun())
	if err != nil {
		return nil, err
	}
	res := &adminv1.RollBackConfigResponse{Revision: uint64(result.Revision), Changes: changeViews(result.Changes)}
	for _, e := range result.Exceptions {
		res.Exceptions = append(res.Exceptions, &adminv1.RollbackException{Kind: string(e.Kind), Name: e.Name, Reason: e.Reason})
	}
	return res, nil
}

// AdoptDatabase declares the database to be the right one, in place of whatever nodes follow.
func (s configService) AdoptDatabase(ctx context.Context, _ *adminv1.AdoptDatabaseRequest) (*adminv1.AdoptDatabaseResponse, error) {
	var others []string
	for _, n := range s.nodes.Nodes() {
		if lineage := n.GetLineage().GetLineage(); lineage != "" {
			others = append(others, lineage)
		}
	}
	c, err := s.live.Adopt(ctx, caller(ctx).actor(), others)
	if err != nil {
		return nil, err
	}
	return &adminv1.AdoptDatabaseResponse{Revision: uint64(c.Revision), Lineage: c.Lineage, Replaces: c.Replaces}, nil
}

func revisionView(r *controlplane.RevisionSummary, changes []config.ResourceChange) *adminv1.Revision {
	return &adminv1.Revision{
		Revision: uint64(r.Revision), CommitTime: timestamppb.New(r.At), Actor: r.Actor,
		ChangeCount: int32(r.Count), Changes: someChanges(changes),
	}
}

func someChanges(changes []config.ResourceChange) []*adminv1.ResourceChange {
	return changeViews(changes[:min(len(changes), mostChanges)])
}

// A page token of revisions is the last one shown.
func tokenFromRevision(r controlplane.Revision) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64([]byte{'r'}, uint64(r)))
}

func revisionFromToken(token string) (controlplane.Revision, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 9 || raw[0] != 'r' || raw[1]&0x80 != 0 {
		return 0, errPageToken()
	}
	return controlplane.Revision(max(binary.BigEndian.Uint64(raw[1:]), 1)), nil
}
