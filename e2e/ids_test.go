package e2e

import (
	"net/http"

	"github.com/openai/openai-go/v3/option"
)

// requestID notes the id under which Trunkline logs the next call.
func requestID(id *string) option.Middleware {
	return func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		resp, err := next(r)
		if resp != nil {
			*id = resp.Header.Get("X-Request-Id")
		}
		return resp, err
	}
}
