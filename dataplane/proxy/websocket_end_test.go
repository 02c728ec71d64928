package proxy_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// held is an upstream that sends the beginning of each response and the rest when it is told to.
func held(t *testing.T) (up *turns, begun chan struct{}, goOn chan struct{}) {
	t.Helper()
	begun, goOn = make(chan struct{}, 10), make(chan struct{})
	up = newTurns(t, func(n int, w http.ResponseWriter, r *http.Request, body gjson.Result) {
		begin, end := turnEvents(n, body.Get("model").Str, false)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, begin)
		_ = http.NewResponseController(w).Flush()
		begun <- struct{}{}
		select {
		case <-goOn:
			_, _ = io.WriteString(w, end)
		case <-r.Context().Done():
		}
	})
	return up, begun, goOn
}

func TestAClientThatLeavesEndsItsTurn(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*client){
		"with a word":    func(c *client) { _ = c.conn.Close(websocket.StatusNormalClosure, "") },
		"without a word": func(c *client) { _ = c.conn.CloseNow() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up, begun, _ := held(t)
			r := socketRig(t, nil, nil, up)
			c := r.dial()
			c.send(firstTurn)
			<-begun
			c.next() // response.created
			leave(c)
			if call := r.call(); call.Outcome != dataplane.ClientClosed {
				t.Errorf("recorded %s", call.Outcome)
			}
			r.holdsNothing()
			eventually(t, "the connection is gone", func() bool { return r.proxy.Sockets() == 0 })
		})
	}
}

func TestDrainingEndsWebSocketsBehindTheirTurn(t *testing.T) {
	t.Parallel()
	up, begun, goOn := held(t)
	r := socketRig(t, nil, nil, up)
	idle, busy := r.dial(), r.dial()
	busy.send(firstTurn)
	<-begun
	r.proxy.Drain(true)
	idle.closes(websocket.StatusGoingAway)
	late := r.dial() // a load balancer has not heard of it yet
	close(goOn)
	if _, last := busy.rest(); last.Get("type").Str != "response.completed" {
		t.Errorf("the turn ended with %s", last.Raw)
	}
	busy.closes(websocket.StatusGoingAway)
	if _, last := late.turn(firstTurn); last.Get("type").Str != "response.completed" {
		t.Errorf("the late turn ended with %s", last.Raw)
	}
	late.closes(websocket.StatusGoingAway)
	r.proxy.Drain(false)
	again := r.dial()
	again.turn(firstTurn)
	again.turn(firstTurn)
}

func TestANodeThatStopsCutsTurnsWithAnError(t *testing.T) {
	t.Parallel()
	up, begun, _ := held(t)
	r := socketRig(t, nil, nil, up)
	c := r.dial()
	c.send(firstTurn)
	<-begun
	c.next()
	r.proxy.Drain(true)
	r.proxy.Engine().EndAll()
	events, last := c.rest()
	if last.Get("type").Str != "response.failed" || last.Get("response.error.code").Str != "gateway_draining" || events[len(events)-2].Get("type").Str != "error" {
		t.Errorf("the turn ended with %s", last.Raw)
	}
	c.closes(websocket.StatusGoingAway)
}

func TestARevokedKeyEndsItsWebSockets(t *testing.T) {
	t.Parallel()
	up, begun, _ := held(t)
	var overlay *dataplane.Snapshot
	r := socketRig(t, func(c *proxy.Config) {
		overlay = c.Snapshot()
		c.Snapshot = func() *dataplane.Snapshot { return overlay }
	}, nil, up)
	idle, busy := r.dial(), r.dial()
	busy.send(firstTurn)
	<-begun
	busy.next()
	*overlay = *overlay.WithRevoked(dataplane.RevokedKeys{dataplane.KeyHash(hashOf(clientKey)): true})
	r.proxy.EndRevoked()
	idle.closes(websocket.StatusPolicyViolation)
	if _, last := busy.rest(); last.Get("response.error.code").Str != "invalid_api_key" {
		t.Errorf("the turn ended with %s", last.Raw)
	}
	busy.closes(websocket.StatusPolicyViolation)
}

// A key that is no longer valid, though nobody has ended its streams, is seen by the next turn.
func TestEachTurnIsAuthenticated(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	var later atomic.Int64
	r := socketRig(t, func(c *proxy.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	}, func(s *nodev1.Snapshot) { s.ApiKeys[0].ExpireTime = timestamppb.New(time.Now().Add(time.Hour)) }, up)
	c := r.dial()
	c.turn(firstTurn)
	later.Store(int64(2 * time.Hour))
	_, last := c.turn(firstTurn)
	wantError(t, last, 401, "invalid_api_key")
	if n := len(up.all()); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
}

func TestWebSocketsHaveAnEnd(t *testing.T) {
	t.Parallel()
	t.Run("nothing is asked", func(t *testing.T) {
		t.Parallel()
		r := socketRig(t, func(c *proxy.Config) { c.SocketIdle = 50 * time.Millisecond }, nil, newTurns(t, nil))
		r.dial().closes(websocket.StatusGoingAway)
		r.holdsNothing()
	})
	t.Run("too old", func(t *testing.T) {
		t.Parallel()
		r := socketRig(t, func(c *proxy.Config) { c.SocketAge = time.Nanosecond }, nil, newTurns(t, nil))
		c := r.dial()
		_, last := c.turn(firstTurn)
		wantError(t, last, 400, "websocket_connection_limit_reached")
		c.closes(websocket.StatusGoingAway)
	})
	t.Run("no sign of life", func(t *testing.T) {
		t.Parallel()
		r := socketRig(t, func(c *proxy.Config) { c.SocketPing, c.SlowClient = 10*time.Millisecond, 100*time.Millisecond }, nil, newTurns(t, nil))
		r.dial() // and never reads, so it answers no ping
		eventually(t, "it is cut", func() bool { return r.proxy.Sockets() == 0 })
	})
	t.Run("signs of life", func(t *testing.T) {
		t.Parallel()
		up, begun, goOn := held(t)
		r := socketRig(t, func(c *proxy.Config) { c.SocketPing = time.Millisecond }, nil, up)
		c := r.dial()
		c.send(firstTurn)
		<-begun
		time.AfterFunc(100*time.Millisecond, func() { close(goOn) })
		if _, last := c.rest(); last.Get("type").Str != "response.completed" {
			t.Errorf("ends with %s", last.Raw)
		}
	})
	t.Run("too much is waiting", func(t *testing.T) {
		t.Parallel()
		up, begun, _ := held(t)
		r := socketRig(t, nil, nil, up)
		c := r.dial()
		c.send(firstTurn)
		<-begun
		for range 40 {
			if c.conn.Write(t.Context(), websocket.MessageText, []byte(firstTurn)) != nil {
				break
			}
		}
		_ = c.conn.CloseNow()
		r.holdsNothing()
	})
}

// A message that cannot be taken does not end the response before it, however long that takes: pongs
// are read all the same.
func TestARefusedMessageWaitsForTheTurn(t *testing.T) {
	t.Parallel()
	up, begun, goOn := held(t)
	r := socketRig(t, func(c *proxy.Config) {
		c.MaxBody, c.SocketPing, c.SlowClient = 4096, 5*time.Millisecond, 2*time.Second
	}, nil, up)
	pings := make(chan struct{})
	conn, _, err := websocket.Dial(t.Context(), r.url+"/v1/responses", &websocket.DialOptions{
		HTTPClient: r.served.Client(), HTTPHeader: http.Header{"Authorization": {"Bearer " + clientKey}},
		OnPingReceived: func(ctx context.Context, _ []byte) bool {
			select {
			case pings <- struct{}{}:
			default:
			}
			return true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	c := &client{t, conn}
	c.send(firstTurn)
	<-begun
	c.next()
	c.send(`{"type":"response.create","model":"g","store":false,"input":"` + strings.Repeat("x", 50000) + `"}`)
	go func() {
		defer close(goOn)
		for range 20 {
			select {
			case <-pings:
			case <-time.After(10 * time.Second):
				t.Error("no more pings come")
				return
			}
		}
	}()
	if _, last := c.rest(); last.Get("type").Str != "response.completed" {
		t.Errorf("the turn ends with %s", last.Raw)
	}
	_, last := c.rest()
	wantError(t, last, 413, "request_too_large")
	c.closes(websocket.StatusMessageTooBig)
	if call := r.call(); call.Outcome != dataplane.OK {
		t.Errorf("recorded %s", call.Outcome)
	}
	r.holdsNothing()
}

// A client that takes nothing is cut, and holds nothing.
func TestASlowReaderOfAWebSocketIsCut(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 1<<20)
	up := newTurns(t, func(_ int, w http.ResponseWriter, r *http.Request, _ gjson.Result) {
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			if _, err := fmt.Fprintf(w, "data: {\"type\":\"response.output_text.delta\",\"delta\":%q}\n\n", text); err != nil {
				return
			}
		}
	})
	r := socketRig(t, func(c *proxy.Config) { c.SlowClient = 200 * time.Millisecond }, nil, up)
	c := r.dial()
	c.send(firstTurn)
	if call := r.call(); call.Outcome != dataplane.SlowClient {
		t.Errorf("recorded %s", call.Outcome)
	}
	r.holdsNothing()
}

// A message that comes too slowly is not waited for.
func TestASlowWriterOfAWebSocketIsCut(t *testing.T) {
	t.Parallel()
	r := socketRig(t, func(c *proxy.Config) { c.BodyWindow = 100 * time.Millisecond }, nil, newTurns(t, nil))
	conn, err := net.Dial("tcp", r.served.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/responses HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", clientKey)
	_, _ = conn.Write([]byte{0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5}) // 4096 bytes are announced, one comes
	eventually(t, "it is served", func() bool { return r.proxy.Sockets() == 1 })
	eventually(t, "it is cut", func() bool { return r.proxy.Sockets() == 0 })
	r.holdsNothing()
}

// Limits hold for each turn, and their headers are in the error event.
func TestLimitsHoldForEachTurn(t *testing.T) {
	t.Parallel()
	r := newLimitedRigOf(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Websocket, s.ApiKeys[0].RequestsPerMinute = &nodev1.WebSocket{MaxConnectionsPerKey: 3}, 2
	}})
	c := r.dial()
	for range 2 {
		if _, last := c.turn(firstTurn); last.Get("type").Str != "response.completed" {
			t.Fatal(last.Raw)
		}
	}
	_, last := c.turn(firstTurn)
	wantError(t, last, 429, "rate_limit_exceeded")
	if h := last.Get("headers"); h.Get("retry-after").Int() < 1 || h.Get("x-ratelimit-limit-requests").Str != "2" {
		t.Errorf("headers %s", h.Raw)
	}
}

// Whatever providers do, a turn is one provider's whole response or ends with an error, and what the
// provider that answers is asked is the whole conversation that the client has seen.
func TestPropertyEachTurnFailsOverByItself(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 7))
			const many = 12
			plan := make([][3]int, many) // what each provider does in each turn
			for i := range plan {
				plan[i] = [3]int{rng.IntN(5), rng.IntN(5), rng.IntN(5)}
			}
			var ups []*turns
			var turn atomic.Int64 // turns run one at a time, and the client begins each
			for p := range 3 {
				ups = append(ups, newTurns(t, func(_ int, w http.ResponseWriter, _ *http.Request, body gjson.Result) {
					begin, end := turnEvents(int(100*turn.Load()), body.Get("model").Str, false)
					w.Header().Set("Content-Type", "text/event-stream")
					switch plan[turn.Load()][p] {
					case 0:
						w.WriteHeader(http.StatusServiceUnavailable)
						return
					case 1:
						panic(http.ErrAbortHandler)
					case 2: // behind the first text, where nobody else can go on
						_, _ = io.WriteString(w, begin)
						_ = http.NewResponseController(w).Flush()
						panic(http.ErrAbortHandler)
					}
					_, _ = io.WriteString(w, begin+end)
				}))
			}
			r := socketRig(t, nil, func(s *nodev1.Snapshot) {
				for _, m := range s.Groups[0].Members {
					m.Policy.FailureThreshold = 1000
				}
				for _, p := range s.Providers {
					p.Policy.FailureThreshold = 1000
				}
			}, ups...)
			c := r.dial()
			var said []string // the texts of the conversation so far
			previous := "null"
			for n := range many {
				turn.Store(int64(n))
				want, answers := -1, -1
				for p := range 3 {
					if what := plan[n][p]; what >= 2 {
						answers = p
						if what > 2 {
							want = p
						}
						break
					}
				}
				text := fmt.Sprintf("ask %d", n)
				events, last := c.turn(fmt.Sprintf(`{"type":"response.create","model":"g","store":false,"previous_response_id":%s,"input":%q}`, previous, text))
				for _, e := range events {
					if id := e.Get("response.id").Str; id != "" && answers >= 0 && !strings.HasPrefix(id, fmt.Sprintf("resp_m%d", answers+1)) {
						t.Fatalf("turn %d: an event of another provider: %s", n, e.Raw)
					}
				}
				if want < 0 {
					if typ := last.Get("type").Str; typ != "error" && typ != "response.failed" {
						t.Fatalf("turn %d ends with %s, want an error", n, last.Raw)
					}
					continue
				}
				if last.Get("type").Str != "response.completed" || last.Get("response.model").Str != "" {
					t.Fatalf("turn %d ends with %s", n, last.Raw)
				}
				var got []string
				for _, item := range ups[want].last(t).Get("input").Array() {
					if s := item.Get("content"); s.Type == gjson.String {
						got = append(got, s.Str)
					} else {
						got = append(got, s.Get("0.text").Str)
					}
				}
				asked := append(append([]string(nil), said...), text)
				if len(said) == 0 { // a string goes on as it came
					got = []string{ups[want].last(t).Get("input").Str}
				}
				if strings.Join(got, "|") != strings.Join(asked, "|") {
					t.Fatalf("turn %d: asked %q, want %q", n, got, asked)
				}
				said = append(asked, last.Get("response.output.0.content.0.text").Str)
				previous = fmt.Sprintf("%q", last.Get("response.id").Str)
			}
		})
	}
}

// The official SDK's own client for this.
func TestTheOfficialSDKOverAWebSocket(t *testing.T) {
	t.Parallel()
	up := newTurns(t, nil)
	r := socketRig(t, nil, nil, up)
	sdk := openai.NewClient(option.WithBaseURL(r.url+"/v1"), option.WithAPIKey(clientKey))
	conn, err := sdk.Responses.Connect(t.Context(), responses.ResponseConnectionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var previous string
	for i := range 3 {
		event := responses.ResponsesClientEventResponseCreateParam{
			Model: "g", Store: param.NewOpt(false),
			Input: responses.ResponsesClientEventResponseCreateInputUnionParam{OfString: param.NewOpt(fmt.Sprint("ask ", i))},
		}
		if previous != "" {
			event.PreviousResponseID = param.NewOpt(previous)
		}
		if err := conn.Create(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		for previous = ""; previous == ""; {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			got, err := conn.Recv(ctx)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if got.Type == "response.completed" {
				previous = got.AsResponseCompleted().Response.ID
			}
		}
	}
	if n := len(up.last(t).Get("input").Array()); n != 5 {
		t.Errorf("the last turn had %d items, want 5", n)
	}
}
