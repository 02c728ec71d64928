// Package identity is who a node is to its control plane: a key that never leaves the
// node, the certificate that the control plane gave for it, and the authority by which
// the node knows the control plane again.
//
// A folder holds identity.pem (key, certificate, authority), joining.key while the node
// tries to join, and secret, 32 random bytes that seal what else the node keeps. They are
// for nobody else to read. A key that lies on a disk protects what is on other disks and
// in backups of them; not from whoever can read this one.
package identity

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

// Config says who the node is and where that is kept.
type Config struct {
	Dir       string // made, for nobody else to read, when it is not there; default: memory only
	Node      string // required
	JoinToken string // required while the node has no certificate
	// LatestJoinToken gives the token as it is by now, which may be another one than at start; default: JoinToken.
	LatestJoinToken func() string
	Logger          *slog.Logger
	Now             func() time.Time // default time.Now
}

// Identity is safe for concurrent use.
type Identity struct {
	cfg    Config
	folder folder
	log    *slog.Logger
	secret []byte

	mu      sync.Mutex
	current *credential   // guarded by mu; nil: the node has not joined
	pending *pendingKey   // guarded by mu; of a join that was not answered yet
	written *credential   // guarded by mu; current, or what a restart would begin with where that could not be kept
	renewAt time.Time     // guarded by mu
	rejoin  bool          // guarded by mu; the control plane does not want current any more
	due     chan struct{} // holds a value when the certificate is to be renewed at once

	revoked atomic.Bool // an admin has revoked current; requests read it, and mu is held over writes to the disk
}

// ErrNoToken says that a node can neither show who it is nor join.
var ErrNoToken = errors.New("this node has not joined a control plane and has no join token: " +
	"make one with `trunklinectl nodes create-join-token` and give it to the node as TRUNKLINE_JOIN_TOKEN")

// Open reads who the node is. A disk that cannot be used costs only what it would have
// kept: the node then joins again at each start. An identity that is there and is another
// node's, or may be read by others, is a mistake and an error.
func Open(cfg Config) (*Identity, error) {
	if cfg.Logger == nil {
		return nil, errors.New("identity: Logger is required")
	}
	if err := nodeid.CheckName(cfg.Node); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.LatestJoinToken == nil {
		cfg.LatestJoinToken = func() string { return cfg.JoinToken }
	}
	i := &Identity{cfg: cfg, folder: folder(cfg.Dir), log: cfg.Logger, due: make(chan struct{}, 1)}
	if err := i.folder.make(); err != nil {
		i.log.Error("the node's identity is kept only in memory; the node has to join again at its next start", "error", err)
		i.folder = ""
	}
	if err := i.load(); err != nil {
		return nil, err
	}
	if i.current == nil && cfg.JoinToken == "" {
		return nil, ErrNoToken
	}
	return i, nil
}

// load reads the folder.
func (i *Identity) load() (err error) {
	if i.secret, err = i.loadSecret(); err != nil {
		return err
	}
	text, err := i.folder.read(identityFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	c, err := decode(text)
	if err != nil {
		if i.cfg.JoinToken == "" {
			return fmt.Errorf("identity: %s: %w; give the node a new join token to replace it", i.folder.path(identityFile), err)
		}
		i.log.Error("the node's identity is damaged; joining again", "path", i.folder.path(identityFile), "error", err)
		return nil
	}
	if c.node != i.cfg.Node {
		return fmt.Errorf("identity: %s belongs to node %q, but this node is named %q: give it that name (TRUNKLINE_NODE), "+
			"or another data folder, or remove the folder %s to join under the new name", i.folder.path(identityFile), c.node, i.cfg.Node, i.folder)
	}
	i.current, i.written, i.renewAt = c, c, c.renewal()
	_, err = i.folder.read(revokedFile)
	i.revoked.Store(err == nil)
	return nil
}

// Secret is 32 bytes that survive restarts but for a lost folder, and that nobody else knows.
func (i *Identity) Secret() []byte { return i.secret }

func (i *Identity) loadSecret() ([]byte, error) {
	secret, err := i.folder.read(secretFile)
	if err == nil && len(secret) == secretSize {
		return secret, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("identity: %w", err)
	}
	secret = make([]byte, secretSize)
	rand.Read(secret) // never fails
	if err := i.folder.write(secretFile, secret); err != nil {
		i.log.Error("failed to save the node's secret; what it encrypts cannot be read after a restart", "error", err)
	}
	return secret, nil
}

// Joined reports whether the node can show who it is, as far as it knows.
func (i *Identity) Joined() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current != nil && !i.rejoin
}

// Expires is when the certificate does; the zero time while there is none.
func (i *Identity) Expires() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil {
		return time.Time{}
	}
	return i.current.certificate.Leaf.NotAfter
}

// RenewAt is when a new certificate is due, by the node's clock: after two thirds of the
// lifetime. The zero time says that there is none to renew.
func (i *Identity) RenewAt() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.renewAt
}

// RenewNow makes the certificate due. It never blocks.
func (i *Identity) RenewNow() {
	i.mu.Lock()
	i.renewAt = i.cfg.Now()
	i.mu.Unlock()
	select {
	case i.due <- struct{}{}:
	default:
	}
}

// Due gives a value after RenewNow.
func (i *Identity) Due() <-chan struct{} { return i.due }

// Authorities are the fingerprints of the authority's keys that the node trusts, the one that signed its certificate
// first, as it would after a restart; none while it has not joined.
func (i *Identity) Authorities() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.written == nil {
		return nil
	}
	return i.written.fingerprints()
}

// Refused draws the consequence of an error of the control plane, which has been verified
// to be ours: an expired certificate is renewed at once, and one that is not wanted any
// more is given up if there is a token to join with.
func (i *Identity) Refused(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch nodeid.ReasonOf(err) {
	case nodeid.Expired:
		i.renewAt = i.cfg.Now() // or the node's clock is slow
	case nodeid.TooLate, nodeid.Unknown, nodeid.Revoked:
		i.rejoin = i.cfg.JoinToken != ""
	}
	if nodeid.ReasonOf(err) == nodeid.Revoked {
		i.revoke()
	}
}

// revoke remembers, over a restart too, that an admin has revoked the node. The caller holds mu.
func (i *Identity) revoke() {
	if i.revoked.Swap(true) {
		return
	}
	i.log.Error("this node is revoked; it can join again only with a join token created after the revocation")
	if err := i.folder.write(revokedFile, nil); err != nil {
		i.log.Error("failed to save that the node is revoked; after a restart it serves until the control plane tells it again", "error", err)
	}
}

// Revoked reports whether an admin has revoked the node, and it has not joined again since.
func (i *Identity) Revoked() bool { return i.revoked.Load() }

// take brings a certificate into use and keeps it.
func (i *Identity) take(c *credential) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current, i.rejoin, i.pending = c, false, nil
	i.revoked.Store(false)
	leaf := c.certificate.Leaf
	// From the moment it came, so that a node whose clock is fast does not renew all the time.
	i.renewAt = i.cfg.Now().Add(leaf.NotAfter.Sub(leaf.NotBefore) * 2 / 3)
	text, err := c.encode()
	if err == nil {
		err = i.folder.write(identityFile, text)
	}
	if err == nil {
		err = errors.Join(i.folder.remove(joiningFile), i.folder.remove(revokedFile))
	}
	if err != nil {
		i.log.Error("failed to save the node's identity; after a restart the node would use an older one or have to join again", "error", err)
		return
	}
	i.written = c
}
