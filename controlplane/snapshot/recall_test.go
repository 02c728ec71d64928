package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// lookBack is a hub that has published the newest of some configurations only, and can look back at the others.
type lookBack struct {
	*Hub
	configs []*controlplane.Config // by revision
	looked  int
	while   func() // called as it looks back
	err     error
}

func newLookBack(t *testing.T, configs ...*controlplane.Config) *lookBack {
	t.Helper()
	l := &lookBack{configs: configs}
	var err error
	l.Hub, err = NewHub(Config{
		Source: l, Sealer: clear{}, Pepper: []byte("pepper"), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		At: func(ctx context.Context, _ *controlplane.Config, revision controlplane.Revision) (*controlplane.Config, error) {
			l.looked++
			if l.while != nil {
				l.while()
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			for _, c := range l.configs {
				if c.Revision == revision {
					return c, l.err
				}
			}
			return nil, errors.New("there was no such revision")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.publishNewest(t)
	return l
}

func (l *lookBack) Current() *controlplane.Config        { return l.configs[len(l.configs)-1] }
func (l *lookBack) Subscribe() (<-chan struct{}, func()) { return nil, func() {} }

func (l *lookBack) publishNewest(t *testing.T) {
	t.Helper()
	if err := errors.Join(l.refresh(t.Context()), l.Err()); err != nil {
		t.Fatal(err)
	}
}

// digestOf is what a node says that it has.
func digestOf(t *testing.T, cfg *controlplane.Config) []byte {
	t.Helper()
	made, err := (*image)(nil).follow(cfg, clear{}, []byte("pepper"))
	if err != nil {
		t.Fatal(err)
	}
	digest := made.set.Digest()
	return digest[:]
}

// change is what changed since a configuration, as nodes get it; nil: they get the whole.
func (l *lookBack) change(t *testing.T, since *controlplane.Config) []byte {
	t.Helper()
	d, err := l.Hub.Current().Delta(digestOf(t, since))
	if err != nil {
		t.Fatal(err)
	}
	return d.GetChangeZstd()
}

// What a replica makes from the change log is what one sends that remembers, byte for byte.
func TestRecallIsAsGoodAsToRemember(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	configs := []*controlplane.Config{manyKeys(200)}
	for range 20 {
		configs = append(configs, change(r, configs[len(configs)-1]))
	}
	remembers := newLookBack(t, configs[0])
	for _, c := range configs[1:] {
		remembers.configs = append(remembers.configs, c)
		remembers.publishNewest(t)
	}
	recalls := newLookBack(t, configs...)
	for _, i := range r.Perm(20) {
		c := configs[i]
		if recalls.change(t, c) != nil {
			t.Fatalf("revision %d is known before it was asked for", c.Revision)
		}
		recalls.Recall(t.Context(), uint64(c.Revision), digestOf(t, c))
		got, want := recalls.change(t, c), remembers.change(t, c)
		if want == nil || !bytes.Equal(got, want) {
			t.Errorf("from revision %d: %d bytes, of a replica that remembers %d", c.Revision, len(got), len(want))
		}
	}
	looked := recalls.looked
	recalls.Recall(t.Context(), 3, digestOf(t, configs[2]))
	if recalls.looked != looked || looked != 20 || remembers.looked != 0 {
		t.Errorf("looked back %d times, and %d, want 20 and none", recalls.looked, remembers.looked)
	}
	// The next revision is reached from there too.
	recalls.configs = append(recalls.configs, change(r, configs[20]))
	recalls.publishNewest(t)
	if recalls.change(t, configs[7]) == nil {
		t.Error("what was recalled is forgotten with the next revision")
	}
	other := controlplane.NewConfig(100, "other", nil, nil)
	recalls.configs = append(recalls.configs, other)
	recalls.publishNewest(t)
	if recalls.recalled.sets != nil {
		t.Error("snapshots of another database are kept")
	}
}

func TestWhatIsNotRecalled(t *testing.T) {
	t.Parallel()
	keys := func(revision controlplane.Revision, generation int) *controlplane.Config {
		c := manyKeys(200)
		var ops []controlplane.Op
		for i := range 200 {
			ops = append(ops, controlplane.Op{Kind: controlplane.KindAPIKey, Name: c.List(controlplane.KindAPIKey)[i].Name, Spec: &adminv1.ApiKey{SecretHash: hashOf(1000*generation + i)}})
		}
		return c.With(revision, c.Changes(revision, time.Unix(1, 0), "", ops, nil), nil)
	}
	first, old, newest := keys(1, 1), keys(2, 2), keys(3, 3)
	same := newest.With(4, nil, nil)
	l := newLookBack(t, first, old, newest, same)
	ask := func(name string, revision uint64, digest []byte, looks int) {
		t.Helper()
		before := l.looked
		l.Recall(t.Context(), revision, digest)
		if l.looked-before != looks || len(l.recalled.sets) != 0 {
			t.Errorf("%s: looked back %d times, want %d; %d recalled", name, l.looked-before, looks, len(l.recalled.sets))
		}
	}
	ask("no digest", 3, []byte("short"), 0)
	ask("what is newer", 5, digestOf(t, newest), 0)
	ask("what is newest", 4, digestOf(t, newest), 0)
	ask("another content", 3, digestOf(t, old), 1)
	ask("another content, again", 3, digestOf(t, old), 0)
	ask("one since which all changed", 2, digestOf(t, old.With(2, nil, nil)), 0) // its digest was asked for
	ask("one before that", 1, digestOf(t, first), 1)
	ask("the same again", 1, digestOf(t, first), 0)
	l.err = errors.New("the database is away")
	ask("what cannot be read", 3, digestOf(t, newest), 1)
	l.err = nil

	far := newLookBack(t, newest, newest.With(3+recallMost+1, nil, nil))
	far.Recall(t.Context(), 3, digestOf(t, newest))
	if far.looked != 0 {
		t.Error("looked back too far")
	}

	l = newLookBack(t, newest, same)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	l.recalled.one <- struct{}{} // another one is made
	l.Recall(ended, 3, digestOf(t, newest))
	<-l.recalled.one
	if l.looked != 0 {
		t.Error("two at once")
	}
	left, leave := context.WithCancel(t.Context())
	l.while = leave // the node goes while what it has is read
	l.Recall(left, 3, digestOf(t, newest))
	l.Recall(t.Context(), 3, digestOf(t, newest))
	if l.change(t, newest) == nil || l.looked != 2 {
		t.Errorf("what can be recalled is not, in %d looks: a node that went has spoilt it for all", l.looked)
	}
}
