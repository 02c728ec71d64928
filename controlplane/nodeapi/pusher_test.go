package nodeapi

import (
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func revision(n uint64) *nodev1.Full {
	return &nodev1.Full{Revision: n, Sha256: []byte{byte(n)}, SnapshotZstd: []byte{byte(n), byte(n)}}
}

// sends takes the next push and checks it; 0 wants none. It returns the nonce.
func sends(t *testing.T, p *pusher, want uint64) uint64 {
	t.Helper()
	full := p.take()
	if full.GetRevision() != want {
		t.Fatalf("sends revision %d, want %d", full.GetRevision(), want)
	}
	if want != 0 && (len(full.GetSnapshotZstd()) != 2 || full.GetSha256()[0] != byte(want)) {
		t.Fatalf("sends %v", full)
	}
	return full.GetNonce()
}

func TestPusherSendsTheNewestAfterEachAnswer(t *testing.T) {
	t.Parallel()
	p := &pusher{}
	sends(t, p, 0)
	p.offer(revision(1))
	first := sends(t, p, 1)
	p.offer(revision(2))
	sends(t, p, 0) // the first is not answered
	p.offer(revision(3))
	sends(t, p, 0)
	if _, ok := p.acked(first + 1); ok {
		t.Error("took the answer to another push")
	}
	sends(t, p, 0)
	if r, ok := p.acked(first); !ok || r != 1 {
		t.Errorf("acked %d %v, want 1", r, ok)
	}
	if second := sends(t, p, 3); second != first+1 {
		t.Errorf("nonce %d after %d", second, first)
	}
	if _, ok := p.acked(first); ok {
		t.Error("took a stale answer")
	}
}

func TestPusherSendsNothingTheNodeHas(t *testing.T) {
	t.Parallel()
	p := &pusher{have: []byte{4}, floor: 4}
	p.offer(revision(4))
	sends(t, p, 0)
	p.offer(revision(5))
	p.acked(sends(t, p, 5))
	p.offer(revision(5))
	sends(t, p, 0)
}

func TestPusherDoesNotRepeatWhatWasRefused(t *testing.T) {
	t.Parallel()
	p := &pusher{}
	p.offer(revision(1))
	p.acked(sends(t, p, 1))
	p.offer(revision(2))
	if r, ok := p.nacked(sends(t, p, 2)); !ok || r != 2 {
		t.Errorf("nacked %d %v, want 2", r, ok)
	}
	p.offer(revision(2))
	sends(t, p, 0)
	p.offer(revision(3))
	p.acked(sends(t, p, 3))
}

func TestPusherHoldsBackOlderSnapshotsForAWhile(t *testing.T) {
	t.Parallel()
	p := &pusher{have: []byte{9}, floor: 9}
	p.offer(revision(7)) // this replica lags
	sends(t, p, 0)
	p.offer(revision(10))
	p.acked(sends(t, p, 10))

	p = &pusher{have: []byte{9}, floor: 9}
	p.offer(revision(7))
	sends(t, p, 0)
	p.release() // no: the database was restored
	sends(t, p, 7)
}
