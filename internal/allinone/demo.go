package allinone

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"text/tabwriter"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

//go:embed demo.yaml
var demoYAML []byte

const (
	demoKey  = "sk-demo-not-a-secret"
	demoWait = 20 * time.Second // for the node to be ready, and for a call to be logged
)

// demoConfig is the configuration that the demo runs on.
func demoConfig() ([]proto.Message, error) {
	return manifest.Read(bytes.NewReader(demoYAML), func(string) (string, bool) { return "", false })
}

// runDemo sends calls through the gateway as a client would, then shows from the call log
// what each of them went through. It uses nothing but the public APIs.
func runDemo(ctx context.Context, g *Gateway) error {
	base := "http://" + g.web.Addr().String()
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar}
	rpc := connect.NewClient(connecthttp.NewTransport(client, base))
	session := adminv1connect.NewSessionServiceClient(rpc)
	control := g.cfg.Control
	if _, err := session.Login(ctx, &adminv1.LoginRequest{Username: control.AdminUsername, Password: control.AdminPassword}); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if err := awaitReady(ctx, client, "http://"+g.opsWeb.Addr().String()+"/readyz"); err != nil {
		return err
	}
	calls := adminv1connect.NewCallServiceClient(rpc)
	for _, c := range []struct {
		model  string
		stream bool
	}{{"demo", false}, {"demo", false}, {"demo", true}, {"demo", false}, {"demo-stream", true}} {
		id, answer, err := demoCall(ctx, client, base, c.model, c.stream)
		if err != nil {
			return err
		}
		call, err := logged(ctx, calls, id)
		if err != nil {
			return err
		}
		printCall(g.cfg.Out, call, answer)
	}
	fmt.Fprintf(g.cfg.Out, `
Console  %s   (sign in as %s)
Try it   curl %s/v1/chat/completions -H 'Authorization: Bearer %s' \
           -H 'Content-Type: application/json' -d '{"model":"demo","messages":[{"role":"user","content":"hello"}]}'
Stop     Ctrl-C
`, base, control.AdminUsername, base, demoKey)
	<-ctx.Done()
	return nil
}

// awaitReady polls until the process says that it can serve.
func awaitReady(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, demoWait)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		resp, err := client.Do(r)
		if err != nil {
			return false, nil // not listening yet
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
}

// demoCall makes one call and returns its request id and what came back, shortened.
func demoCall(ctx context.Context, client *http.Client, base, model string, stream bool) (id, answer string, err error) {
	body, err := json.Marshal(map[string]any{
		"model": model, "stream": stream,
		"messages": []map[string]string{{"role": "user", "content": "Say hello."}},
	})
	if err != nil {
		return "", "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return "", "", err
	}
	r.Header.Set("Authorization", "Bearer "+demoKey)
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r)
	if err != nil {
		return "", "", fmt.Errorf("call %s: %w", model, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", "", fmt.Errorf("call %s: %w", model, err)
	}
	return resp.Header.Get("X-Request-Id"), fmt.Sprintf("%s, %d bytes, %s", resp.Status, len(text), resp.Header.Get("Content-Type")), nil
}

// logged waits until the call has arrived in the call log.
func logged(ctx context.Context, calls adminv1connect.CallServiceClient, id string) (call *adminv1.Call, err error) {
	ctx, cancel := context.WithTimeout(ctx, demoWait)
	defer cancel()
	err = poll(ctx, func() (bool, error) {
		resp, err := calls.GetCall(ctx, &adminv1.GetCallRequest{Id: id})
		if connect.CodeOf(err) == connect.CodeNotFound {
			return false, nil
		}
		call = resp.GetCall()
		return err == nil, err
	})
	return call, err
}

// poll asks every 50 ms until done or ctx ends.
func poll(ctx context.Context, done func() (bool, error)) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func printCall(w io.Writer, call *adminv1.Call, answer string) {
	kind := "plain"
	if call.GetStream() {
		kind = "stream"
	}
	fmt.Fprintf(w, "\ncall %s  model %s (%s)  ->  %s\n", call.GetId(), call.GetModel(), kind, answer)
	table := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	fmt.Fprintln(table, "  #\tprovider\tmodel\tstatus\toutcome\ttime\treason")
	for i, a := range call.GetAttempts() {
		fmt.Fprintf(table, "  %d\t%s\t%s\t%d\t%s\t%.1f ms\t%s\n", i+1, a.GetProvider(), a.GetModel(), a.GetStatus(),
			a.GetOutcome(), float64(a.GetDuration().AsDuration().Microseconds())/1000, a.GetReason())
	}
	_ = table.Flush() // a terminal that is gone has nobody to tell
	fmt.Fprintf(w, "  answered by %s, %d tokens in, %d out, %s USD\n", call.GetProvider(),
		call.GetUsage().GetInputTokens(), call.GetUsage().GetOutputTokens(), call.GetCost())
}
