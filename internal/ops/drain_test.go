package ops_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

// Between the word to stop and the drain the server goes on as before.
func TestServeSettlesBeforeItDrains(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeSettlesBeforeItDrains)
}

func testServeSettlesBeforeItDrains(t *testing.T, start starter) {
	t.Helper()
	hurry, stopped := make(chan struct{}), make(chan struct{})
	drained := make(chan struct{})
	r := start(t, ops.Server{
		Settle: time.Hour, Hurry: hurry, OnStop: func() { close(stopped) }, OnDrain: func() { close(drained) },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") }),
	})
	r.stop()
	<-stopped
	res, err := r.client.Get(r.url)
	if err != nil {
		t.Fatalf("a request while the server settles: %v", err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "served" {
		t.Errorf("answered %q, %v", body, err)
	}
	_ = res.Body.Close()
	select {
	case <-drained:
		t.Error("drains at once")
	default:
	}
	close(hurry)
	<-drained
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// Who is in a hurry cuts what is in flight, which may say so to its clients first.
func TestServeInAHurryLetsAnswersEndWell(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeInAHurryLetsAnswersEndWell)
}

func testServeInAHurryLetsAnswersEndWell(t *testing.T, start starter) {
	t.Helper()
	hurry, cut := make(chan struct{}), make(chan struct{})
	r := start(t, ops.Server{
		Drain: time.Hour, Hurry: hurry, OnCut: func() { close(cut) },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "begun")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-cut:
				fmt.Fprintln(w, "cut")
			case <-r.Context().Done():
				fmt.Fprintln(w, "cancelled")
			}
		}),
	})
	body := r.open(t)
	r.stop()
	close(hurry)
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "cut\n" {
		t.Errorf("the stream ended with %q, %v; want it cut with a word", rest, err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// An answer that does not end when it is told is cancelled.
func TestServeCancelsWhatDoesNotEndWhenCut(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeCancelsWhatDoesNotEndWhenCut)
}

func testServeCancelsWhatDoesNotEndWhenCut(t *testing.T, start starter) {
	t.Helper()
	cuts := 0
	r := start(t, ops.Server{Handler: streamer(nil), Drain: 10 * time.Millisecond, OnCut: func() { cuts++ }})
	body := r.open(t)
	r.stop()
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "cancelled\n" {
		t.Errorf("the stream ended with %q, %v; want its request cancelled", rest, err)
	}
	if err := <-r.ended; err != nil || cuts != 1 {
		t.Errorf("Serve = %v, told %d times", err, cuts)
	}
}
