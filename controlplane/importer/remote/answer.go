package remote

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// read gives the body of a 200 as JSON text, bounded, of at most most bytes.
func read(ctx context.Context, res *http.Response, most int64) ([]byte, error) {
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if media == "text/html" || media == "application/xhtml+xml" {
		return nil, notAPI
	}
	var from io.Reader = res.Body
	switch encoding := strings.ToLower(res.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		inflated, err := gzip.NewReader(res.Body)
		if err != nil {
			return nil, fault(kindAnswer, "its answer says that it is gzip and is not")
		}
		from = inflated
	default:
		return nil, fault(kindAnswer, "its answer is compressed in a way that was not asked for")
	}
	data, err := io.ReadAll(io.LimitReader(from, most+1))
	switch {
	case err != nil:
		return nil, explain(ctx, err)
	case int64(len(data)) > most:
		return nil, fault(kindAnswer, fmt.Sprintf("it answers with more than %d MiB", answerBytes>>20))
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")) {
		return nil, notAPI
	}
	if !json.Valid(data) {
		return nil, fault(kindAnswer, "its answer is not JSON, or was cut short")
	}
	return data, nil
}

var notAPI = fault(kindAnswer, "it answers with a web page rather than JSON; is base_url that of the API?")
