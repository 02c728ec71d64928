package fakeprovider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Ended says how an answer ended.
type Ended string

// The ends.
const (
	EndedRunning Ended = "running"     // not yet
	EndedSent    Ended = "sent"        // to its end, whatever its status
	EndedFault   Ended = "fault"       // cut or closed, as the model name asked
	EndedLeft    Ended = "client_left" // the client went away first
)

// Served is one request to a completion endpoint and how its answer ended.
type Served struct {
	Number     int           `json:"number"` // from 1, over the life of the Provider
	Host       string        `json:"host"`
	Method     string        `json:"method"`
	Path       string        `json:"path"`
	Query      string        `json:"query"` // of what is asked of a stored response
	Model      string        `json:"model"`
	Nth        int           `json:"nth"` // call of this model with this credential on this host, from 1
	Stream     bool          `json:"stream"`
	RequestID  string        `json:"request_id"` // the one we answered with
	AuthHash   string        `json:"auth_hash"`  // see AuthHash; empty without a credential
	Header     http.Header   `json:"header"`     // secret values are hashed
	Body       []byte        `json:"-"`          // the first bytes, see Config.MaxBody
	BodySize   int           `json:"body_size"`
	Status     int           `json:"status"` // 0 when no headers were sent
	BytesSent  int           `json:"bytes_sent"`
	EventsSent int           `json:"events_sent"`
	Ended      Ended         `json:"ended"`
	Start      time.Time     `json:"start"`
	Duration   time.Duration `json:"duration"` // in nanoseconds
}

// requestIDPrefix begins the ids that the upstream gives its answers.
const requestIDPrefix = "req_"

// AuthHash is how Served shows a secret: the first 12 hex digits of its SHA-256.
func AuthHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:6])
}

// ledger remembers what was served.
type ledger struct {
	max int // records kept

	mu      sync.Mutex
	number  int
	active  int
	idle    chan struct{} // closed when active falls to zero; nil while it is zero
	nth     map[string]int
	records []*Served
}

// begin writes a record down and gives it its numbers.
func (l *ledger) begin(s *Served) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := s.Host + "\x00" + s.AuthHash + "\x00" + s.Model
	l.nth[key]++
	l.number++
	s.Nth, s.Number, s.Ended = l.nth[key], l.number, EndedRunning
	s.RequestID = requestIDPrefix + requestID(s.Number, s.Start)
	if l.active++; l.idle == nil {
		l.idle = make(chan struct{})
	}
	if l.max <= 0 {
		return
	}
	if len(l.records) == l.max {
		l.records = slices.Delete(l.records, 0, max(1, l.max/10))
	}
	l.records = append(l.records, s)
}

// end completes a record.
func (l *ledger) end(s *Served, result Served) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Status, s.BytesSent, s.EventsSent = result.Status, result.BytesSent, result.EventsSent
	s.Ended, s.Duration = result.Ended, result.Duration
	if l.active--; l.active == 0 {
		close(l.idle)
		l.idle = nil
	}
}

func (l *ledger) list() []Served {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Served, len(l.records))
	for i, s := range l.records {
		out[i] = *s
	}
	return out
}

// reset forgets records and counts; the numbers go on.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = nil
	clear(l.nth)
}

// wait returns when no request is running.
func (l *ledger) wait(ctx context.Context) error {
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// credential gives the secret of a request.
func credential(h http.Header) string {
	if scheme, token, ok := strings.Cut(h.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return token
	}
	for _, name := range []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// hashSecrets copies headers with the values of secret ones hashed.
func hashSecrets(h http.Header) http.Header {
	out := h.Clone()
	for name, values := range out {
		lower := strings.ToLower(name)
		if !strings.Contains(lower, "auth") && !strings.Contains(lower, "key") && !strings.Contains(lower, "cookie") && !strings.Contains(lower, "token") {
			continue
		}
		for i, v := range values {
			values[i] = "sha256:" + AuthHash(v)
		}
	}
	return out
}
