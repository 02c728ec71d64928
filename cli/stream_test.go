package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/cli/proc"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// tailClient is what protoc-gen-connect-go writes for a service with one stream.
type tailClient struct{ client *connect.Client }

func newTailClient(c *connect.Client) *tailClient { return &tailClient{c} }

func tailSpec() connect.Spec {
	return connect.Spec{StreamType: connect.StreamTypeServer, Procedure: "/test.TailService/Tail"}
}

func (c *tailClient) Tail(ctx context.Context, req *adminv1.GetCallRequest) (tailStream, error) {
	st, err := c.client.CallServerStream(ctx, tailSpec(), req)
	return tailStream{st}, err
}

type tailStream struct{ stream connect.ClientStream }

func (s tailStream) Receive() (*adminv1.Token, error) {
	var out adminv1.Token
	if err := s.stream.Receive(&out); err != nil {
		return nil, err
	}
	return &out, nil
}

func (s tailStream) Close() error { return s.stream.Close() }

// serveTail sends n tokens, or without end when n is 0, and says on ended how the call ended.
func serveTail(t *testing.T, n int) (url string, ended <-chan error) {
	t.Helper()
	done := make(chan error, 1)
	server := connect.NewServer()
	server.Register(connect.Method{Spec: tailSpec(), Handler: func(ctx context.Context, _ connect.Spec, st connect.ServerStream) error {
		var req adminv1.GetCallRequest
		if err := st.Receive(&req); err != nil {
			return err
		}
		for i := 1; n == 0 || i <= n; i++ {
			if err := st.Send(&adminv1.Token{Name: req.GetId() + "-" + strconv.Itoa(i)}); err != nil {
				break
			}
			if n == 0 && i == 3 {
				<-ctx.Done() // silent, as a tail of a quiet gateway is
			}
		}
		done <- ctx.Err()
		return nil
	}})
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL, done
}

// runTail runs `tails tail call` against url.
func runTail(ctx context.Context, url string, out io.Writer, args ...string) error {
	return runTailOf(ctx, url, out, "call", args...)
}

func runTailOf(ctx context.Context, url string, out io.Writer, id string, args ...string) error {
	runtime := cli.New(cli.Config{
		Env: &proc.Env{
			Stdin: strings.NewReader(""), Stdout: out, Stderr: io.Discard, Now: time.Now,
			LookupEnv: func(string) (string, bool) { return "", false },
		},
		Views: output.NewViews(),
		Verdict: func(event proto.Message) error {
			if name := event.(*adminv1.Token).GetName(); strings.HasPrefix(name, "bad-") {
				return exit.NotReachedf("%s is not what was wanted", name)
			}
			return nil
		},
	})
	cmd := runtime.Command(cli.Service{Use: "tails", Methods: []cli.Method{
		cli.ServerStream("tail", "Follow.", newTailClient, (*tailClient).Tail),
	}})
	runtime.BindGlobal(cmd)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{"tail", id, "--server", url}, args...))
	return cmd.ExecuteContext(ctx)
}

func TestServerStreamToItsEnd(t *testing.T) {
	t.Parallel()
	url, ended := serveTail(t, 2)
	var out bytes.Buffer
	if err := runTail(t.Context(), url, &out, "-o", "json"); err != nil {
		t.Fatal(err)
	}
	if want := "{\"name\":\"call-1\",\"last_four\":\"\",\"read_bodies\":false,\"role\":\"ROLE_UNSPECIFIED\",\"user\":\"\"}\n{\"name\":\"call-2\",\"last_four\":\"\",\"read_bodies\":false,\"role\":\"ROLE_UNSPECIFIED\",\"user\":\"\"}\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	<-ended
}

// The exit code is that of the first event that is not what was wanted; the others are shown all the same.
func TestAStreamIsJudgedByItsEvents(t *testing.T) {
	t.Parallel()
	url, ended := serveTail(t, 3)
	var out bytes.Buffer
	err := runTailOf(t.Context(), url, &out, "bad", "-o", "json")
	if exit.Code(err) != exit.NotReached || err.Error() != "bad-1 is not what was wanted" {
		t.Errorf("error is %v", err)
	}
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("%d events are shown: %s", n, out.String())
	}
	<-ended
}

// full is a pipe whose reader has gone.
type full struct{}

var errPipe = errors.New("broken pipe")

func (full) Write([]byte) (int, error) { return 0, errPipe }

// TestServerStreamAbandoned: a stream that is left early must end at the
// server too, neither hang the command nor live on.
func TestServerStreamAbandoned(t *testing.T) {
	t.Parallel()
	url, ended := serveTail(t, 0)
	if err := runTail(t.Context(), url, full{}); !errors.Is(err, errPipe) {
		t.Errorf("error is %v, want the broken pipe", err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the server still serves the stream")
	}
}

func TestServerStreamInterrupted(t *testing.T) {
	t.Parallel()
	url, ended := serveTail(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	var out syncWriter
	out.onWrite = cancel
	if err := runTail(ctx, url, &out); connect.CodeOf(err) != connect.CodeCanceled {
		t.Errorf("error is %v, want canceled", err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the server still serves the stream")
	}
}

// syncWriter calls onWrite on each write.
type syncWriter struct{ onWrite func() }

func (w *syncWriter) Write(b []byte) (int, error) {
	w.onWrite()
	return len(b), nil
}
