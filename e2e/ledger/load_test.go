package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// answer is what a client was answered, and when: a line of the ledger.
type answer struct {
	id       string // of the call
	upstream string // id under which the upstream served it
	node     int
	model    string
	usage    tokens
	at       time.Time
}

type tokens struct {
	Input   int64 `json:"prompt_tokens"`
	Output  int64 `json:"completion_tokens"`
	Details struct {
		Cached int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

// load sends calls to every node until it is ended, plain ones and streams.
type load struct {
	fleet *fleet
	wg    sync.WaitGroup
	end   func()

	count  atomic.Int64
	failed atomic.Int64 // refused or cut: only while a node is killed
	mu     sync.Mutex
	lines  []answer
}

// newLoad starts clients for each node. Their calls differ, but not from run to run.
func newLoad(t *testing.T, f *fleet, perNode int) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{fleet: f}
	l.end = sync.OnceFunc(func() { cancel(); l.wg.Wait() })
	for node := range f.nodes {
		for i := range perNode {
			l.wg.Go(func() { l.client(ctx, node, rand.New(rand.NewPCG(uint64(node), uint64(i)))) })
		}
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) client(ctx context.Context, node int, random *rand.Rand) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		// Calls are not cut by the end of the load: each is either answered or failed.
		a, err := call(client, l.fleet.apiOf(node), models[random.IntN(len(models))].name, random.IntN(2) == 0)
		if err != nil {
			l.failed.Add(1)
			l.fleet.failure(err)
			sleep(ctx, 5*time.Millisecond) // a killed server refuses at once
			continue
		}
		a.node = node
		l.mu.Lock()
		l.lines = append(l.lines, a)
		l.mu.Unlock()
		l.count.Add(1)
		sleep(ctx, l.fleet.pause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// more waits until n further calls were answered.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	target := l.count.Load() + n
	eventually(t, fmt.Sprintf("%d more calls are answered", n), func() bool { return l.count.Load() >= target })
}

// answers are all lines of the ledger.
func (l *load) answers() []answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]answer(nil), l.lines...)
}

// call makes one call and reads its answer to the end.
func call(client *http.Client, api, model string, stream bool) (answer, error) {
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hi"}]}`, model)
	if stream {
		body = strings.TrimSuffix(body, "}") + `,"stream":true,"stream_options":{"include_usage":true}}`
	}
	req, err := http.NewRequest(http.MethodPost, api+"/chat/completions", strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{id: resp.Header.Get("X-Request-Id"), upstream: resp.Header.Get("X-Upstream-Request-Id"), model: model}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body) // for the message
		return a, fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	var got struct {
		Usage *tokens `json:"usage"`
	}
	if !stream {
		err = json.NewDecoder(resp.Body).Decode(&got)
	} else {
		err = readStream(resp.Body, func(data []byte) error { return json.Unmarshal(data, &got) })
	}
	a.at = time.Now()
	switch {
	case err != nil:
		return a, err
	case got.Usage == nil || a.upstream == "" || a.id == "":
		return a, errors.New("an answer without usage or ids")
	}
	a.usage = *got.Usage
	return a, nil
}

// readStream wants a whole stream: with [DONE] at its end.
func readStream(r io.Reader, each func([]byte) error) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case !ok:
		case data == "[DONE]":
			return nil
		default:
			if err := each([]byte(data)); err != nil {
				return err
			}
		}
	}
	return errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}
