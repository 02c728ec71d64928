package adminapi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// The __Host- prefix makes browsers insist on https, this host and the whole path.
	// They refuse it over plain http, where the cookie has another name.
	secureCookie = "__Host-trunkline_session"
	plainCookie  = "trunkline_session"

	sessionIdle     = 12 * time.Hour
	sessionAbsolute = 7 * 24 * time.Hour
	touchInterval   = time.Minute
)

// sessions are the signed-in browsers: a random cookie each, of which only a keyed hash is stored.
type sessions struct {
	access access.Store
	key    []byte // changes with the configured account
	peers  peers
	now    func() time.Time
	log    *slog.Logger
}

// begin stores a new session, of a version of the password, in place of the caller's present one and sets its cookie.
func (s *sessions) begin(ctx context.Context, info *connect.CallInfo, username string, version int64) error {
	if old, ok := s.cookie(ctx, info); ok {
		if err := s.access.DeleteSession(ctx, s.hash(old)); err != nil && errs.CodeOf(err) != errs.NotFound {
			return err
		}
	}
	raw := make([]byte, 32)
	rand.Read(raw)
	value := base64.RawURLEncoding.EncodeToString(raw)
	now := s.now()
	err := s.access.CreateSession(ctx, access.Session{
		Hash: s.hash(value), Username: username, Version: version, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionIdle),
	})
	if err != nil {
		return err
	}
	s.setCookie(ctx, info, value, int(sessionAbsolute.Seconds()))
	// Sessions appear nowhere else, so this is often enough to keep the table small.
	if err := s.access.DeleteExpired(ctx, now); err != nil {
		s.log.WarnContext(ctx, "expired sessions could not be deleted", "error", err)
	}
	return nil
}

// identify finds the session of the caller's cookie and keeps it from going idle.
func (s *sessions) identify(ctx context.Context, info *connect.CallInfo) (identity, error) {
	value, ok := s.cookie(ctx, info)
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
		expires := earlier(now.Add(sessionIdle), session.CreatedAt.Add(sessionAbsolute))
		if err := s.access.TouchSession(ctx, hash, now, expires); err != nil {
			s.log.WarnContext(ctx, "session could not be renewed", "error", err)
		}
	}
	return identity{user: session.Username, session: hash}, nil
}

// end deletes the session and the cookie.
func (s *sessions) end(ctx context.Context, info *connect.CallInfo, hash [32]byte) error {
	s.setCookie(ctx, info, "", -1)
	if err := s.access.DeleteSession(ctx, hash); err != nil && errs.CodeOf(err) != errs.NotFound {
		return err
	}
	return nil
}

func (s *sessions) hash(value string) [32]byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(value))
	return [32]byte(mac.Sum(nil))
}

func (s *sessions) cookieName(ctx context.Context, info *connect.CallInfo) string {
	if s.peers.secure(ctx, info) {
		return secureCookie
	}
	return plainCookie
}

func (s *sessions) cookie(ctx context.Context, info *connect.CallInfo) (string, bool) {
	name := s.cookieName(ctx, info)
	for _, line := range info.RequestHeader().Values("Cookie") {
		cookies, err := http.ParseCookie(line)
		if err != nil {
			continue
		}
		for _, c := range cookies {
			if c.Name == name && c.Value != "" {
				return c.Value, true
			}
		}
	}
	return "", false
}

func (s *sessions) setCookie(ctx context.Context, info *connect.CallInfo, value string, maxAge int) {
	name := s.cookieName(ctx, info)
	cookie := http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: name == secureCookie, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	info.ResponseHeader().Add("Set-Cookie", cookie.String())
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
