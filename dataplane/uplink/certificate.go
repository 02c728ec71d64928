package uplink

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// credentials are those of a link: this node's, or none in memory.
func (u *Uplink) credentials() credentials.TransportCredentials {
	if u.cfg.InMemory {
		return insecure.NewCredentials()
	}
	return u.cfg.Identity.Credentials()
}

// identify sees to it that the node has a certificate worth showing: it joins if it never
// has, and renews what is due, or has expired while the node was cut off. Both take a
// connection of their own, so that the link begins with the new certificate.
func (u *Uplink) identify(ctx context.Context, target string) error {
	id := u.cfg.Identity
	if id == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, u.cfg.AnswerTimeout)
	defer cancel()
	if !id.Joined() {
		return id.Join(ctx, func(c credentials.TransportCredentials) (*grpc.ClientConn, error) { return u.dial(target, c) })
	}
	if u.cfg.Now().Before(id.RenewAt()) {
		return nil
	}
	conn, err := u.dial(target, u.credentials())
	if err != nil {
		return err
	}
	defer conn.Close()
	err = id.Renew(ctx, nodev1.NewNodeServiceClient(conn))
	if err != nil && u.cfg.Now().Before(id.Expires()) {
		u.log.Warn("failed to renew the certificate; retrying while it is valid", "expires", id.Expires(), "error", err)
		return nil
	}
	if err != nil {
		id.Refused(err)
	}
	return err
}

// errRenewed ends a link whose certificate is not the node's newest: the control plane judges each call by what the
// connection was opened with, and does not trust that forever.
var errRenewed = errors.New("the node has a new certificate")

// keepRenewed renews the certificate over the link when it is due, and calls renewed then; or until ctx ends.
func (u *Uplink) keepRenewed(ctx context.Context, client nodev1.NodeServiceClient, renewed func()) {
	id := u.cfg.Identity
	if id == nil {
		return
	}
	tick := time.NewTicker(u.cfg.RenewCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-id.Due():
		}
		if u.cfg.Now().Before(id.RenewAt()) {
			continue
		}
		once, cancel := context.WithTimeout(ctx, u.cfg.AnswerTimeout)
		err := id.Renew(once, client)
		cancel()
		if err == nil {
			renewed()
			return
		}
		if ctx.Err() == nil {
			u.log.Warn("failed to renew the certificate; retrying", "expires", id.Expires(), "error", err)
		}
	}
}

// CertificateExpires is when the node's certificate does; the zero time when it has none.
func (u *Uplink) CertificateExpires() time.Time {
	if u.cfg.Identity == nil {
		return time.Time{}
	}
	return u.cfg.Identity.Expires()
}

// Authorities are the fingerprints of the authority's keys that the node trusts.
func (u *Uplink) Authorities() []string {
	if u.cfg.Identity == nil {
		return nil
	}
	return u.cfg.Identity.Authorities()
}
