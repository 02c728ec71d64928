package listentls

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// lookEvery is how often it is looked whether the files have changed.
const lookEvery = 5 * time.Second

// Certificate is that of the files, as they were good last. It is safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	every             time.Duration
	current           atomic.Pointer[tls.Certificate]
	seen              [sha256.Size]byte // of the files as they were looked at last; of the following goroutine
}

func open(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, every: lookEvery}
	cert, key, err := c.read()
	if err != nil {
		return nil, err
	}
	c.seen = digest(cert, key)
	return c, c.take(cert, key)
}

func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

func (c *Certificate) read() (cert, key []byte, err error) {
	if cert, err = os.ReadFile(c.certFile); err != nil {
		return nil, nil, fmt.Errorf("read the TLS certificate: %w", err)
	}
	if key, err = os.ReadFile(c.keyFile); err != nil {
		return nil, nil, fmt.Errorf("read the TLS key: %w", err)
	}
	return cert, key, nil
}

func digest(cert, key []byte) [sha256.Size]byte {
	return sha256.Sum256(bytes.Join([][]byte{cert, key}, []byte{0}))
}

// take brings a certificate into use, if it is one.
func (c *Certificate) take(cert, key []byte) error {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		c.log.Warn("the TLS certificate has expired: clients refuse it", "file", c.certFile, "expired", pair.Leaf.NotAfter)
	}
	c.current.Store(&pair)
	return nil
}

// follow takes files that change. Bad ones, such as a certificate whose key is not there yet, leave
// the present certificate in use and are said once.
func (c *Certificate) follow(ctx context.Context) error {
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	var trouble string
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		changed, err := c.look()
		switch {
		case err != nil && err.Error() != trouble:
			c.log.Error("failed to reload the TLS certificate; the current one stays in use", "error", err, "expires", c.current.Load().Leaf.NotAfter)
			trouble = err.Error()
		case err == nil && changed:
			c.log.Info("TLS certificate reloaded", "file", c.certFile, "expires", c.current.Load().Leaf.NotAfter)
			trouble = ""
		}
	}
}

func (c *Certificate) look() (changed bool, err error) {
	cert, key, err := c.read()
	if err != nil {
		return false, err
	}
	now := digest(cert, key)
	if now == c.seen {
		return false, nil
	}
	if err := c.take(cert, key); err != nil {
		return false, err
	}
	c.seen = now
	return true, nil
}
