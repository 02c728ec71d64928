package send

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

const (
	headerBytes   = 16 << 10
	maxRetryAfter = time.Hour
)

// post sends JSON to a URL; nil when it is answered with 2xx.
func post(ctx context.Context, v via, url string, header http.Header, body []byte) error {
	transport := &http.Transport{
		DialContext: v.dial, TLSClientConfig: v.tls(), ForceAttemptHTTP2: true, DisableKeepAlives: true,
		MaxResponseHeaderBytes: headerBytes,
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return errors.New("no request") // without the URL, which may be a secret
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "trunkline")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode/100 == 2:
		return nil
	case res.StatusCode/100 == 3:
		return faultf("it redirects (%d), which is not followed", res.StatusCode)
	}
	fault := faultf("it answered %d", res.StatusCode)
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
		fault.RetryAfter = min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	return fault
}
