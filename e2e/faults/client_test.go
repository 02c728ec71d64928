package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// client makes calls as an application does.
type client struct {
	http *http.Client
	urls []string // of the nodes; calls take turns
	key  string
}

func (f *fleet) client(t *testing.T, key string) *client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	c := &client{http: &http.Client{Transport: transport}, key: key}
	for _, n := range f.nodes {
		c.urls = append(c.urls, n.Address("api"))
	}
	return c
}

// answer is what a call came to.
type answer struct {
	status   int
	body     []byte
	err      error // of the connection
	attempts string
	provider string
	began    time.Time
	took     time.Duration
}

func (a answer) good() bool { return a.err == nil && a.status == http.StatusOK }

func (a answer) String() string {
	return fmt.Sprintf("status %d from %s after %s attempts (%v): %.300s", a.status, a.provider, a.attempts, a.err, a.body)
}

// ask makes a chat completion through the nth node.
func (c *client) ask(ctx context.Context, n int, model string, stream bool, header ...string) answer {
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"hi"}]}`, model, stream)
	return c.post(ctx, n, "/chat/completions", body, header...)
}

func (c *client) post(ctx context.Context, n int, path, body string, header ...string) (a answer) {
	a.began = time.Now()
	defer func() { a.took = time.Since(a.began) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.urls[n%len(c.urls)]+path, strings.NewReader(body))
	if err != nil {
		a.err = err
		return a
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		a.err = err
		return a
	}
	defer resp.Body.Close()
	a.status, a.attempts, a.provider = resp.StatusCode, resp.Header.Get("X-Trunkline-Attempts"), resp.Header.Get("X-Trunkline-Provider")
	a.body, a.err = io.ReadAll(resp.Body)
	if a.err == nil && a.status == http.StatusOK && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") && !bytes.Contains(a.body, []byte("data: [DONE]")) {
		a.err = fmt.Errorf("a stream without its end")
	}
	return a
}

// load is calls at a steady rate, whether or not those before have been answered.
type load struct {
	stop context.CancelFunc
	done chan struct{}
	wg   sync.WaitGroup

	mu      sync.Mutex
	answers []answer
}

// steadily begins rate calls a second, in turn through all nodes; every other call is a
// stream.
func (c *client) steadily(t *testing.T, rate int, model string) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		began := time.Now()
		for n := 0; ; n++ {
			due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(due)): // this is the rate itself
			}
			l.wg.Go(func() {
				a := c.ask(context.WithoutCancel(ctx), n, model, n%2 == 0)
				l.mu.Lock()
				defer l.mu.Unlock()
				l.answers = append(l.answers, a)
			})
		}
	}()
	t.Cleanup(func() { l.end() })
	return l
}

// end stops the load and gives what became of all of it.
func (l *load) end() []answer {
	l.stop()
	<-l.done
	l.wg.Wait()
	return l.answers
}

// answered is how many calls have their answer.
func (l *load) answered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.answers)
}

// more waits for n more answers.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	want := l.answered() + n
	eventually(t, "calls are answered", func() bool { return l.answered() >= want })
}

// quantile is the time within which a share of the answers came.
func quantile(all []answer, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	took := make([]time.Duration, len(all))
	for i, a := range all {
		took[i] = a.took
	}
	slices.Sort(took)
	return took[min(int(share*float64(len(took))), len(took)-1)].Round(10 * time.Microsecond)
}

// within gives the answers of calls that began in a span of time.
func within(all []answer, from, to time.Time) (some []answer) {
	for _, a := range all {
		if !a.began.Before(from) && a.began.Before(to) {
			some = append(some, a)
		}
	}
	return some
}
