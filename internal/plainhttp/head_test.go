package plainhttp

import (
	"bufio"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// like checks that what parse takes is what net/http reads, to the last byte.
func like(t *testing.T, raw string) {
	t.Helper()
	h, ok := parse(raw)
	if !ok {
		return
	}
	in := strings.NewReader(raw + strings.Repeat("b", int(min(h.length, 1<<16))))
	buffered := bufio.NewReaderSize(in, len(raw)+1<<17)
	r, err := http.ReadRequest(buffered)
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", raw, err)
	}
	if r.Method != h.method || r.RequestURI != h.target || r.Host != h.host || r.ContentLength != h.length || !reflect.DeepEqual(r.URL, h.url) ||
		r.Close || len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 || r.ProtoMajor != 1 || r.ProtoMinor != 1 {
		t.Errorf("%q: read as %+v, by net/http as %+v", raw, h, r)
	}
	if !reflect.DeepEqual(r.Header, h.header) {
		t.Errorf("%q: header %q, by net/http %q", raw, h.header, r.Header)
	}
	if n, err := io.Copy(io.Discard, r.Body); err != nil || n != min(h.length, 1<<16) && h.length < 1<<16 {
		t.Errorf("%q: a body of %d bytes, %v; want %d", raw, n, err, h.length)
	}
}

func TestHeadsThatAreServed(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /v1/chat/completions?a=b%20c&d HTTP/1.1\r\nHost: gateway.test:8080\r\nContent-Length: 12\r\nAuthorization: Bearer x\r\n\r\n",
		"POST /a%2fb;c?x?y HTTP/1.1\r\nhost: [::1]:80\r\ncontent-length: 0\r\nx-many: 1\r\nX-Many: 2\r\nX-many:\r\nX-Space: \t a b \t \r\n\r\n",
		"POST / HTTP/1.1\r\nX-Bytes: \xff\xc3\xa9\r\nHost: x\r\nConnection: KEEP-alive\r\nContent-Length: 00012\r\ncontent_length: 5\r\n\r\n",
		"POST /v1beta/models/a:generateContent HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nAccept-Encoding: gzip\r\nX-Stainless-Os: Linux\r\n\r\n",
	} {
		if _, ok := parse(raw); !ok {
			t.Errorf("%q is not served", raw)
		}
		like(t, raw)
	}
}

// What is not plainly one thing is net/http's to judge.
func TestHeadsThatAreNotServed(t *testing.T) {
	t.Parallel()
	const end = "\r\n\r\n"
	lines := func(lines ...string) string { return strings.Join(lines, "\r\n") + end }
	field := func(f string) string { return lines("POST / HTTP/1.1", "Host: x", "Content-Length: 3", f) }
	all := []string{
		"", end, "GET / HTTP/1.1" + end, "GET / HTTP/1.1\r\nHost: x", "GET / HTTP/1.1\r\nHost: x\r\n", lines("GET / HTTP/1.1", "Host: x") + "more",
		lines("GET / HTTP/1.0", "Host: x"), lines("GET / HTTP/2.0", "Host: x"), lines("GET / http/1.1", "Host: x"), lines("GET /", "Host: x"),
		lines("GET  / HTTP/1.1", "Host: x"), lines("GET / HTTP/1.1 ", "Host: x"), lines("GET /a b HTTP/1.1", "Host: x"), lines("GET\t/ HTTP/1.1", "Host: x"),
		lines("get / HTTP/1.1", "Host: x"), lines("HEAD / HTTP/1.1", "Host: x"), lines("PUT / HTTP/1.1", "Host: x", "Content-Length: 3"), lines("PRI * HTTP/2.0", "Host: x"),
		lines("GET * HTTP/1.1", "Host: x"), lines("GET http://x/ HTTP/1.1", "Host: x"), lines("GET //x/ HTTP/1.1", "Host: x"), lines("GET /%zz HTTP/1.1", "Host: x"),
		lines("GET /\xc3\xa9 HTTP/1.1", "Host: x"), lines("GET /\x7f HTTP/1.1", "Host: x"), lines("GET /a#b HTTP/1.1", "Host: x"), lines("GET x HTTP/1.1", "Host: x"),
		lines("GET / HTTP/1.1", "A: b"), lines("GET / HTTP/1.1", "Host:"), lines("GET / HTTP/1.1", "Host: a b"), lines("GET / HTTP/1.1", "Host: x", "Host: x"), lines("GET / HTTP/1.1", "Host: x,y"),
		lines("GET / HTTP/1.1", "Host: x", "Content-Length: 0"), lines("GET / HTTP/1.1", "Host: x", "Content-Length: 3"),
		lines("POST / HTTP/1.1", "Host: x"), lines("POST / HTTP/1.1", "Host: x", "Content-Length:"), lines("POST / HTTP/1.1", "Host: x", "Content-Length: +3"),
		lines("POST / HTTP/1.1", "Host: x", "Content-Length: -3"), lines("POST / HTTP/1.1", "Host: x", "Content-Length: 3, 3"), lines("POST / HTTP/1.1", "Host: x", "Content-Length: 0x3"),
		lines("POST / HTTP/1.1", "Host: x", "Content-Length: 3 3"), lines("POST / HTTP/1.1", "Host: x", "Content-Length: 9999999999999999"),
		field("Content-Length: 3"), field("content-LENGTH: 4"), field("Transfer-Encoding: chunked"), field("Transfer-Encoding: identity"), field("Transfer-Encoding:"), field("transfer-encoding: x"),
		field("Expect: 100-continue"), field("Upgrade: websocket"), field("Connection: close"), field("Connection: Upgrade"), field("Connection: keep-alive, Authorization"), field("Connection:"),
		field("Trailer: X"), field("TE: trailers"), field("HTTP2-Settings: x"), field("Pragma: no-cache"), field("Proxy-Connection: close"),
		field(" folded"), field("\tfolded"), field("A: b\r\n c"), field("A : b"), field("A\t: b"), field(": b"), field("A"), field("A(): b"), field("\xc3\xa9: b"), field("A\x00: b"),
		field("A: b\x00c"), field("A: b\rc"), field("A: b\r"), field("A: b\x7f"), field("A: b\x1b"), field("A: b\nC: d"), field("A: b\n"), field("\r"),
		"POST / HTTP/1.1\nHost: x\nContent-Length: 3\n\n", "POST / HTTP/1.1\nHost: x\r\nContent-Length: 3\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\nContent-Length: 3\r\n\r\n",
		lines(append([]string{"GET / HTTP/1.1", "Host: x"}, strings.Split(strings.Repeat("A: b,", maxFields)+"A: b", ",")...)...),
	}
	for _, raw := range all {
		if h, ok := parse(raw); ok {
			t.Errorf("%q is served: %+v", raw, h)
		}
	}
}

// Whatever is served is what net/http would have read: no other reading is possible.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /v1/x?y HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nA: b\r\na: c\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive\r\nX:\t\xff \r\n\r\n",
		"GET /%41?%zz HTTP/1.1\r\nHost: a_b\r\n c\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(like)
}

func TestWhereAHeadEnds(t *testing.T) {
	t.Parallel()
	const head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for n := range len(head) + 5 {
		b := []byte((head + "after")[:n])
		want := 0
		if n >= len(head) {
			want = len(head)
		}
		for searched := range min(n, len(head)-1) + 1 {
			if got := findHead(b, searched); got != want {
				t.Errorf("%d bytes, %d of them looked at before: %d, want %d", n, searched, got, want)
			}
		}
	}
}
