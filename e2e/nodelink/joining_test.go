package nodelink

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// diary is what a node logged, to wait for.
type diary struct{ notes }

func (d *diary) says(text string) bool { return strings.Contains(string(d.read()), text) }

func (d *diary) await(t *testing.T, text string) {
	t.Helper()
	until(t, "the node logs "+text, func() bool { return d.says(text) })
}

// logs lets a node write a diary.
func (d *diary) logs(change func(*uplink.Config)) func(*uplink.Config) {
	return func(c *uplink.Config) {
		c.Logger = slog.New(slog.NewTextHandler(d, nil))
		change(c)
	}
}

// with is an identity of a token, in a folder.
func with(secret, dir string, more ...func(*identity.Config)) func(*identity.Config) {
	return func(i *identity.Config) {
		i.JoinToken, i.Dir = secret, dir
		for _, change := range more {
			change(i)
		}
	}
}

// ticket makes a join token.
func (c *control) ticket(t *testing.T, uses int) (id, secret string) {
	t.Helper()
	made, secret, err := c.joins.CreateToken(t.Context(), enrollment.NewToken{By: "admin", Note: "of the test", TTL: time.Hour, Uses: uses})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID, secret
}

func TestANodeJoinsOnceWithATokenAndReturnsWithoutIt(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	c := serve(t, lis, newConfig(1, 1), newLedger())
	address, dir := lis.Addr().String(), t.TempDir()
	id, secret := c.ticket(t, 1)

	n := join(t, "a", address, known(t, with(secret, dir)))
	n.reaches(t, 1)
	n.stop()
	var second diary
	stranger := join(t, "b", address, second.logs(known(t, with(secret, ""))))
	second.await(t, "join token "+id+` is used up: node \"a\" joined with it`)
	stranger.stop()

	n = join(t, "a", address, known(t, with("", dir)))
	n.reaches(t, 1)
	tokens, err := c.joins.Tokens(t.Context())
	if err != nil || len(tokens) != 1 || len(tokens[0].Uses) != 1 || tokens[0].Uses[0].Node != "a" || tokens[0].CreatedBy != "admin" {
		t.Errorf("tokens %+v, %v", tokens, err)
	}
	if len(c.nodes.Nodes()) != 1 {
		t.Errorf("nodes %v", c.nodes.Nodes())
	}
	if _, err := identity.Open(identity.Config{Node: "c", Logger: slog.New(slog.DiscardHandler)}); !errors.Is(err, identity.ErrNoToken) {
		t.Errorf("a node with nothing to show: %v", err)
	}
	if _, err := identity.Open(identity.Config{Dir: dir, Node: "c", Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), `belongs to node "a"`) {
		t.Errorf("another name in the same folder: %v", err)
	}
}

// The clock moves past the token's hour; then the token is deleted.
func TestTokensThatCannotBeUsedSayWhy(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	c := serve(t, lis, cfg, newLedger())
	id, secret := c.ticket(t, 5)
	cfg.realm.advance(time.Hour)
	for _, step := range []struct {
		secret, want string
		change       func()
	}{
		{secret, "join token " + id + " expired at ", func() {}},
		{secret, "join token " + id + " is unknown", func() {
			if err := c.joins.DeleteToken(t.Context(), id, "admin"); err != nil {
				t.Fatal(err)
			}
		}},
		{"tl-join-" + id + "-" + strings.Repeat("a", 52), "join token " + id + " is unknown", func() {}},
		{"tl-join-typo", "the proof of the join token is not valid", func() {}},
	} {
		step.change()
		var d diary
		n := join(t, "n", lis.Addr().String(), d.logs(known(t, with(step.secret, "", cfg.realm.identity))))
		d.await(t, step.want)
		n.stop()
	}
}

func TestTheNodeThatJoinedLastHasTheName(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	c := serve(t, lis, newConfig(1, 1), newLedger())
	var d diary
	first := join(t, "a", lis.Addr().String(), d.logs(known(t, nil)))
	first.reaches(t, 1)
	second := join(t, "a", lis.Addr().String(), known(t, nil))
	second.reaches(t, 1)
	d.await(t, "another node joined under this name")
	until(t, "the second stays", func() bool { nodes := c.nodes.Nodes(); return len(nodes) == 1 && live(nodes[0], "a", 1) })
}

// Another control plane, though it knows the token too, is not the one.
func TestANodeStaysWithItsControlPlane(t *testing.T) {
	t.Parallel()
	one, two := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	serve(t, one, newConfig(1, 1), newLedger())
	c := serve(t, two, newConfig(1, 1), newLedger())
	dir := t.TempDir()
	n := join(t, "a", one.Addr().String(), known(t, with(token, dir)))
	n.reaches(t, 1)
	n.stop()
	var d diary
	n = join(t, "a", two.Addr().String(), d.logs(known(t, with(token, dir))))
	d.await(t, "this is another control plane")
	n.stop()
	if len(c.joins.Identities()) != 0 {
		t.Errorf("it joined: %v", c.joins.Identities())
	}
}

func TestReplicasShareWhoHasJoined(t *testing.T) {
	t.Parallel()
	shared := newRealm(t)
	shared.url = testenv.Postgres(t)
	var (
		replicas  [2]*control
		addresses [2]string
	)
	for i := range replicas {
		cfg := newConfig(1, 1)
		cfg.realm = shared
		lis := listen(t, "127.0.0.1:0")
		addresses[i] = lis.Addr().String()
		replicas[i] = serve(t, lis, cfg, newLedger())
	}
	_, a := shared.replica(t, nil)
	_, b := shared.replica(t, nil)
	if !slices.Equal(a.Certificates()[0], b.Certificates()[0]) {
		t.Fatal("two authorities")
	}
	dir := t.TempDir()
	id, secret := replicas[0].ticket(t, 1)
	n := join(t, "a", addresses[0], known(t, with(secret, dir)))
	n.reaches(t, 1)
	n.stop()
	var d diary // at once, before the other replica's next poll
	n = join(t, "a", addresses[1], d.logs(known(t, with("", dir))))
	n.reaches(t, 1)
	var used diary
	stranger := join(t, "b", addresses[1], used.logs(known(t, with(secret, ""))))
	used.await(t, "join token "+id+" is used up")
	stranger.stop()
	if err := replicas[0].joins.Revoke(t.Context(), "a", "admin"); err != nil {
		t.Fatal(err)
	}
	d.await(t, "the node was revoked at ")
	until(t, "the other replica lets it go", func() bool {
		nodes := replicas[1].nodes.Nodes()
		return len(nodes) == 1 && !nodes[0].GetConnected()
	})
}

func TestTheIdentityFolderIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	serve(t, lis, newConfig(1, 1), newLedger())
	dir := filepath.Join(t.TempDir(), "identity")
	n := join(t, "a", lis.Addr().String(), known(t, with(token, dir)))
	n.reaches(t, 1)
	n.stop()
	var names []string
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
		names = append(names, file.Name())
	}
	if !slices.Equal(names, []string{"identity.pem", "secret"}) {
		t.Errorf("files %q", names)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	open := func(token string) (*identity.Identity, error) {
		return identity.Open(identity.Config{Dir: dir, Node: "a", JoinToken: token, Logger: slog.New(slog.DiscardHandler)})
	}
	was, err := open("")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "identity.pem")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := open(token); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("no longer PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(""); err == nil || !strings.Contains(err.Error(), "new join token") {
		t.Errorf("a damaged key without a token: %v", err)
	}
	again, err := open(token)
	if err != nil || again.Joined() || !bytes.Equal(again.Secret(), was.Secret()) {
		t.Errorf("a damaged key with a token: %v", err)
	}
}
