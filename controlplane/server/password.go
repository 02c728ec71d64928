package server

import (
	"context"
	"net"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// DefaultAdminPassword is the well-known password of a first run. It works on loopback only,
// and until an admin sets another one in the console.
const DefaultAdminPassword = access.WellKnownPassword

// minPassword is the least length of ADMIN_PASSWORD where others can reach the console, in bytes; one
// that is set in the console has it too.
const minPassword = 8

// checkPassword refuses a short password on an address that others can reach.
func checkPassword(cfg Config) error {
	if cfg.AdminPassword == DefaultAdminPassword || len(cfg.AdminPassword) >= minPassword {
		return nil
	}
	if loopback, err := listensOnLoopback(cfg.Listen); loopback || err != nil {
		return err
	}
	return errs.Newf(errs.FailedPrecondition, "ADMIN_PASSWORD has fewer than %d bytes, which is not allowed on an address that others can reach: "+
		"set a longer one to listen on %s", minPassword, cfg.Listen)
}

// listensOnLoopback reports whether an address to listen on is one of this machine only.
func listensOnLoopback(listen string) (bool, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false, err
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), nil
}

// defaultPasswordWorks reports whether the well-known password is in use, and refuses it on an
// address that others can reach.
func defaultPasswordWorks(ctx context.Context, cfg Config, db *store.DB) (bool, error) {
	if cfg.AdminPassword != DefaultAdminPassword {
		return false, nil
	}
	owner, err := store.NewAccess(db).User(ctx, cfg.AdminUsername)
	if owner.HasPassword() || err != nil && errs.CodeOf(err) != errs.NotFound {
		return false, err
	}
	if loopback, err := listensOnLoopback(cfg.Listen); loopback || err != nil {
		return true, err
	}
	return true, errs.Newf(errs.FailedPrecondition, "ADMIN_PASSWORD is the default, which is allowed only on loopback: "+
		"set ADMIN_PASSWORD (or ADMIN_PASSWORD_FILE), or another password in the console on loopback, to listen on %s", cfg.Listen)
}
