package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var pepper = bytes.Repeat([]byte{9}, 32)

// replica is what one control-plane process has of the configuration.
type replica struct {
	store *store.Configuration
	live  *config.Live
	hub   *snapshot.Hub
}

func newReplica(t *testing.T, url string, sealer controlplane.Sealer) *replica {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	r := &replica{}
	db, err := store.Open(t.Context(), store.Config{URL: url, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r.store = store.NewConfiguration(db)
	r.live, err = config.New(config.Options{Store: r.store, Sealer: sealer, Pepper: pepper, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.live.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.hub, err = snapshot.NewHub(snapshot.Config{
		Source: r.live, Sealer: sealer, Pepper: pepper, Logger: log, Debounce: time.Millisecond, MaxDebounce: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.live.Run(ctx) })
	wg.Go(func() { _ = r.hub.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return r
}

// record notes the hashes of all snapshots that a hub publishes, until it has published the
// newest revision.
func (r *replica) record(newest <-chan uint64) (sums map[uint64]string, faults []string) {
	mailbox, cancel := r.hub.Subscribe("n")
	defer cancel()
	sums = map[uint64]string{}
	last, until := uint64(0), ^uint64(0)
	deadline := time.After(2 * time.Minute)
	for last < until {
		select {
		case s := <-mailbox:
			if s.Revision() < last {
				faults = append(faults, fmt.Sprintf("revision %d after %d", s.Revision(), last))
			}
			last = s.Revision()
			full, err := s.Full()
			if err != nil {
				return sums, append(faults, err.Error())
			}
			sums[last] = string(full.GetSha256())
		case until = <-newest:
		case <-deadline:
			return sums, append(faults, fmt.Sprintf("revision %d was not published, the last is %d", until, last))
		}
	}
	return sums, faults
}

// sum is the hash of the snapshot of a configuration.
func sum(t *testing.T, c *controlplane.Config, sealer controlplane.Sealer) string {
	t.Helper()
	s, err := snapshot.Build(c, sealer, pepper)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	set, err := docset.Parse(raw, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(set.Encode())
	return string(hash[:])
}

// write makes the n-th change of a replica: of a kind of its own, so that nothing conflicts.
func (r *replica) write(ctx context.Context, replica, n int) error {
	name := fmt.Sprintf("%d-%03d", replica, n)
	var err error
	switch n % 5 {
	case 0:
		_, _, err = config.NewEditor(r.live).Create(ctx, "test", &adminv1.Provider{
			Name: name, BaseUrl: "https://provider.example/v1", Models: []*adminv1.Model{{Id: "m"}},
			Headers: map[string]string{"x-b": name, "x-a": name, "x-c": name}, Credentials: []*adminv1.Credential{{Name: "main", Secret: name + "-secret"}},
		})
	case 1:
		_, _, err = config.NewEditor(r.live).Create(ctx, "test", &adminv1.Group{
			Name: name, Aliases: []string{"z-" + name, "a-" + name}, Members: []*adminv1.Member{{Provider: fmt.Sprintf("%d-%03d", replica, n-1), Model: "m"}},
		})
	case 2:
		_, _, err = config.NewEditor(r.live).Create(ctx, "test", &adminv1.ApiKey{Name: name, Groups: []string{fmt.Sprintf("%d-%03d", replica, n-1)}})
	case 3:
		_, _, err = config.NewEditor(r.live).RotateKey(ctx, "test", fmt.Sprintf("%d-%03d", replica, n-1), time.Hour)
	case 4:
		_, err = config.NewEditor(r.live).RevokeKey(ctx, "test", fmt.Sprintf("%d-%03d", replica, n-2), false)
	}
	return err
}

// T-C7: two replicas race 1,000 writes on one PostgreSQL. Every revision is made once, and
// its snapshot has the same bytes on either replica and on one that reads the history.
func TestReplicasAgreeOnEveryByte(t *testing.T) {
	t.Parallel()
	const writes = 500 // of each replica
	sealer, err := secrets.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	url := testenv.Postgres(t)
	replicas := []*replica{newReplica(t, url, sealer), newReplica(t, url, sealer)}
	published, faults := make([]map[uint64]string, 2), make([][]string, 2)
	newest := []chan uint64{make(chan uint64, 1), make(chan uint64, 1)}
	var recorders, writers sync.WaitGroup
	for i, r := range replicas {
		recorders.Go(func() { published[i], faults[i] = r.record(newest[i]) })
		writers.Go(func() {
			for n := range writes {
				if err := r.write(t.Context(), i, n); err != nil {
					t.Errorf("write %d of replica %d: %v (%s)", n, i, err, errs.CodeOf(err))
					return
				}
			}
		})
	}
	writers.Wait()
	for _, c := range newest {
		c <- 2 * writes
	}
	recorders.Wait()
	for i := range replicas {
		if len(faults[i]) > 0 {
			t.Errorf("replica %d: %s", i, strings.Join(faults[i], "; "))
		}
	}

	reader := newReplica(t, url, sealer)
	final := reader.live.Current()
	want := map[uint64]string{}
	var stored []controlplane.Secret
	c := controlplane.NewConfig(0, final.Lineage, nil, nil)
	want[0] = sum(t, c, sealer)
	for c.Revision < 2*writes {
		changes, err := reader.store.Changes(t.Context(), c.Revision, 1)
		if err != nil || len(changes) == 0 || changes[0].Revision != c.Revision+1 {
			t.Fatalf("the change log after revision %d: %v, %v", c.Revision, changes, err)
		}
		if p, ok := changes[0].After.(*adminv1.Provider); ok {
			if stored, err = reader.store.Secrets(t.Context(), []string{p.GetCredentials()[0].GetSecretRef()}); err != nil {
				t.Fatal(err)
			}
		}
		c = c.With(changes[0].Revision, changes, stored)
		want[uint64(c.Revision)] = sum(t, c, sealer)
	}
	if got := sum(t, final, sealer); got != want[2*writes] {
		t.Error("a replica that loads builds other bytes than one that follows")
	}
	for i := range replicas {
		for revision, got := range published[i] {
			if got != want[revision] {
				t.Errorf("replica %d published other bytes of revision %d", i, revision)
			}
		}
		t.Logf("replica %d published %d of %d revisions, all compared", i, len(published[i]), 2*writes)
		if published[i][2*writes] != want[2*writes] || len(published[i][2*writes]) != sha256.Size {
			t.Errorf("replica %d did not publish the last revision", i)
		}
	}
}
