package nodelink

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
)

func TestCertificatesAreRenewedInTime(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	c := serve(t, lis, cfg, newLedger())
	dir := t.TempDir()
	var d diary
	often := func(change func(*uplink.Config)) func(*uplink.Config) {
		return func(c *uplink.Config) { c.RenewCheck = 5 * time.Millisecond; change(c) }
	}
	n := join(t, "a", lis.Addr().String(), d.logs(often(known(t, with(token, dir, cfg.realm.identity)))))
	n.reaches(t, 1)
	first := n.CertificateExpires()
	if left := first.Sub(cfg.realm.now()); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("the certificate is good for %s", left)
	}
	cfg.realm.advance(15 * time.Hour) // not yet two thirds
	n.flush(t)
	if d.says("certificate renewed") {
		t.Error("renewed after 15 h")
	}
	cfg.realm.advance(2 * time.Hour)
	d.await(t, "certificate renewed")
	until(t, "a newer certificate", func() bool { return n.CertificateExpires().Sub(first) > 16*time.Hour })
	renewed := n.CertificateExpires()
	if got := c.joins.Identities()["a"].ExpiresAt; !got.Equal(first.UTC()) && !got.Equal(renewed.UTC()) {
		t.Errorf("the control plane knows of %s", got)
	}
	if d.says("control plane lost") {
		t.Error("the link was cut")
	}
	n.stop()

	// Cut off for 6 days beyond its end it still renews; without a token.
	cfg.realm.advance(7 * 24 * time.Hour)
	var back diary
	n = join(t, "a", lis.Addr().String(), back.logs(known(t, with("", dir, cfg.realm.identity))))
	n.reaches(t, 1)
	back.await(t, "certificate renewed")
	if !n.CertificateExpires().After(cfg.realm.now()) {
		t.Errorf("certificate expires %s", n.CertificateExpires())
	}
	n.stop()

	// And for 8 days it does not. With a token it joins again.
	cfg.realm.advance(9 * 24 * time.Hour)
	var late diary
	n = join(t, "a", lis.Addr().String(), late.logs(known(t, with("", dir, cfg.realm.identity))))
	late.await(t, "too long ago to be renewed")
	n.stop()
	n = join(t, "a", lis.Addr().String(), known(t, with(token, dir, cfg.realm.identity)))
	n.reaches(t, 1)
}

// A node whose clock is slow learns from the control plane that its certificate is over.
func TestASlowClockDoesNotLockANodeOut(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	serve(t, lis, cfg, newLedger())
	dir := t.TempDir()
	var slow clock
	n := join(t, "a", lis.Addr().String(), known(t, with(token, dir, slow.identity)))
	n.reaches(t, 1)
	n.stop()
	cfg.realm.advance(30 * time.Hour) // the node's stands still
	var d diary
	n = join(t, "a", lis.Addr().String(), d.logs(known(t, with("", dir, slow.identity))))
	n.reaches(t, 1)
	if !d.says("must be renewed; if the node thinks otherwise, its clock is wrong") || !d.says("certificate renewed") {
		t.Errorf("log:\n%s", &d.text)
	}
	n.stop()

	cfg.realm.advance(4 * 24 * time.Hour)
	var far diary
	n = join(t, "a", lis.Addr().String(), far.logs(known(t, with("", dir, slow.identity))))
	far.await(t, "one of the clocks is far off")
	n.stop()
}

func TestARevokedNodeIsCutAndJoinsOnlyWithANewToken(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	c := serve(t, lis, newConfig(1, 1), newLedger())
	address, dir := lis.Addr().String(), t.TempDir()
	_, before := c.ticket(t, 10)
	var token atomic.Value // as the file of the token holds it
	token.Store(before)
	latest := func(i *identity.Config) { i.LatestJoinToken = func() string { return token.Load().(string) } }
	var d diary
	n := join(t, "a", address, d.logs(known(t, with(before, dir, latest))))
	other := join(t, "b", address, known(t, nil))
	n.reaches(t, 1)
	other.reaches(t, 1)
	connected := func(what string, want bool) {
		t.Helper()
		until(t, what, func() bool {
			nodes := c.nodes.Nodes()
			return len(nodes) == 2 && nodes[0].GetConnected() == want && nodes[1].GetConnected()
		})
	}
	revoke := func() {
		t.Helper()
		if err := c.joins.Revoke(t.Context(), "a", "admin"); err != nil {
			t.Fatal(err)
		}
	}
	revoke()
	d.await(t, "the node was revoked at ")
	d.await(t, "it can join again only with a join token created after that") // for its old token
	connected("it is gone", false)
	if n.serving.Load() == nil || n.Revision() != 1 {
		t.Error("it does not serve what it has")
	}
	_, fresh := c.ticket(t, 1)
	token.Store(fresh)
	connected("it joined with the new token, without a restart", true)
	revoke()
	connected("it is gone again", false)
	n.stop()

	_, after := c.ticket(t, 1)
	n = join(t, "a", address, known(t, with(after, dir)))
	n.reaches(t, 1)
	n.stop()
	n = join(t, "a", address, known(t, with("", dir)))
	n.reaches(t, 1)
}
