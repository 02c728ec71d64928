package socket

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// A turn that panics leaves nothing behind: neither what is kept, nor its message, nor those that wait.
func TestATurnThatPanicsHoldsNothing(t *testing.T) {
	t.Parallel()
	begun, goOn, over := make(chan struct{}), make(chan struct{}), make(chan any, 1)
	sockets := New(Config{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(begun)
			<-goOn
			panic("a defect")
		}),
		Bodies:  &body.Limits{Max: 1 << 20, Window: time.Minute, Pool: new(buffer.Pool)},
		NewID:   func() string { return "1" },
		Revoked: func(*dataplane.APIKey) bool { return false },
		Idle:    time.Hour, Age: time.Hour, Ping: time.Hour, Slow: time.Minute,
	})
	held := new(atomic.Int64)
	share := body.NewBudget(16 << 20).Share(held)
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { over <- recover() }()
		sockets.Serve(w, r, &dataplane.APIKey{}, share)
	}))
	defer served.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, served.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	send := func(event string) {
		if err := conn.Write(ctx, websocket.MessageText, []byte(event)); err != nil {
			t.Fatal(err)
		}
	}
	send(`{"type":"response.create","model":"g","generate":false,"input":"kept"}`)
	for range 2 {
		if _, _, err := conn.Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	kept := held.Load()
	send(`{"type":"response.create","model":"g","input":"runs"}`)
	<-begun
	running := held.Load()
	send(`{"type":"response.create","model":"g","input":"waits"}`)
	conn.CloseRead(ctx)
	if err := conn.Ping(ctx); err != nil { // behind the message
		t.Fatal(err)
	}
	if waiting := held.Load(); kept <= 0 || running <= kept || waiting <= running {
		t.Errorf("%d, %d and %d bytes are held", kept, running, waiting)
	}
	close(goOn)
	if p := <-over; p != "a defect" {
		t.Errorf("it ended with %v", p)
	}
	if n := held.Load(); n != 0 {
		t.Errorf("%d bytes are held in the end", n)
	}
}
