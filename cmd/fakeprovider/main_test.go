package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A call that stalls forever must not keep the process from ending.
func TestRunEndsCleanlyUnderAStalledCall(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "127.0.0.1:0", 1000, in) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Fields(line)[1]

	resp, err := http.Post(url+"/chat/completions", "application/json", strings.NewReader(`{"model":"stall-events-1","stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stop()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the stalled answer ended cleanly, want it cut")
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("run: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("run did not end")
	}
}

func TestRunSaysWhatItCouldNotListenOn(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), "127.0.0.1:notaport", 1000, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "notaport") {
		t.Errorf("error %v, want the address in it", err)
	}
}
