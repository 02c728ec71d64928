package nodeapi

import (
	"google.golang.org/grpc"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Revocations is where revoked API keys come from.
type Revocations interface {
	// Subscribe gives a channel that gets a value when there may be more of them.
	Subscribe() (changed <-chan struct{}, cancel func())
	// After returns what was revoked after a revision of a lineage, or nil. It is shared and
	// must not be changed.
	After(lineage string, revision uint64) *nodev1.Revoke
}

// noRevocations is for servers without any.
type noRevocations struct{}

func (noRevocations) Subscribe() (<-chan struct{}, func()) { return nil, func() {} }
func (noRevocations) After(string, uint64) *nodev1.Revoke  { return nil }

// maxKept bounds how many names a node may say it refuses against the database.
const maxKept = 1000

// revoker sends one stream what is revoked, each time only what is new.
type revoker struct {
	source   Revocations
	lineage  string // what the node knows: everything up to this revision
	revision uint64
}

// send tells the node what was revoked since it was told last.
func (r *revoker) send(stream grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse]) error {
	m := r.source.After(r.lineage, r.revision)
	if m == nil {
		return nil
	}
	r.lineage, r.revision = m.GetLineage(), m.GetRevision()
	return stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_Revoke{Revoke: m}})
}

// revoked records what the node confirms.
func (s *session) revoked(ack *nodev1.RevokeAck) {
	kept := make([]string, min(len(ack.GetKept()), maxKept))
	for i := range kept {
		kept[i] = cut(ack.GetKept()[i], maxSaid)
	}
	s.update(func(n *adminv1.Node) {
		l := lineageOf(n)
		l.RevokedRevision = max(l.RevokedRevision, ack.GetRevision())
		l.KeptRevocations, l.KeptRevocationCount = kept, ack.GetKeptCount()
		s.registry.tell()
	})
}

// lineageOf is the line of a node about its database, made when it is not there.
func lineageOf(n *adminv1.Node) *adminv1.NodeLineage {
	if n.Lineage == nil {
		n.Lineage = &adminv1.NodeLineage{}
	}
	return n.Lineage
}

// follows records which database the node follows, and that it is not ahead of it.
func (s *session) follows(lineage string) {
	s.update(func(n *adminv1.Node) {
		l := lineageOf(n)
		if l.Lineage != lineage {
			l.RevokedRevision = 0 // of the one before
		}
		l.Lineage, l.Ahead = lineage, false
	})
}

// ahead records whether a refusal means that the node knows something newer than the database.
func (s *session) ahead(code nodev1.NackCode) {
	s.update(func(n *adminv1.Node) {
		lineageOf(n).Ahead = code == nodev1.NackCode_NACK_CODE_VERSION_REGRESSION || code == nodev1.NackCode_NACK_CODE_OTHER_DATABASE ||
			code == nodev1.NackCode_NACK_CODE_OTHER_HISTORY
	})
}
