package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Mixed load with clients that leave at random must leave nothing behind. It runs for
// SOAK (a duration such as 10m; default 5s).
func TestSoak(t *testing.T) {
	t.Parallel()
	length := 5 * time.Second
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	s := allInOne(t)
	soak(t, s, 2*time.Second) // pools and caches fill
	base := settled(t, s, nil)
	done := soak(t, s, length)
	after := settled(t, s, base)
	t.Logf("%d calls in %s, %d of them left by their clients; goroutines %.0f -> %.0f, files %.0f -> %.0f, memory %.1f -> %.1f MB",
		done.calls.Load(), length, done.left.Load(), base["go_goroutines"], after["go_goroutines"],
		base["process_open_fds"], after["process_open_fds"], base["process_resident_memory_bytes"]/1e6, after["process_resident_memory_bytes"]/1e6)
	if after["go_goroutines"] > base["go_goroutines"]+10 || after["process_open_fds"] > base["process_open_fds"]+10 {
		t.Error("goroutines or files were left behind")
	}
	if after["process_resident_memory_bytes"] > 1.5*base["process_resident_memory_bytes"]+64e6 {
		t.Error("memory did not come back")
	}
	if after["trunkline_calls_in_flight"] != 0 {
		t.Errorf("%.0f calls are still in flight", after["trunkline_calls_in_flight"])
	}
}

type soaked struct{ calls, left atomic.Int64 }

// soak sends calls of every kind from several clients for a while.
func soak(t *testing.T, s *stack, length time.Duration) *soaked {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	models := []string{"plain", "slow", "cut", "dead-first", "first-500", "first-before-token", "first-html", "first-keyword", "only-500", "too-long", "nonsense"}
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var done soaked
	var wg sync.WaitGroup
	for lane := range 8 {
		random := rand.New(rand.NewPCG(uint64(lane), 7))
		wg.Go(func() {
			for ctx.Err() == nil {
				done.calls.Add(1)
				if leave(ctx, client, s.api, models[random.IntN(len(models))], random) {
					done.left.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return &done
}

// leave makes one call; every other client goes away after a random while.
func leave(ctx context.Context, client *http.Client, api, model string, random *rand.Rand) (left bool) {
	patience := time.Minute
	if random.IntN(2) == 0 {
		patience = time.Duration(random.IntN(20)) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"hi"}]}`, model, random.IntN(2) == 0)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	resp, err := client.Do(req)
	if err != nil {
		return ctx.Err() != nil
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // cut streams are part of the load
	return ctx.Err() != nil
}

// settled reads the metrics until nothing is in flight and, given a base, until
// goroutines and files are near it; at the latest after some seconds it gives what is there.
func settled(t *testing.T, s *stack, base map[string]float64) map[string]float64 {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		now := metrics(t, s.all.Address("ops"))
		quiet := now["trunkline_calls_in_flight"] == 0 &&
			(base == nil || now["go_goroutines"] <= base["go_goroutines"]+10 && now["process_open_fds"] <= base["process_open_fds"]+10)
		if quiet || time.Now().After(deadline) {
			return now
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func metrics(t *testing.T, ops string) map[string]float64 {
	t.Helper()
	resp, err := http.Get(ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil {
			out[name] = v
		}
	}
	return out
}
