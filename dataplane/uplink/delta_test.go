package uplink_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/lastgood"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// setOf is a snapshot with keys, named by numbers.
func setOf(t *testing.T, revision uint64, keys ...byte) *docset.Set {
	t.Helper()
	s := &nodev1.Snapshot{Revision: revision, KeyPepper: []byte("p"), Groups: []*nodev1.Group{{Name: "g", Selection: "cheapest"}}}
	for _, n := range keys {
		s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: "key-" + string(rune('0'+n)), Hash: hash(n), Groups: []string{"g"}})
	}
	raw, err := proto.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	set, err := docset.Parse(raw, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// wholeOf is the message that carries a snapshot.
func wholeOf(t *testing.T, nonce uint64, set *docset.Set) *nodev1.Full {
	t.Helper()
	raw := set.Encode()
	f := fullOf(t, nonce, "a", set.Revision())
	sum, digest := sumOf(raw), set.Digest()
	f.Sha256, f.SnapshotZstd, f.Digest = sum, pack(t, raw), digest[:]
	return f
}

// deltaOf is the message that carries what leads from one snapshot to another.
func deltaOf(t *testing.T, nonce uint64, from, to *docset.Set) *nodev1.Delta {
	t.Helper()
	raw, err := docset.Between(from, to).Encode()
	if err != nil {
		t.Fatal(err)
	}
	before, after := from.Digest(), to.Digest()
	return &nodev1.Delta{
		To:         &nodev1.Full{Nonce: nonce, Lineage: "a", Revision: to.Revision(), Digest: after[:]},
		FromDigest: before[:], ChangeZstd: pack(t, raw),
	}
}

// deltaNode is a node that takes deltas and compiles them.
type deltaNode struct {
	*uplink.Uplink
	p    *plane
	stop func()

	mu      sync.Mutex
	serving *dataplane.Snapshot
	fail    error // of the next change
	panics  bool  // once the next snapshot is served
}

func startDeltaNode(t *testing.T, dir string, away bool, change ...func(*uplink.Config)) *deltaNode {
	t.Helper()
	n := &deltaNode{p: newPlane()}
	cfg := unreachable()
	if !away {
		lis, target, options := memory()
		n.p.serve(t, lis)
		cfg = config(target)
		cfg.DialOptions = options
	}
	if dir != "" {
		cfg.Sync.Snapshots = snapshots(t, dir)
	}
	use := func(s *dataplane.Snapshot, err error) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if err == nil {
			err, n.fail = n.fail, nil
		}
		if err == nil {
			n.serving = s
		}
		if n.panics {
			n.panics = false
			panic("after it is served")
		}
		return err
	}
	cfg.Sync.Apply = func(in *nodev1.Snapshot, _ *pace.Pace) error { return use(dataplane.Compile(in)) }
	cfg.Sync.Change = func(c *dataplane.Change, _ *pace.Pace) error { return use(n.snapshot().With(c, nil)) }
	for _, f := range change {
		f(&cfg)
	}
	n.Uplink, n.stop = start(t, cfg)
	return n
}

func (n *deltaNode) snapshot() *dataplane.Snapshot {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.serving
}

// serves checks which keys the node serves.
func (n *deltaNode) serves(t *testing.T, revision uint64, keys ...byte) {
	t.Helper()
	var got []byte
	s := n.snapshot()
	for i := range byte(10) {
		if name, ok := s.KeyName(dataplane.KeyHash(hash(i))); ok {
			got = append(got, i)
			if name != "key-"+string(rune('0'+i)) {
				t.Errorf("key %d is called %q", i, name)
			}
		}
	}
	if s.Revision != revision || n.Revision() != revision || !slices.Equal(got, keys) {
		t.Errorf("serves %v of revision %d, says %d; want %v of %d", got, s.Revision, n.Revision(), keys, revision)
	}
}

func (n *deltaNode) acks(t *testing.T, nonce uint64) {
	t.Helper()
	if a := get(t, "answer", n.p.answers); a.GetAck().GetNonce() != nonce {
		t.Fatalf("answer %v, want an ack of %d", a, nonce)
	}
}

func (n *deltaNode) nacks(t *testing.T, nonce uint64, code nodev1.NackCode, reason string) {
	t.Helper()
	a := get(t, "answer", n.p.answers).GetNack()
	if a.GetNonce() != nonce || a.GetCode() != code || !strings.Contains(a.GetReason(), reason) {
		t.Fatalf("nack %v, want %v of %d: %s", a, code, nonce, reason)
	}
}

const resync = nodev1.NackCode_NACK_CODE_RESYNC

func TestANodeFollowsDeltas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := startDeltaNode(t, dir, false)
	if hello := get(t, "hello", n.p.hellos); !hello.GetTakesDeltas() || len(hello.GetHaveDigest()) != 0 {
		t.Errorf("hello %v", hello)
	}
	one, two, three := setOf(t, 1, 1, 2), setOf(t, 2, 1, 2, 3), setOf(t, 5, 3, 4)
	n.p.delta <- deltaOf(t, 1, one, two)
	n.nacks(t, 1, resync, "another snapshot than the node has")
	n.p.push <- wholeOf(t, 2, one)
	n.acks(t, 2)
	n.p.delta <- deltaOf(t, 3, one, two)
	n.acks(t, 3)
	n.serves(t, 2, 1, 2, 3)
	n.p.delta <- deltaOf(t, 4, one, three) // one that was made for what the node had before
	n.nacks(t, 4, resync, "another snapshot than the node has")
	n.p.delta <- deltaOf(t, 5, two, three)
	n.acks(t, 5)
	n.serves(t, 5, 3, 4)
	n.p.delta <- deltaOf(t, 6, two, three) // again
	n.acks(t, 6)

	n.stop()
	n = startDeltaNode(t, dir, true)
	get(t, "ready", n.Ready())
	n.serves(t, 5, 3, 4)
}

func TestDeltasThatAreWrongLeaveTheOldSnapshot(t *testing.T) {
	t.Parallel()
	base, next := setOf(t, 7, 1, 2), setOf(t, 8, 1)
	twist := func(change func(*nodev1.Delta)) *nodev1.Delta {
		d := deltaOf(t, 2, base, next)
		change(d)
		return d
	}
	for name, tt := range map[string]struct {
		delta  *nodev1.Delta
		code   nodev1.NackCode
		reason string
	}{
		"another digest":      {twist(func(d *nodev1.Delta) { d.To.Digest = bytes.Repeat([]byte{1}, 32) }), resync, "does not lead to"},
		"another revision":    {twist(func(d *nodev1.Delta) { d.To.Revision = 9 }), resync, "does not lead to"},
		"not compressed":      {twist(func(d *nodev1.Delta) { d.ChangeZstd = []byte("noise") }), resync, "decompress"},
		"noise":               {twist(func(d *nodev1.Delta) { d.ChangeZstd = pack(t, []byte("noise: \xff\xff\xff")) }), resync, "RESYNC: "},
		"a bomb":              {twist(func(d *nodev1.Delta) { d.ChangeZstd = pack(t, make([]byte, 32<<20+1)) }), resync, "larger than 33554432 bytes"},
		"no base":             {twist(func(d *nodev1.Delta) { d.FromDigest = nil }), resync, "another snapshot than the node has"},
		"another database":    {twist(func(d *nodev1.Delta) { d.To.Lineage = "b" }), nodev1.NackCode_NACK_CODE_OTHER_DATABASE, "OTHER_DATABASE"},
		"an adopted database": {twist(func(d *nodev1.Delta) { d.To.Lineage, d.To.Replaces = "b", []string{"a"} }), resync, "another snapshot than the node has"},
		"an older revision":   {deltaOf(t, 2, base, setOf(t, 6, 1)), nodev1.NackCode_NACK_CODE_VERSION_REGRESSION, "VERSION_REGRESSION"},
		"nothing":             {&nodev1.Delta{To: &nodev1.Full{Nonce: 2, Lineage: "a", Revision: 8}}, resync, "RESYNC: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startDeltaNode(t, t.TempDir(), false)
			n.p.push <- wholeOf(t, 1, base)
			n.acks(t, 1)
			n.p.delta <- tt.delta
			n.nacks(t, 2, tt.code, tt.reason)
			n.serves(t, 7, 1, 2)
			n.p.delta <- deltaOf(t, 3, base, next)
			n.acks(t, 3)
			n.serves(t, 8, 1)
		})
	}
}

// A change that cannot be applied is refused like a whole snapshot, and the whole comes next.
func TestAChangeThatIsRefused(t *testing.T) {
	t.Parallel()
	n := startDeltaNode(t, t.TempDir(), false)
	base, next, last := setOf(t, 1, 1), setOf(t, 2, 1, 2), setOf(t, 3, 1, 2, 3)
	n.p.push <- wholeOf(t, 1, base)
	n.acks(t, 1)
	n.mu.Lock()
	n.fail = errors.New("no sense")
	n.mu.Unlock()
	n.p.delta <- deltaOf(t, 2, base, next)
	n.nacks(t, 2, 0, "no sense")
	n.serves(t, 1, 1)
	n.p.delta <- deltaOf(t, 3, base, last)
	n.nacks(t, 3, resync, "may be in use in part")
	n.p.push <- wholeOf(t, 4, last)
	n.acks(t, 4)
	n.serves(t, 3, 1, 2, 3)
}

// What panics once it is served leaves more in use than the node has: changes of what it has would leave that valid.
func TestASnapshotThatPanicsHalfWayIsFollowedByAWhole(t *testing.T) {
	t.Parallel()
	base, next, last, after := setOf(t, 1, 1), setOf(t, 2, 1, 2), setOf(t, 3, 1), setOf(t, 4, 1, 3)
	for name, send := range map[string]func(p *plane){
		"change": func(p *plane) { p.delta <- deltaOf(t, 2, base, next) },
		"whole":  func(p *plane) { p.push <- wholeOf(t, 2, next) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startDeltaNode(t, "", false)
			n.p.push <- wholeOf(t, 1, base)
			n.acks(t, 1)
			n.mu.Lock()
			n.panics = true
			n.mu.Unlock()
			send(n.p)
			n.nacks(t, 2, 0, "panic")
			n.p.delta <- deltaOf(t, 3, base, last)
			n.nacks(t, 3, resync, "may be in use in part")
			n.p.delta <- deltaOf(t, 4, base, base) // leads to what it has, and still does not fit
			n.nacks(t, 4, resync, "may be in use in part")
			n.p.push <- wholeOf(t, 5, base) // what it has is applied again
			n.acks(t, 5)
			n.serves(t, 1, 1)
			n.p.push <- wholeOf(t, 6, last)
			n.acks(t, 6)
			n.p.delta <- deltaOf(t, 7, last, after)
			n.acks(t, 7)
			n.serves(t, 4, 1, 3)
		})
	}
}

// What ends the node while it applies a change is in quarantine, whether it comes as a change or whole.
func TestAChangeThatEndedTheNodeIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := startDeltaNode(t, dir, false)
	one, two, three := setOf(t, 1, 1), setOf(t, 2, 2), setOf(t, 3, 3)
	n.p.push <- wholeOf(t, 1, one)
	n.acks(t, 1)
	n.p.delta <- deltaOf(t, 2, one, two)
	n.acks(t, 2)
	n.stop()
	digest := three.Digest()
	if _, err := snapshots(t, dir).Begin(3, digest[:]); err != nil { // it dies
		t.Fatal(err)
	}
	n = startDeltaNode(t, dir, false)
	if hello, want := get(t, "hello", n.p.hellos), two.Digest(); hello.GetHaveRevision() != 2 || !bytes.Equal(hello.GetHaveDigest(), want[:]) {
		t.Errorf("hello %v", hello)
	}
	n.p.delta <- deltaOf(t, 1, two, three)
	n.nacks(t, 1, 0, "CRASHED: ")
	n.p.push <- wholeOf(t, 2, three)
	n.nacks(t, 2, 0, "CRASHED: ")
	n.p.delta <- deltaOf(t, 3, two, setOf(t, 4, 4))
	n.acks(t, 3)
	n.serves(t, 4, 4)
}

// Many changes become one file in time, and the node starts from it.
func TestChangesOnDiskArePutTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := startDeltaNode(t, dir, false)
	last := setOf(t, 1, 1)
	n.p.push <- wholeOf(t, 1, last)
	n.acks(t, 1)
	for r := uint64(2); r <= 300; r++ {
		next := setOf(t, r, byte(r%9), 9)
		n.p.delta <- deltaOf(t, r, last, next)
		n.acks(t, r)
		last = next
	}
	until(t, "the changes are put together twice", func() bool {
		wholes, err := filepath.Glob(filepath.Join(dir, "*.trunkline"))
		return err == nil && len(wholes) == 3
	})
	n.stop()
	if changes, err := filepath.Glob(filepath.Join(dir, "*.change")); err != nil || len(changes) > 280 {
		t.Errorf("%d changes are left, %v", len(changes), err)
	}
	n = startDeltaNode(t, dir, true)
	get(t, "ready", n.Ready())
	n.serves(t, 300, 3, 9)
}

// A node whose disk lost what changes begin with asks for the whole, which heals it.
func TestADiskWithAGapIsHealed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "snapshots")
	n := startDeltaNode(t, dir, false)
	one, two, three, four := setOf(t, 1, 1), setOf(t, 2, 2), setOf(t, 3, 3), setOf(t, 4, 4)
	n.p.push <- wholeOf(t, 1, one)
	n.acks(t, 1)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	n.p.delta <- deltaOf(t, 2, one, two) // applied, but not kept
	n.acks(t, 2)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	n.p.delta <- deltaOf(t, 3, two, three)
	n.nacks(t, 3, resync, "disk has a gap")
	n.p.push <- wholeOf(t, 4, three)
	n.acks(t, 4)
	n.p.delta <- deltaOf(t, 5, three, four)
	n.acks(t, 5)
	n.stop()
	n = startDeltaNode(t, dir, true)
	get(t, "ready", n.Ready())
	n.serves(t, 4, 4)
}

// Damage costs what came after it at most, and what was kept before it is there.
func TestDamagedChanges(t *testing.T) {
	t.Parallel()
	build := func(t *testing.T) string {
		dir := t.TempDir()
		n := startDeltaNode(t, dir, false)
		sets := []*docset.Set{nil, setOf(t, 1, 1), setOf(t, 2, 2), setOf(t, 3, 3), setOf(t, 4, 4), setOf(t, 5, 5), setOf(t, 6, 6)}
		n.p.push <- wholeOf(t, 1, sets[1])
		n.acks(t, 1)
		for r := uint64(2); r <= 6; r++ {
			if r == 4 {
				n.p.push <- wholeOf(t, r, sets[r])
			} else {
				n.p.delta <- deltaOf(t, r, sets[r-1], sets[r])
			}
			n.acks(t, r)
		}
		n.stop()
		return dir
	}
	name := func(revision byte, suffix string) string {
		return "a-0000000000000000000" + string(rune('0'+revision)) + suffix
	}
	flip := func(t *testing.T, path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for what, tt := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   byte
	}{
		"nothing":          {func(*testing.T, string) {}, 6},
		"the last change":  {func(t *testing.T, dir string) { flip(t, filepath.Join(dir, name(6, ".change"))) }, 5},
		"the first change": {func(t *testing.T, dir string) { flip(t, filepath.Join(dir, name(5, ".change"))) }, 4},
		"the whole":        {func(t *testing.T, dir string) { flip(t, filepath.Join(dir, name(4, ".trunkline"))) }, 3},
		"a change is gone": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name(5, ".change"))); err != nil {
				t.Fatal(err)
			}
		}, 4},
		"one of another name": {func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, name(5, ".change")), filepath.Join(dir, name(6, ".change"))); err != nil {
				t.Fatal(err)
			}
		}, 4},
		"a temporary file": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name(7, ".change")+".tmp"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 6},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := build(t)
			tt.damage(t, dir)
			n := startDeltaNode(t, dir, true)
			get(t, "ready", n.Ready())
			n.serves(t, uint64(tt.want), tt.want)
			n.stop()
			// A change of what was loaded continues it.
			loaded, next := setOf(t, uint64(tt.want), tt.want), setOf(t, 9, 9)
			n = startDeltaNode(t, dir, false)
			n.p.delta <- deltaOf(t, 1, loaded, next)
			n.acks(t, 1)
			n.stop()
			n = startDeltaNode(t, dir, true)
			get(t, "ready", n.Ready())
			n.serves(t, 9, 9)
		})
	}
}

// What was kept is what was sent, byte for byte, and without what is for the stream alone.
func TestWhatIsKeptIsTheWhole(t *testing.T) {
	t.Parallel()
	store := snapshots(t, t.TempDir())
	one, two := setOf(t, 1, 1, 2, 3), setOf(t, 2, 3, 4)
	if err := store.Save(wholeOf(t, 7, one)); err != nil {
		t.Fatal(err)
	}
	if many, err := store.Append(deltaOf(t, 8, one, two)); many || err != nil {
		t.Fatalf("many %t, %v", many, err)
	}
	if err := store.Compact(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // from the changes, then from what they became
		list, err := store.Generations()
		if err != nil || len(list) == 0 || list[0].Revision != 2 {
			t.Fatalf("%v, %v", list, err)
		}
		got, err := store.Read(list[0])
		if err != nil {
			t.Fatal(err)
		}
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := decoder.DecodeAll(got.GetSnapshotZstd(), nil)
		decoder.Close()
		if digest := two.Digest(); err != nil || !bytes.Equal(raw, two.Encode()) || !bytes.Equal(got.GetSha256(), sumOf(raw)) || !bytes.Equal(got.GetDigest(), digest[:]) || got.GetNonce() != 0 {
			t.Errorf("%v: %v", err, got)
		}
	}
	if _, err := store.Append(deltaOf(t, 1, one, setOf(t, 1, 9))); !errors.Is(err, lastgood.ErrGap) {
		t.Errorf("an older change: %v", err)
	}
	fresh, err := lastgood.Open(lastgood.Config{Dir: t.TempDir(), Sealer: sealer(t), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Append(deltaOf(t, 1, one, two)); !errors.Is(err, lastgood.ErrGap) {
		t.Errorf("a change of nothing: %v", err)
	}
	if err := fresh.Compact(); err != nil {
		t.Errorf("nothing to put together: %v", err)
	}
}

// A whole that ended the node while it was loaded does not come back in place of later changes.
func TestAWholeInQuarantineDoesNotComeBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s5, s6, s7, s9 := setOf(t, 5, 1), setOf(t, 6, 1, 2), setOf(t, 7, 1, 2, 3), setOf(t, 9, 1)
	store := snapshots(t, dir)
	err := store.Save(wholeOf(t, 0, s5))
	for _, d := range []*nodev1.Delta{deltaOf(t, 0, s5, s6), deltaOf(t, 0, s6, s7)} {
		if err == nil {
			_, err = store.Append(d)
		}
	}
	if err == nil {
		err = store.Compact()
	}
	if err == nil {
		digest := s7.Digest()
		_, err = store.Begin(7, digest[:]) // it dies while it loads 7
	}
	if err != nil {
		t.Fatal(err)
	}
	n := startDeltaNode(t, dir, false)
	get(t, "hello", n.p.hellos)
	n.serves(t, 6, 1, 2)
	n.p.delta <- deltaOf(t, 1, s6, s9)
	n.acks(t, 1)
	n.stop()
	for range 2 {
		n = startDeltaNode(t, dir, true)
		get(t, "ready", n.Ready())
		n.serves(t, 9, 1)
		n.stop()
	}
}

// A newer whole that changes do not fit does not hide the older one that they do fit.
func TestChangesAreReadFromTheSnapshotThatTheyFit(t *testing.T) {
	t.Parallel()
	dir, aside := t.TempDir(), t.TempDir()
	s5, s6, s7, s9 := setOf(t, 5, 1), setOf(t, 6, 1, 2), setOf(t, 7, 1, 2, 3), setOf(t, 9, 1)
	store := snapshots(t, dir)
	err := store.Save(wholeOf(t, 0, s5))
	for _, d := range []*nodev1.Delta{deltaOf(t, 0, s5, s6), deltaOf(t, 0, s6, s9)} {
		if err == nil {
			_, err = store.Append(d)
		}
	}
	if err == nil {
		err = snapshots(t, aside).Save(wholeOf(t, 0, s7))
	}
	const seven = "a-00000000000000000007.trunkline"
	if err == nil {
		err = os.Rename(filepath.Join(aside, seven), filepath.Join(dir, seven))
	}
	if err != nil {
		t.Fatal(err)
	}
	n := startDeltaNode(t, dir, true)
	get(t, "ready", n.Ready())
	n.serves(t, 9, 1)
}

// A disk that was full and is not any more gets what is in use within a minute, whether or not a change comes.
func TestAGapOnDiskIsHealedWithoutAChange(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "snapshots")
	var late atomic.Int64
	n := startDeltaNode(t, dir, false, func(c *uplink.Config) {
		c.Now = func() time.Time { return time.Unix(1_700_000_000, 0).Add(time.Duration(late.Load())) }
		c.Sync.StatusInterval = 5 * time.Millisecond
	})
	get(t, "hello", n.p.hellos)
	s1, s2, s3, s4 := setOf(t, 1, 1), setOf(t, 2, 1, 2), setOf(t, 3, 1, 2, 3), setOf(t, 4, 1)
	n.p.push <- wholeOf(t, 1, s1)
	n.acks(t, 1)
	if n.DiskGap() {
		t.Error("a gap after a whole")
	}
	if err := os.Rename(dir, dir+"-aside"); err != nil {
		t.Fatal(err)
	}
	n.p.delta <- deltaOf(t, 2, s1, s2)
	n.acks(t, 2)
	n.p.delta <- deltaOf(t, 3, s2, s3)
	n.nacks(t, 3, resync, "gap")
	n.p.push <- wholeOf(t, 4, s3)
	n.acks(t, 4)
	if err := os.Rename(dir+"-aside", dir); err != nil {
		t.Fatal(err)
	}
	n.p.delta <- deltaOf(t, 5, s3, s4) // it has just asked
	n.acks(t, 5)
	n.serves(t, 4, 1)
	if !n.DiskGap() {
		t.Error("no gap")
	}
	// The clock moves on only once the gap was seen, which is before the second status from here.
	for len(n.p.statuses) > 0 {
		<-n.p.statuses
	}
	for range 3 {
		get(t, "status", n.p.statuses)
	}
	late.Store(int64(time.Minute))
	get(t, "end of the stream", n.p.ends)
	hello := get(t, "hello", n.p.hellos)
	if hello.GetHaveRevision() != 4 || hello.GetHaveLineage() != "a" || len(hello.GetHaveDigest())+len(hello.GetHaveSha256()) > 0 {
		t.Errorf("hello %v", hello)
	}
	n.p.push <- wholeOf(t, 6, s4)
	n.acks(t, 6)
	if n.DiskGap() {
		t.Error("the gap is still there")
	}
	n.stop()
	n = startDeltaNode(t, dir, true)
	get(t, "ready", n.Ready())
	n.serves(t, 4, 1)
}

// Changes that cannot be put together are tried ever more rarely, and end in a gap instead of a full folder.
func TestChangesThatCannotBePutTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := snapshots(t, dir)
	last := setOf(t, 1, 1)
	if err := store.Save(wholeOf(t, 0, last)); err != nil {
		t.Fatal(err)
	}
	var tried []uint64
	for r := uint64(2); ; r++ {
		next := setOf(t, r, byte(r%9))
		many, err := store.Append(deltaOf(t, 0, last, next))
		if errors.Is(err, lastgood.ErrGap) && r == 1026 {
			break
		}
		if err != nil || r == 1026 {
			t.Fatalf("change %d: %v", r, err)
		}
		last = next
		if !many {
			continue
		}
		tried = append(tried, r-1)
		inTheWay := filepath.Join(dir, fmt.Sprintf("a-%020d.trunkline", r)) // a folder fails for root, too
		if err := os.MkdirAll(filepath.Join(inTheWay, "child"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := store.Compact(); err == nil {
			t.Fatal("put together")
		}
		if err := os.RemoveAll(inTheWay); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(tried, []uint64{128, 256, 512, 1024}) {
		t.Errorf("tried with %d changes", tried)
	}
	if !store.Gap() {
		t.Error("no gap")
	}
	if err := store.Save(wholeOf(t, 0, setOf(t, 2000, 1))); err != nil || store.Gap() {
		t.Errorf("a whole does not heal it: %v", err)
	}
	if changes, err := filepath.Glob(filepath.Join(dir, "*.change")); err != nil || len(changes) != 1024 {
		t.Errorf("%d changes are left, %v", len(changes), err) // until the whole before is not needed any more
	}
}

// A file that the system does not give is no damage: what is newer than what was loaded stays.
func TestAFileThatCannotBeReadForNowIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s1, s2, s3 := setOf(t, 1, 1), setOf(t, 2, 1, 2), setOf(t, 3, 1, 2, 3)
	store := snapshots(t, dir)
	err := store.Save(wholeOf(t, 0, s1))
	if err == nil {
		_, err = store.Append(deltaOf(t, 0, s1, s2))
	}
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "a-00000000000000000009.trunkline"), 0o700) // fails to read for root, too
	}
	if err != nil {
		t.Fatal(err)
	}
	store = snapshots(t, dir)
	if _, err := store.Read(lastgood.Generation{Lineage: "a", Revision: 9}); err == nil {
		t.Fatal("a folder was read")
	}
	if err := store.Loaded(wholeOf(t, 0, s1)); !errors.Is(err, lastgood.ErrGap) || !store.Gap() {
		t.Errorf("no gap: %v", err)
	}
	if list, err := store.Generations(); err != nil || len(list) != 2 || list[0].Revision != 2 {
		t.Errorf("left: %v, %v", list, err)
	}
	if err := store.Save(wholeOf(t, 0, s3)); err != nil || store.Gap() {
		t.Errorf("a whole does not heal it: %v", err)
	}
}
