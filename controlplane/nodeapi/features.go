package nodeapi

import (
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// maxRefused bounds how many documents are kept that one node does not serve.
	maxRefused = 100
	// maxMissing bounds the features that are kept of each.
	maxMissing = 10
)

// withholds records what the node does not serve of the snapshot that it has applied.
func (s *session) withholds(ack *nodev1.Ack) {
	refused := refusedDocuments(ack.GetRefused())
	s.update(func(n *adminv1.Node) {
		n.RefusedDocuments, n.RefusedDocumentCount = refused, ack.GetRefusedCount()
	})
}

// refusedDocuments copies what a node says, within bounds.
func refusedDocuments(in []*nodev1.RefusedDocument) []*adminv1.RefusedDocument {
	var out []*adminv1.RefusedDocument
	for _, d := range in[:min(len(in), maxRefused)] {
		r := &adminv1.RefusedDocument{Kind: cut(d.GetKind(), maxSaid), Name: cut(d.GetName(), maxSaid)}
		for _, f := range d.GetMissingFeatures()[:min(len(d.GetMissingFeatures()), maxMissing)] {
			r.MissingFeatures = append(r.MissingFeatures, cut(f, maxSaid))
		}
		out = append(out, r)
	}
	return out
}
