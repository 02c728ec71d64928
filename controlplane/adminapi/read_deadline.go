package adminapi

import (
	"net/http"
	"time"

	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// How long the body of a request may take to arrive.
const (
	readTime      = 30 * time.Second
	readTimeLogin = 10 * time.Second // strangers may send it
	readTimeApply = 2 * time.Minute  // 64 MiB at 4.5 Mbit/s
)

// readingWithin bounds how long a procedure waits for its request. The deadline ends with the body:
// streams of answers may be long.
func readingWithin(procedure string, next http.Handler) http.Handler {
	limit := readTime
	switch procedure {
	case adminv1connect.SessionServiceLoginProcedure:
		limit = readTimeLogin
	case adminv1connect.ConfigServiceApplyConfigProcedure, adminv1connect.ConfigServiceDiffConfigProcedure:
		limit = readTimeApply
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(limit)) // in-memory servers have no deadlines
		}
		next.ServeHTTP(w, r)
	})
}
