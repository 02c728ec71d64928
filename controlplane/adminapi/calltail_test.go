package adminapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// follow follows calls until the context ends; what comes is on the channel, and then why it ended.
func (c *client) follow(t *testing.T, ctx context.Context, req *adminv1.TailCallsRequest) (<-chan *adminv1.TailCallsResponse, <-chan error) {
	t.Helper()
	stream, err := c.calls.TailCalls(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	came, ended := make(chan *adminv1.TailCallsResponse, 4096), make(chan error, 1)
	go func() {
		defer stream.Close()
		for {
			res, err := stream.Receive()
			if err != nil {
				ended <- err
				return
			}
			came <- res
		}
	}()
	return came, ended
}

// await gives the next answer.
func await(t *testing.T, came <-chan *adminv1.TailCallsResponse) *adminv1.TailCallsResponse {
	t.Helper()
	select {
	case res := <-came:
		return res
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		return nil
	}
}

func TestTailShowsWhatIsStored(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	e.insert(t, 3, func(_ int, call *nodev1.Call) { // before anyone follows
		call.Group, call.Attempts = "other", []*nodev1.Attempt{{Provider: "backup", Outcome: "ok"}}
	})
	e.clock.Advance(time.Second)
	all, _ := c.follow(t, t.Context(), &adminv1.TailCallsRequest{WithAttempts: true})
	some, _ := c.follow(t, t.Context(), &adminv1.TailCallsRequest{Filter: &adminv1.CallFilter{Group: "other", Provider: "backup"}})
	insert := func(from, n int, group, provider string) {
		calls := make([]*nodev1.Call, n)
		for i := range calls {
			calls[i] = &nodev1.Call{
				Id: callID(from + i), StartUs: callsBegin - int64(i)*1e6, Group: group, Outcome: "ok", Status: 200, Provider: "main",
				Attempts: []*nodev1.Attempt{{Provider: provider, Outcome: "rate_limited"}, {Provider: "main", Outcome: "ok"}},
			}
		}
		if _, _, err := e.backend.calls.InsertCalls(t.Context(), "node-1", calls); err != nil {
			t.Fatal(err)
		}
	}
	// The streams may begin after what is stored at once: the first one shows when they have.
	for i := 100; ; i++ {
		insert(i, 1, "other", "backup")
		e.clock.Advance(100 * time.Millisecond)
		if len(all) > 0 && len(some) > 0 || i == 700 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	e.clock.Advance(time.Second)
	insert(1000, 2, "pool", "backup")
	e.clock.Advance(time.Second)
	insert(2000, 1, "other", "backup")
	seen := map[string]int{}
	for {
		res := await(t, all)
		seen[res.GetCall().GetId()]++
		if len(res.GetCall().GetAttempts()) != 2 || res.GetSkipped() != 0 {
			t.Errorf("%v: want two attempts and nothing skipped", res)
		}
		if res.GetCall().GetId() == callID(2000) {
			break
		}
	}
	if seen[callID(1000)] != 1 || seen[callID(1001)] != 1 || seen[callID(0)] != 0 {
		t.Errorf("calls came so often: %v", seen)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("call %s came %d times", id, n)
		}
	}
	for {
		res := await(t, some)
		if res.GetCall().GetGroup() != "other" || len(res.GetCall().GetAttempts()) != 0 {
			t.Errorf("the filtered stream shows %v", res)
		}
		if res.GetCall().GetId() == callID(2000) {
			break
		}
	}
}

func TestTailSkipsWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	came, _ := c.follow(t, t.Context(), &adminv1.TailCallsRequest{})
	for i := 0; len(came) == 0; i++ { // until the stream has begun
		if _, _, err := e.backend.calls.InsertCalls(t.Context(), "n", []*nodev1.Call{{Id: fmt.Sprint("first-", i), StartUs: 1, Outcome: "ok"}}); err != nil {
			t.Fatal(err)
		}
		e.clock.Advance(time.Millisecond)
		time.Sleep(50 * time.Millisecond)
	}
	const n = 1700
	e.insert(t, n, nil)
	e.clock.Advance(time.Second)
	shown, skipped := 0, 0
	for shown+skipped < n {
		res := await(t, came)
		if strings.HasPrefix(res.GetCall().GetId(), "first-") {
			continue
		}
		shown, skipped = shown+1, skipped+int(res.GetSkipped())
	}
	if shown > 600 || skipped < 1000 {
		t.Errorf("%d calls were shown and %d skipped at once", shown, skipped)
	}
}

func TestTailsEnd(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, ended := admin.follow(t, ctx, &adminv1.TailCallsRequest{})
	cancel()
	if err := <-ended; connect.CodeOf(err) != connect.CodeCanceled {
		t.Errorf("a tail that was left ended with %v", err)
	}

	token := admin.bearer(t, "tail")
	_, drained := e.client(t, header{"Authorization": "Bearer " + token}).follow(t, t.Context(), &adminv1.TailCallsRequest{})
	e.api.EndStreams()
	e.api.EndStreams() // again does nothing
	if err := <-drained; !errors.Is(err, io.EOF) {
		t.Errorf("a tail of a server that drains ended with %v, want its end", err)
	}
}

// A token that is deleted takes its open streams along, within two seconds.
func TestATailEndsWithItsToken(t *testing.T) {
	t.Parallel()
	if adminapi.RecheckInterval > time.Second {
		t.Errorf("a stream looks every %s whether its caller may still have it", adminapi.RecheckInterval)
	}
	e := start(t)
	admin := e.admin(t)
	holder := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "tail")})
	_, ended := holder.follow(t, t.Context(), &adminv1.TailCallsRequest{})
	ok(admin.tokens.DeleteToken(t.Context(), &adminv1.DeleteTokenRequest{Name: "tail"}))(t)
	wantCode(t, <-ended, connect.CodeUnauthenticated)
}

// So does a stream that waits for somebody else, and sends nothing.
func TestASilentStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(func() { silent.CloseClientConnections(); silent.Close() })
	e := start(t)
	admin := e.admin(t)
	ok(admin.providers.CreateProvider(t.Context(), &adminv1.CreateProviderRequest{Provider: &adminv1.Provider{
		Name: "silent", BaseUrl: silent.URL + "/v1", AllowPrivateNetwork: true, Credentials: []*adminv1.Credential{{Name: "main", Secret: upstreamSecret}},
	}}))(t)
	holder := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "importer")})
	ended := make(chan error, 1)
	go func() {
		stream, err := holder.providers.FollowImportPreview(t.Context(), &adminv1.FollowImportPreviewRequest{Preview: &adminv1.PreviewImportRequest{Names: []string{"silent"}}})
		for err == nil {
			_, err = stream.Receive()
		}
		ended <- err
	}()
	<-asked
	ok(admin.tokens.DeleteToken(t.Context(), &adminv1.DeleteTokenRequest{Name: "importer"}))(t)
	wantCode(t, <-ended, connect.CodeUnauthenticated)
}

func TestTailsAreBounded(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 33)
	for range cap(failed) {
		_, ended := c.follow(t, ctx, &adminv1.TailCallsRequest{})
		go func() { failed <- <-ended }()
	}
	wantCode(t, <-failed, connect.CodeResourceExhausted)
	cancel()
	for range cap(failed) - 1 {
		wantCode(t, <-failed, connect.CodeCanceled)
	}
}
