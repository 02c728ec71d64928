package adminapi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	rolename "github.com/trunkline-ai/trunkline/internal/domain/role"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	sessionCookie = "trunkline_session"

	sessionIdle     = 12 * time.Hour
	sessionAbsolute = 7 * 24 * time.Hour
	touchInterval   = time.Minute
)

// sessions are the signed-in browsers: a random cookie each, of which only a keyed hash is stored.
type sessions struct {
	access   access.Store
	accounts *accounts
	key      func() []byte // changes with the configured account
	// requireTOTP: who signs in with a password must have a second factor.
	requireTOTP bool
	cookies     cookies
	now         func() time.Time
	log         *slog.Logger
}

// begin stores a new session in place of the caller's present one and sets its cookie. proved is when the caller was
// last asked who it is, lifetime how long the session lasts however much it is used.
func (s *sessions) begin(ctx context.Context, info *connect.CallInfo, user access.User, proved time.Time, lifetime time.Duration) error {
	if old, ok := s.cookies.get(ctx, info, sessionCookie); ok {
		if err := s.access.DeleteSession(audit.Without(ctx), s.hash(old)); err != nil && errs.CodeOf(err) != errs.NotFound {
			return err
		}
	}
	ctx = signingIn(ctx, access.Actor{User: user.Name, Role: user.Role, Address: s.cookies.peers.address(info)})
	raw := make([]byte, 32)
	rand.Read(raw)
	value := base64.RawURLEncoding.EncodeToString(raw)
	now := s.now()
	err := s.access.CreateSession(ctx, access.Session{
		Hash: s.hash(value), ID: strings.ToLower(rand.Text()[:16]), UserID: user.ID, Version: user.Version,
		Address: s.cookies.peers.address(info), UserAgent: shortText(info.RequestHeader().Get("User-Agent")),
		CreatedAt: now, SeenAt: now, ProvedAt: proved, ExpiresAt: now.Add(min(sessionIdle, lifetime)), EndsAt: now.Add(lifetime),
	})
	if err != nil {
		return err
	}
	s.cookies.set(ctx, info, sessionCookie, value, lifetime)
	// Sessions appear nowhere else, so this is often enough to keep the table small.
	if err := s.access.DeleteExpired(ctx, now); err != nil {
		s.log.WarnContext(ctx, "failed to delete expired sessions", "error", err)
	}
	return nil
}

// signingIn is a context with the event of a sign-in: that of the RPC, or one of its own where none is.
func signingIn(ctx context.Context, a access.Actor) context.Context {
	entry := audit.From(ctx)
	if entry == nil {
		ctx, entry = audit.Begin(ctx, audit.Event{Action: signIn, Address: a.Address})
	}
	entry.Amend(func(e *audit.Event) { e.Actor, e.Role = a.String(), rolename.Name(a.Role) })
	return ctx
}

// identify finds the session of the caller's cookie and keeps it from going idle.
func (s *sessions) identify(ctx context.Context, info *connect.CallInfo, recent time.Duration) (identity, error) {
	value, ok := s.cookies.get(ctx, info, sessionCookie)
	if !ok {
		return identity{}, errs.Newf(errs.Unauthenticated, "sign in first")
	}
	hash := s.hash(value)
	session, err := s.access.Session(ctx, hash)
	if errs.CodeOf(err) == errs.NotFound {
		return identity{}, errs.Newf(errs.Unauthenticated, "the session has ended; sign in again")
	}
	if err != nil {
		return identity{}, err
	}
	now := s.now()
	if !now.Before(session.ExpiresAt) {
		return identity{}, errs.Newf(errs.Unauthenticated, "the session has expired; sign in again")
	}
	if now.Sub(session.SeenAt) >= touchInterval {
		ends := session.EndsAt
		if ends.IsZero() {
			ends = session.CreatedAt.Add(sessionAbsolute)
		}
		expires := earlier(now.Add(sessionIdle), ends)
		if err := s.access.TouchSession(ctx, hash, now, expires); err != nil {
			s.log.WarnContext(ctx, "failed to renew a session", "error", err)
		}
	}
	return identity{
		Actor: access.Actor{User: session.User, Role: session.Role}, userID: session.UserID, session: hash,
		stale:      now.Sub(session.ProvedAt) > recent,
		unenrolled: s.requireTOTP && !session.HasTOTP && (session.HasPassword || session.User == s.accounts.configured),
	}, nil
}

// end deletes the session and the cookie.
func (s *sessions) end(ctx context.Context, info *connect.CallInfo, hash [32]byte) error {
	s.cookies.end(ctx, info, sessionCookie)
	if err := s.access.DeleteSession(ctx, hash); err != nil && errs.CodeOf(err) != errs.NotFound {
		return err
	}
	return nil
}

func (s *sessions) hash(value string) [32]byte {
	mac := hmac.New(sha256.New, s.key())
	mac.Write([]byte(value))
	return [32]byte(mac.Sum(nil))
}

// shortText is at most the first 256 bytes of what a stranger sent, as databases take it.
func shortText(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), 256)], "")
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
