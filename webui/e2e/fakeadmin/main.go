// Command fakeadmin serves the built console on an admin API with made-up data, so that
// the browser tests can look at every state: full, empty, failing, slow, down. A cookie
// named scenario picks the state, so tests need not share one.
//
// It is for the console's own tests only; e2e/ runs the console on the real thing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
	"github.com/trunkline-ai/trunkline/webui"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:4180", "address to serve on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr); err != nil {
		slog.Error("fakeadmin failed", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string) error {
	if !webui.Built() {
		return errors.New("the console is not built: run npm run build in webui first")
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	fmt.Printf("serving on http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func handler() http.Handler {
	server := connect.NewServer()
	adminv1connect.RegisterSessionServiceHandler(server, sessions{})
	adminv1connect.RegisterProviderServiceHandler(server, providers{})
	adminv1connect.RegisterGroupServiceHandler(server, groups{})
	adminv1connect.RegisterKeyServiceHandler(server, keys{})
	adminv1connect.RegisterNodeServiceHandler(server, nodes{})
	adminv1connect.RegisterCallServiceHandler(server, calls{})
	adminv1connect.RegisterSettingsServiceHandler(server, settings{})

	api := http.NewServeMux()
	connecthttp.Mount(api, server)

	console := webui.Handler()
	admin := withScenario(api)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/trunkline.") {
			admin.ServeHTTP(w, r)
			return
		}
		console.ServeHTTP(w, r)
	})
}

type scenarioKey struct{}

// scenario is the state the browser asked for; full unless it says otherwise.
func scenario(ctx context.Context) string {
	s, _ := ctx.Value(scenarioKey{}).(string)
	return s
}

func withScenario(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "full"
		if c, err := r.Cookie("scenario"); err == nil {
			name = c.Value
		}
		session := strings.Contains(r.URL.Path, "SessionService")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Request-Id", "0199e5c1-7d1e-7a52-9d0b-6f2d8c3b1a44")
		switch {
		case name == "down":
			http.Error(w, "no upstream", http.StatusServiceUnavailable)
			return
		case name == "slow" && !session:
			<-r.Context().Done()
			return
		case name == "fail" && !session:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"code":"internal","message":"internal error"}`))
			return
		}
		ctx := context.WithValue(r.Context(), scenarioKey{}, name)
		if c, err := r.Cookie("session"); err == nil && c.Value == "in" {
			ctx = context.WithValue(ctx, signedInKey{}, true)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
