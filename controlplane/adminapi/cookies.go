package adminapi

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
)

// securePrefix makes browsers insist on https, this host and the whole path. They refuse such
// cookies over plain http, where they have the name without it.
const securePrefix = "__Host-"

// cookies reads and sets those of browsers; their names are given without the prefix.
type cookies struct{ peers peers }

func (c cookies) get(ctx context.Context, info *connect.CallInfo, name string) (string, bool) {
	return cookieIn(info.RequestHeader().Values("Cookie"), c.name(ctx, info, name))
}

// cookieIn finds a cookie in the lines of a header.
func cookieIn(lines []string, name string) (string, bool) {
	for _, line := range lines {
		found, err := http.ParseCookie(line)
		if err != nil {
			continue
		}
		for _, c := range found {
			if c.Name == name && c.Value != "" {
				return c.Value, true
			}
		}
	}
	return "", false
}

func (c cookies) set(ctx context.Context, info *connect.CallInfo, name, value string, age time.Duration) {
	c.put(ctx, info, http.Cookie{Name: name, Value: value, MaxAge: int(age.Seconds())})
}

func (c cookies) end(ctx context.Context, info *connect.CallInfo, name string) {
	c.put(ctx, info, http.Cookie{Name: name, MaxAge: -1})
}

func (c cookies) put(ctx context.Context, info *connect.CallInfo, cookie http.Cookie) {
	cookie.Secure = c.peers.secure(ctx, info)
	cookie.Name = c.name(ctx, info, cookie.Name)
	cookie.Path, cookie.HttpOnly, cookie.SameSite = "/", true, http.SameSiteLaxMode
	info.ResponseHeader().Add("Set-Cookie", cookie.String())
}

func (c cookies) name(ctx context.Context, info *connect.CallInfo, name string) string {
	return cookieName(name, c.peers.secure(ctx, info))
}

func cookieName(name string, secure bool) string {
	if secure {
		return securePrefix + name
	}
	return name
}
