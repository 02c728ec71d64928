package adminapi

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// confirmWait is how long an order waits for nodes to confirm it when the caller does not say.
const confirmWait = 5 * time.Second

// RevokeApiKey revokes an API key permanently and tells which nodes refuse it.
func (s keyService) RevokeApiKey(ctx context.Context, req *adminv1.RevokeApiKeyRequest) (*adminv1.RevokeApiKeyResponse, error) {
	r, err := s.editor.RevokeKey(ctx, caller(ctx).actor(), req.GetName(), req.GetCutStreams())
	if err != nil {
		return nil, err
	}
	wait := confirmWait
	if req.GetWait() != nil {
		wait = req.GetWait().AsDuration()
	}
	receipt := s.receipt(ctx, r, wait)
	return &adminv1.RevokeApiKeyResponse{ApiKey: s.view(ctx, r), Receipt: receipt}, nil
}

// RotateApiKey gives an API key a new secret, shown this one time.
func (s keyService) RotateApiKey(ctx context.Context, req *adminv1.RotateApiKeyRequest) (*adminv1.RotateApiKeyResponse, error) {
	r, secret, err := s.editor.RotateKey(ctx, caller(ctx).actor(), req.GetName(), req.GetOverlap().AsDuration())
	if err != nil {
		return nil, err
	}
	return &adminv1.RotateApiKeyResponse{ApiKey: s.view(ctx, r), Secret: secret}, nil
}

// receipt waits until every connected node has confirmed that it refuses a revoked key, or
// for as long as it may. The revocation is made: what ends the wait early ends only the wait.
func (s keyService) receipt(ctx context.Context, key *controlplane.Resource, wait time.Duration) *adminv1.RevocationReceipt {
	var receipt *adminv1.RevocationReceipt
	awaitNodes(ctx, s.nodes, wait, func() bool {
		var pending bool
		receipt, pending = s.confirmations(key)
		return !pending
	})
	return receipt
}

// awaitNodes asks whether the nodes have done something, again after each change of them, until
// they have, or for as long as it may. It asks at least once.
func awaitNodes(ctx context.Context, nodes Nodes, wait time.Duration, done func() bool) {
	changed, unsubscribe := nodes.Subscribe()
	defer unsubscribe()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	over := wait <= 0
	for !done() && !over {
		select {
		case <-changed:
		case <-timer.C:
			over = true
		case <-ctx.Done():
			over = true
		}
	}
}

// confirmations tells which nodes have confirmed by now; pending says that a connected one may yet.
func (s keyService) confirmations(key *controlplane.Resource) (receipt *adminv1.RevocationReceipt, pending bool) {
	receipt = &adminv1.RevocationReceipt{Revision: uint64(key.Revision)}
	lineage := s.live.Current().Lineage
	for _, n := range s.nodes.Nodes() {
		reason := unconfirmed(n, lineage, uint64(key.Revision))
		if reason == "" {
			receipt.Confirmed = append(receipt.Confirmed, n.GetName())
			continue
		}
		pending = pending || n.GetConnected()
		receipt.Unconfirmed = append(receipt.Unconfirmed, &adminv1.UnconfirmedNode{
			Name: n.GetName(), Connected: n.GetConnected(), LastSeenTime: n.GetLastSeenTime(), Reason: reason,
		})
	}
	return receipt, pending
}

// unconfirmed says why a node may still accept what was revoked at a revision; empty when it
// does not.
func unconfirmed(n *adminv1.Node, lineage string, revision uint64) string {
	l := n.GetLineage()
	switch {
	case l.GetAhead(), l.GetLineage() != "" && l.GetLineage() != lineage && n.GetConnected():
		return "it follows a newer state of the database, or another one; see 'trunklinectl configs adopt-database'"
	case l.GetLineage() == lineage && (l.GetRevokedRevision() >= revision || n.GetAppliedRevision() >= revision):
		return ""
	case !n.GetConnected():
		return "it is not connected"
	case n.GetError() != "":
		return "it has not answered, and refused the last snapshot: " + n.GetError()
	}
	return "it has not answered yet"
}
