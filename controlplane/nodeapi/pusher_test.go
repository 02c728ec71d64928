package nodeapi

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// pushed is a snapshot of a test. Changes lead to it from those of deltas.
type pushed struct {
	full   *nodev1.Full
	deltas map[byte]int // size by the digest of the base
	held   uint64
}

func (p pushed) Revision() uint64            { return p.full.GetRevision() }
func (p pushed) Lineage() string             { return p.full.GetLineage() }
func (p pushed) Held() uint64                { return p.held }
func (p pushed) Digest() []byte              { return p.full.GetSha256() }
func (p pushed) Full() (*nodev1.Full, error) { return p.full, nil }

func (p pushed) Delta(from []byte) (*nodev1.Delta, error) {
	if size, ok := p.deltas[from[0]]; ok {
		return &nodev1.Delta{To: &nodev1.Full{Revision: p.Revision(), Digest: p.Digest()}, FromDigest: from, ChangeZstd: make([]byte, size)}, nil
	}
	return nil, nil
}

func revision(n uint64) pushed {
	return pushed{full: &nodev1.Full{Revision: n, Sha256: []byte{byte(n)}, SnapshotZstd: []byte{byte(n), byte(n)}}}
}

// sends takes the next push and checks it; 0 wants none. It returns the nonce.
func sends(t *testing.T, p *pusher, want uint64) uint64 {
	t.Helper()
	full, err := p.take()
	if err != nil {
		t.Fatal(err)
	}
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
	if r, resync, ok := p.nacked(sends(t, p, 2), nodev1.NackCode_NACK_CODE_RESYNC); !ok || resync || r != 2 {
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

// after is a revision to which deltas lead from others.
func after(n uint64, size int, from ...byte) pushed {
	p := revision(n)
	p.deltas = map[byte]int{}
	for _, digest := range from {
		p.deltas[digest] = size
	}
	return p
}

// sendsDelta takes the next delta and checks it; 0 wants none. It returns the nonce.
func sendsDelta(t *testing.T, p *pusher, want uint64) uint64 {
	t.Helper()
	d, err := p.takeDelta(100)
	if err != nil {
		t.Fatal(err)
	}
	if d.GetTo().GetRevision() != want || want != 0 && d.GetTo().GetDigest()[0] != byte(want) {
		t.Fatalf("sends %v, want revision %d", d, want)
	}
	return d.GetTo().GetNonce()
}

func TestPusherDoesNotHoldBackAtOnceWhatTheNodeMayHave(t *testing.T) {
	t.Parallel()
	p := newPusher(&nodev1.Hello{HaveRevision: 7, HaveDigest: []byte{99}, DigestFormat: docset.DigestFormat}, nil)
	s := revision(7)
	s.held = 5 // as this replica knows it; another one may have promoted it
	p.offer(s)
	sends(t, p, 0)
	p.release()
	sends(t, p, 7)
}

func TestPusherSendsWhatChangedWhereThatFits(t *testing.T) {
	t.Parallel()
	p := newPusher(&nodev1.Hello{TakesDeltas: true, DigestFormat: docset.DigestFormat, HaveDigest: []byte{1}, HaveRevision: 1}, nil)
	p.offer(after(2, 10, 1))
	first := sendsDelta(t, p, 2)
	p.offer(after(3, 10, 1))
	sendsDelta(t, p, 0) // one at a time
	if r, ok := p.acked(first); !ok || r != 2 {
		t.Errorf("acked %d %t", r, ok)
	}
	sendsDelta(t, p, 0) // it leads from 1, and the node has 2
	if second := sends(t, p, 3); second != first+1 {
		t.Errorf("nonce %d after %d", second, first)
	} else if _, ok := p.acked(second); !ok {
		t.Error("the whole was not taken as answered")
	}
	p.offer(after(4, 101, 3))
	sendsDelta(t, p, 0) // large ones wait for a place
	if d, err := p.takeDelta(101); err != nil || d.GetTo().GetRevision() != 4 {
		t.Errorf("%v, %v", d, err)
	}
}

func TestPusherTellsOnceWhatNobodyRemembers(t *testing.T) {
	t.Parallel()
	hello := &nodev1.Hello{TakesDeltas: true, DigestFormat: docset.DigestFormat, HaveDigest: []byte{1}, HaveRevision: 1}
	p := newPusher(hello, nil)
	tells := func(want uint64) {
		t.Helper()
		if revision, digest, ok := p.unknown(); ok != (want != 0) || revision != want || ok && digest[0] != byte(want) {
			t.Errorf("revision %d, digest %v, %t; want %d", revision, digest, ok, want)
		}
	}
	tells(0) // nothing is to be sent
	p.offer(revision(2))
	tells(1)
	tells(0)
	p.acked(sends(t, p, 2))
	p.offer(revision(3))
	tells(2)
	p.offer(revision(1)) // a database that was set back
	tells(0)
	for name, change := range map[string]func(*nodev1.Hello){
		"no digest": func(h *nodev1.Hello) { h.HaveDigest = nil }, "no deltas": func(h *nodev1.Hello) { h.TakesDeltas = false },
		"another database": func(h *nodev1.Hello) { h.HaveLineage = "other" }, "the newest": func(h *nodev1.Hello) { h.HaveRevision = 2 },
		"a newer one": func(h *nodev1.Hello) { h.HaveRevision = 3 },
	} {
		other := proto.CloneOf(hello)
		change(other)
		p = newPusher(other, nil)
		p.release()
		p.offer(revision(2))
		if _, _, ok := p.unknown(); ok {
			t.Errorf("%s: told", name)
		}
	}
}

func TestPusherSendsTheWholeAfterADeltaThatDidNotFit(t *testing.T) {
	t.Parallel()
	const resync = nodev1.NackCode_NACK_CODE_RESYNC
	p := newPusher(&nodev1.Hello{TakesDeltas: true, DigestFormat: docset.DigestFormat, HaveDigest: []byte{1}, HaveRevision: 1}, nil)
	p.offer(after(2, 10, 1))
	if r, again, ok := p.nacked(sendsDelta(t, p, 2), resync); !ok || !again || r != 2 {
		t.Errorf("nacked %d %t %t", r, again, ok)
	}
	sendsDelta(t, p, 0)
	whole := sends(t, p, 2)
	p.offer(after(3, 10, 1, 2))
	if _, ok := p.acked(whole); !ok {
		t.Fatal("the whole was not taken as answered")
	}
	second := sendsDelta(t, p, 3) // deltas go on
	p.offer(after(4, 10, 2, 3))
	if _, again, ok := p.nacked(second, resync); !ok || !again {
		t.Error("not taken as a wish for the whole")
	}
	// The newest is sent, not the one that did not fit. Refused as a whole, it is not sent again.
	if r, again, ok := p.nacked(sends(t, p, 4), resync); !ok || again || r != 4 {
		t.Errorf("nacked %d %t %t", r, again, ok)
	}
	p.offer(after(4, 10, 2, 3))
	sends(t, p, 0)
}

func TestPusherSendsWholeToNodesThatDoNotKnowDeltas(t *testing.T) {
	t.Parallel()
	for name, hello := range map[string]*nodev1.Hello{
		"an older build":         {HaveSha256: []byte{1}, HaveRevision: 1},
		"no digest":              {HaveSha256: []byte{1}, HaveRevision: 1, TakesDeltas: true, DigestFormat: docset.DigestFormat},
		"not willing":            {HaveDigest: []byte{1}, HaveRevision: 1, DigestFormat: docset.DigestFormat},
		"of another database":    {HaveDigest: []byte{1}, HaveRevision: 1, HaveLineage: "other", TakesDeltas: true, DigestFormat: docset.DigestFormat},
		"of another format":      {HaveSha256: []byte{1}, HaveDigest: []byte{9}, HaveRevision: 1, TakesDeltas: true, DigestFormat: docset.DigestFormat + 1},
		"with an unknown digest": {HaveDigest: []byte{7}, HaveRevision: 1, TakesDeltas: true, DigestFormat: docset.DigestFormat},
	} {
		p := newPusher(hello, nil)
		if has := p.offer(revision(1)); has != (name != "with an unknown digest") {
			t.Errorf("%s: has it: %t", name, has)
		}
		p.offer(after(2, 10, 1))
		sendsDelta(t, p, 0)
		sends(t, p, 2)
	}
}

// A digest that the node makes in another way without saying so would cost every change a delta and a whole.
func TestPusherSendsWholesAfterTwoDeltasInARowThatDidNotFit(t *testing.T) {
	t.Parallel()
	const resync = nodev1.NackCode_NACK_CODE_RESYNC
	p := newPusher(&nodev1.Hello{TakesDeltas: true, DigestFormat: docset.DigestFormat, HaveDigest: []byte{1}, HaveRevision: 1}, nil)
	refuse := func(n uint64) {
		t.Helper()
		p.offer(after(n, 10, byte(n-1)))
		if _, again, ok := p.nacked(sendsDelta(t, p, n), resync); !ok || !again {
			t.Fatalf("revision %d: not taken as a wish for the whole", n)
		}
		if _, ok := p.acked(sends(t, p, n)); !ok {
			t.Fatalf("revision %d: the whole was not taken as answered", n)
		}
	}
	refuse(2)
	p.offer(after(3, 10, 2))
	p.acked(sendsDelta(t, p, 3)) // it fits: the next one is the first again
	refuse(4)
	refuse(5)
	p.offer(after(6, 10, 5))
	sendsDelta(t, p, 0)
	sends(t, p, 6)
}
