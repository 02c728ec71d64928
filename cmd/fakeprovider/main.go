// Command fakeprovider serves the scripted OpenAI-compatible upstream of
// internal/fakeprovider: the model name chooses what happens. GET / explains.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/version"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8089", "address to serve on; port 0 picks a free one")
	remember := flag.Int("remember", 1000, "requests that GET /_served tells of")
	about := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *about {
		fmt.Println("fakeprovider", version.String())
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *remember, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fakeprovider:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends; answers that still wait or stall are then cut short.
func run(ctx context.Context, listen string, remember int, out io.Writer) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler:           fakeprovider.New(fakeprovider.Config{MaxServed: remember}),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	fmt.Fprintf(out, "fakeprovider: http://%s/v1 (GET / lists the models)\n", l.Addr())
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("shut down: %w", errors.Join(err, server.Close()))
	}
	<-served
	return nil
}
