package redis_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane/redis"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// write is what the tests ask of Redis: a script on one key.
var write = redis.NewScript(`return redis.call('INCR', KEYS[1])`)

func client(t *testing.T, url string, retry time.Duration) *redis.Client {
	t.Helper()
	c, err := redis.New(redis.Config{URL: url, Environment: "test", Logger: slog.New(slog.DiscardHandler), RetryEvery: retry})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.SelfTest("write", func(key string) redis.Call { return redis.Call{Script: write, Keys: []string{c.Key(key)}} })
	return c
}

// await connects until Redis is as wanted.
func await(t *testing.T, c *redis.Client, state string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		wait := c.Connect(t.Context())
		if c.State() == state {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("Redis is %s (%s), want %s", c.State(), c.Trouble(), state)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(wait):
		}
	}
}

func use(c *redis.Client, key string) error {
	return c.Use(context.Background(), time.Second, func(ctx context.Context) error {
		return c.Run(ctx, redis.Call{Script: write, Keys: []string{c.Key(key)}}).Err()
	})
}

// admin is a connection without rules.
func admin(t *testing.T, server *testenv.RedisServer) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Redis that is there and refuses the node is told apart from Redis that is not.
func TestRefusalsAreToldFromAbsence(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	root := admin(t, server)
	for _, rules := range [][]any{
		{"ACL", "SETUSER", "whole", "on", ">secret-pw", "~{trunkline:test}:*", "~{trunkline:test:*", "+ping", "+eval", "+evalsha", "+incr"},
		{"ACL", "SETUSER", "otherkeys", "on", ">secret-pw", "~app:*", "+@all"},
		{"ACL", "SETUSER", "noscripts", "on", ">secret-pw", "~*", "+ping"},
		{"ACL", "SETUSER", "nocommand", "on", ">secret-pw", "~*", "+ping", "+eval", "+evalsha"},
		{"ACL", "SETUSER", "off", "off", ">secret-pw", "~*", "+@all"},
	} {
		if err := root.Do(t.Context(), rules...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	at := "@" + server.Addr + "/0"
	for name, tt := range map[string]struct{ url, state, why string }{
		"allowed":              {"redis://whole:secret-pw" + at, "up", ""},
		"a wrong password":     {"redis://whole:wrong" + at, "denied", "WRONGPASS"},
		"nobody of that name":  {"redis://nobody:secret-pw" + at, "denied", "WRONGPASS"},
		"a user that is off":   {"redis://off:secret-pw" + at, "denied", "WRONGPASS"},
		"other keys":           {"redis://otherkeys:secret-pw" + at, "denied", "~{trunkline:test}:*"},
		"no scripts":           {"redis://noscripts:secret-pw" + at, "denied", "NOPERM"},
		"a command is missing": {"redis://nocommand:secret-pw" + at, "denied", "can't run this command"},
		"nobody there":         {"redis://whole:secret-pw@127.0.0.1:1/0", "down", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, tt.url, time.Hour)
			c.Connect(t.Context())
			if c.State() != tt.state || !strings.Contains(c.Trouble(), tt.why) {
				t.Errorf("Redis is %s (%s), want %s for %s", c.State(), c.Trouble(), tt.state, tt.why)
			}
			if strings.Contains(c.Trouble(), "secret-pw") {
				t.Errorf("the password is shown: %s", c.Trouble())
			}
			if (c.Trouble() == "") != (tt.state == "up") {
				t.Errorf("trouble %q while it is %s", c.Trouble(), tt.state)
			}
		})
	}
}

// A password that is changed at the server and in the file needs no restart.
func TestAPasswordThatChanges(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	root := admin(t, server)
	password := func(secret string) {
		t.Helper()
		if err := root.Do(t.Context(), "ACL", "SETUSER", "node", "on", "resetpass", ">"+secret, "~*", "+@all").Err(); err != nil {
			t.Fatal(err)
		}
	}
	password("first-pw")
	var url atomic.Pointer[string]
	hold := func(user string) { text := "redis://" + user + "@" + server.Addr + "/0"; url.Store(&text) }
	hold("node:first-pw")
	c, err := redis.New(redis.Config{
		URL: *url.Load(), Environment: "test", Logger: slog.New(slog.DiscardHandler), RetryEvery: 10 * time.Millisecond,
		Again: func() (string, error) { return *url.Load(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	await(t, c, "up")
	password("second-pw")
	if err := root.Do(t.Context(), "CLIENT", "KILL", "USER", "node").Err(); err != nil {
		t.Fatal(err)
	}
	for c.Up() {
		_ = use(c, "k")
	}
	await(t, c, "denied")
	hold("node:second-pw")
	await(t, c, "up")
	if err := use(c, "k"); err != nil {
		t.Error(err)
	}
}

// A server that asks for a password from a node that has none.
func TestAPasswordThatIsMissing(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	c := client(t, server.URL(), 10*time.Millisecond)
	await(t, c, "up")
	if err := admin(t, server).ConfigSet(t.Context(), "requirepass", "secret-pw").Err(); err != nil {
		t.Fatal(err)
	}
	root := goredis.NewClient(&goredis.Options{Addr: server.Addr, Password: "secret-pw"})
	t.Cleanup(func() { _ = root.Close() })
	if err := root.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	for c.Up() {
		_ = use(c, "k")
	}
	await(t, c, "denied")
	if !strings.Contains(c.Trouble(), "NOAUTH") {
		t.Errorf("trouble %q", c.Trouble())
	}
	if err := root.ConfigSet(t.Context(), "requirepass", "").Err(); err != nil {
		t.Fatal(err)
	}
	await(t, c, "up")
}

// One key that somebody else wrote concerns nobody but its own users.
func TestAWrongKeyIsNoOutage(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	c := client(t, server.URL(), time.Hour)
	await(t, c, "up")
	if err := admin(t, server).LPush(t.Context(), c.Key("wrong"), "x").Err(); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if err := use(c, "wrong"); !redis.KeyFault(err) {
			t.Fatalf("%v, want a fault of the key", err)
		}
	}
	if !c.Up() {
		t.Fatalf("Redis is %s after faults of one key: %s", c.State(), c.Trouble())
	}
	if err := use(c, "right"); err != nil {
		t.Error(err)
	}
	// In one round trip the fault hides nobody's answer, nor an answer the fault.
	var replies []*redis.Reply
	err := c.Use(t.Context(), time.Second, func(ctx context.Context) (err error) {
		replies, err = c.RunAll(ctx, []redis.Call{{Script: write, Keys: []string{c.Key("wrong")}}, {Script: write, Keys: []string{c.Key("right")}}})
		return err
	})
	if n, e := replies[1].Int64(); e != nil || n != 2 || !redis.KeyFault(err) || !redis.KeyFault(replies[0].Err()) {
		t.Errorf("replies %v and %v, %v", replies[0], replies[1], err)
	}
}

// A script that no server can run is found when Redis is connected, not later.
func TestFaultsOfTheServerAreNoFaultsOfAKey(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	c := client(t, server.URL(), time.Hour)
	await(t, c, "up")
	if err := admin(t, server).ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := use(c, "k"); err == nil || redis.KeyFault(err) || redis.Denied(err) {
			t.Fatalf("out of memory: %v", err)
		}
	}
	if c.Up() {
		t.Error("Redis counts as up although it takes nothing")
	}
}

// After an outage that left every connection dead without a word, the first try that can
// succeed does: however many connections there were.
func TestDeadConnectionsDoNotDelayTheReturn(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	road := newRoad(t, server.Addr)
	c := client(t, "redis://"+road.address+"/0", time.Nanosecond)
	await(t, c, "up")
	var wg sync.WaitGroup
	for range 8 { // as many connections as there may be
		wg.Go(func() {
			_ = c.Use(context.Background(), time.Second, func(ctx context.Context) error {
				return c.Run(ctx, redis.Call{Script: redis.NewScript(`local t = redis.call('TIME')[1] while redis.call('TIME')[1] - t < 0 do end return 1`)}).Err()
			})
		})
	}
	wg.Wait()
	road.swallow() // what is open gets no answer any more, and no end
	for c.Up() {
		if err := use(c, "k"); err == nil {
			t.Fatal("an answer over a dead connection")
		}
	}
	if wait := c.Connect(t.Context()); wait != 0 || !c.Up() {
		t.Errorf("the first try over a new connection left Redis %s: %s", c.State(), c.Trouble())
	}
	if err := use(c, "k"); err != nil {
		t.Error(err)
	}
}

func TestClosedClientsStayAway(t *testing.T) {
	t.Parallel()
	c := client(t, testenv.Redis(t).URL(), time.Hour)
	await(t, c, "up")
	c.Close()
	if err := use(c, "k"); !errors.Is(err, redis.ErrAway) {
		t.Errorf("%v, want away", err)
	}
}

// road passes connections on, until those that are open are swallowed.
type road struct {
	address, to string
	mu          sync.Mutex
	open        []net.Conn // guarded by mu; to the server
}

func newRoad(t *testing.T, to string) *road {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &road{address: lis.Addr().String(), to: to}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := lis.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", r.to)
			if err != nil {
				_ = in.Close()
				continue
			}
			r.mu.Lock()
			r.open = append(r.open, out)
			r.mu.Unlock()
			t.Cleanup(func() { _ = in.Close(); _ = out.Close() })
			wg.Go(func() { copyTo(out, in) })
			wg.Go(func() { copyTo(in, out) })
		}
	})
	t.Cleanup(func() { _ = lis.Close() })
	return r
}

// swallow cuts the far side of what is open; the near side is not told.
func (r *road) swallow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

// copyTo copies until one side ends, and tells the other nothing.
func copyTo(to, from net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
