package ops

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/internal/plainhttp"
)

// servers are what serves one listener: net/http's server, and before it the leaner one for ordinary
// requests, if there is one.
type servers struct {
	http     *http.Server
	plain    *plainhttp.Server // nil: there is none
	upgraded *upgrades
	listener func(net.Listener) net.Listener // for http
}

// servers makes them; requests is the context of all requests.
func (s Server) servers(requests context.Context) *servers {
	all := &servers{upgraded: &upgrades{next: s.Handler}}
	s.Handler = all.upgraded
	all.http = s.server(requests)
	all.listener = func(ln net.Listener) net.Listener { return strict(s.secure(all.http, ln), s.Early) }
	if s.Plain != nil && s.TLS == nil {
		all.plain = plainhttp.New(plainhttp.Config{
			Handler: s.Handler, Serves: s.Plain, Base: requests, Log: all.http.ErrorLog,
			HeadTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, BodyTimeout: readTimeout,
		})
	}
	return all
}

// server makes net/http's.
func (s Server) server(requests context.Context) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(s.UnencryptedHTTP2)
	return &http.Server{
		Handler:           &farewell{next: s.Handler, requests: requests},
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: pingAfter},
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnContext:       withConn,
		ErrorLog:          slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn),
	}
}

// serve serves until the listener breaks, or shutdown or close was called.
func (a *servers) serve(ln net.Listener) error {
	if a.plain != nil {
		ln = a.plain.Listener(ln)
	}
	return a.http.Serve(a.listener(ln))
}

// shutdown closes the listener and waits for requests in flight, at most for the limit or until hurry is
// closed.
func (a *servers) shutdown(limit time.Duration, hurry <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	done := make(chan struct{})
	defer close(done)
	wg.Go(func() {
		select {
		case <-hurry:
			cancel()
		case <-done:
		}
	})
	if a.plain != nil { // it gives connections away, and so is first
		a.plain.Stop()
	}
	if err := a.http.Shutdown(ctx); err != nil {
		return err
	}
	if a.plain != nil {
		if err := a.plain.Wait(ctx); err != nil {
			return err
		}
	}
	return a.upgraded.wait(ctx)
}

// close closes every connection.
func (a *servers) close() {
	_ = a.http.Close() // the listener, which may be closed already, is all that can fail
	if a.plain != nil {
		a.plain.Close()
	}
}
