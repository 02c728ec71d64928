package nodelink

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
)

// clock is the time of a realm and of the nodes in it.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time              { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration)     { c.ahead.Add(int64(d)) }
func (c *clock) identity(i *identity.Config) { i.Now = c.now }

// realm is what the replicas of one control plane share: a database, and the clock.
type realm struct {
	clock
	url string
}

func newRealm(t *testing.T) *realm {
	t.Helper()
	return &realm{url: "sqlite:///" + filepath.Join(t.TempDir(), "realm.db")}
}

// replica is one process on the realm's database.
func (r *realm) replica(t *testing.T, changed func()) (*enrollment.Service, *pki.Authority) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Config{URL: r.url, Logger: log, Now: r.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sealer, err := secrets.New(bytes.Repeat([]byte{7}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := pki.Ensure(t.Context(), store.NewSecrets(db), sealer, r.now)
	if err != nil {
		t.Fatal(err)
	}
	joins, err := enrollment.New(t.Context(), enrollment.Config{
		Store: store.NewEnrollment(db), Authority: authority, Sealer: sealer, Preset: func() string { return token },
		Changed: changed, Logger: log, Now: r.now, Poll: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return joins, authority
}

// known gives the node an identity: one in memory that joins with the preset token, unless
// change says otherwise.
func known(t *testing.T, change func(*identity.Config)) func(*uplink.Config) {
	return func(c *uplink.Config) {
		t.Helper()
		cfg := identity.Config{Node: c.Node, JoinToken: token, Logger: c.Logger}
		if change != nil {
			change(&cfg)
		}
		if cfg.Now != nil {
			c.Now = cfg.Now
		}
		var err error
		if c.Identity, err = identity.Open(cfg); err != nil {
			t.Fatal(err)
		}
	}
}
