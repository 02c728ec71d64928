package ops

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// probeTimeout is for one check and the way there and back.
const probeTimeout = checkTimeout + 2*time.Second

// probeAnswer bounds how much of an answer is shown.
const probeAnswer = 4 << 10

// Probe asks the process whose ops listener has the address whether it is ready, as its
// healthcheck command does: images without a shell have nothing else to ask with. An address of
// all interfaces is asked on loopback. One that begins with https:// is asked over TLS, whatever its
// certificate says: it is this very machine.
func Probe(ctx context.Context, listen string) error {
	scheme := "http"
	if rest, ok := strings.CutPrefix(listen, "https://"); ok {
		scheme, listen = "https", rest
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("the ops address %q: %w", listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	// No proxy of the environment is between a process and itself.
	resp, err := (&http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}).RoundTrip(req)
	if err != nil {
		return fmt.Errorf("not reachable: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, probeAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
	}
	return nil
}
