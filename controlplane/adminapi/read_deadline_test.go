package adminapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// timed notes until when the body of its request may be read.
type timed struct {
	http.ResponseWriter
	until time.Time
}

func (w *timed) SetReadDeadline(t time.Time) error {
	w.until = t
	return nil
}

// No method waits without end for its request, a sign-in the least.
func TestEveryRequestMustArriveInTime(t *testing.T) {
	t.Parallel()
	handler := start(t).api.Handler(http.NotFoundHandler())
	for _, m := range methods(t) {
		most := 30 * time.Second
		switch m.Name() {
		case "Login":
			most = 10 * time.Second
		case "ApplyConfig", "DiffConfig":
			most = 2 * time.Minute
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+procedure(m), strings.NewReader("{}"))
		request.Header.Set("Content-Type", "application/json")
		w := &timed{ResponseWriter: httptest.NewRecorder()}
		begin := time.Now()
		handler.ServeHTTP(w, request)
		if w.until.Before(begin.Add(most)) || w.until.After(time.Now().Add(most)) {
			t.Errorf("%s may arrive until %s, want %s after its begin", m.Name(), w.until, most)
		}
	}
}
