package ops_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

// starter starts a server.
type starter func(*testing.T, ops.Server) *running

// onBoth runs a test with net/http alone, and with the leaner server before it.
func onBoth(t *testing.T, test func(*testing.T, starter)) {
	t.Helper()
	for name, plain := range map[string]func(string) bool{"net/http": nil, "plain": everything} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T, s ops.Server) *running {
				s.Plain = plain
				return start(t, s)
			})
		})
	}
}

func everything(string) bool { return true }

// behaviours are what handlers do, by the path of the request.
var behaviours = map[string]http.HandlerFunc{
	"/see": func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s path=%s query=%s host=%s proto=%s length=%d body=%q err=%v remote=%v\n", r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery,
			r.Host, r.Proto, r.ContentLength, body, err, strings.HasPrefix(r.RemoteAddr, "127.0.0.1:"))
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
		}
	},
	"/ignore":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ignored") },
	"/nothing": func(http.ResponseWriter, *http.Request) {},
	"/flush": func(w http.ResponseWriter, _ *http.Request) {
		for _, text := range []string{"a", "bb", "", "ccc"} {
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.WriteString(w, "end")
	},
	"/flushed-head": func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
	},
	"/declared": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", r.URL.Query().Get("n"))
		for _, part := range strings.Split(r.URL.Query().Get("write"), ",") {
			_, err := io.WriteString(w, part)
			if err != nil {
				w.Header().Set("Ignored", err.Error())
			}
		}
	},
	"/large": func(w http.ResponseWriter, r *http.Request) { // in pieces of a size
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		if r.URL.Query().Has("declared") {
			w.Header().Set("Content-Length", strconv.Itoa(n*size))
		}
		for i := range n {
			if _, err := w.Write(bytes.Repeat([]byte{byte('a' + i%26)}, size)); err != nil {
				return
			}
			if r.URL.Query().Has("flush") {
				_ = http.NewResponseController(w).Flush()
			}
		}
	},
	"/status": func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		w.Header().Set("X-Before", "1")
		w.WriteHeader(code)
		w.Header().Set("X-After", "1")
		w.WriteHeader(http.StatusTeapot)
		_, err := io.WriteString(w, "text")
		if (err != nil) != (code == 204 || code == 304) {
			panic(err)
		}
	},
	"/sized": func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(code)
	},
	"/close": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, "bye")
	},
	"/headers": func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Many"] = []string{"a", "b", ""}
		h["x-lower"] = []string{"as it is"}
		h["X-Split"] = []string{"a\r\nSet-Cookie: b", "\nc "}
		h["X Broken\r\nX-Smuggled: 1"] = []string{"d"}
		h["Transfer-Encoding"] = []string{"chunked"}
		h["Content-Length"] = nil
		h["X-Large"] = []string{strings.Repeat("l", 1<<10*len(r.URL.RawQuery))}
		_, _ = io.WriteString(w, "<html>")
	},
	"/undated": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "no date")
	},
	"/encoded": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "no type")
	},
	"/abort": func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		if r.URL.Query().Has("flush") {
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	},
	"/panic": func(http.ResponseWriter, *http.Request) { panic("a mistake") },
	"/late": func(w http.ResponseWriter, r *http.Request) { // answers, then takes the rest
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.Copy(io.Discard, r.Body)
	},
	"/closed-body": func(w http.ResponseWriter, r *http.Request) {
		one := make([]byte, 1)
		n, err := io.ReadFull(r.Body, one)
		_ = r.Body.Close()
		_, after := r.Body.Read(one)
		fmt.Fprint(w, n, err, after)
	},
}

func behave(w http.ResponseWriter, r *http.Request) {
	if do, known := behaviours[r.URL.Path]; known {
		do(w, r)
		return
	}
	http.NotFound(w, r)
}

// answersTo sends raw bytes in pieces, ends the sending, and gives every answer until the connection is
// closed: status, header, body, and how the body ended.
func answersTo(t *testing.T, r *running, request string, piece int) (all []string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for rest := request; rest != ""; {
			n := min(piece, len(rest))
			if _, err := io.WriteString(conn, rest[:n]); err != nil {
				return // it was refused already
			}
			rest = rest[n:]
		}
	}()
	for in := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			_ = conn.Close()
			<-sent
			return all
		}
		body, err := io.ReadAll(resp.Body)
		if errors.Is(err, syscall.ECONNRESET) { // for we went on sending
			if err = nil; resp.StatusCode < 400 {
				err = io.ErrUnexpectedEOF // as it is when all was read before
			}
		}
		if len(body) > 2000 { // up to where net/http finds the length out by itself
			if resp.TransferEncoding = nil; resp.ContentLength != 65000 && resp.ContentLength != 100_000 {
				resp.ContentLength = -1
				resp.Header.Del("Content-Length")
			}
		}
		var text strings.Builder
		fmt.Fprintf(&text, "%s %v close=%v length=%d", resp.Status, resp.TransferEncoding, resp.Close, resp.ContentLength)
		for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
			if name == "Date" {
				if _, err := http.ParseTime(resp.Header.Get(name)); err == nil {
					resp.Header[name] = []string{"valid"}
				}
			}
			fmt.Fprintf(&text, " %s=%q", name, resp.Header[name])
		}
		if len(body) > 2000 {
			body = fmt.Appendf(nil, "%d bytes, %x", len(body), hashOf(body))
		}
		fmt.Fprintf(&text, " %q %v", body, err)
		all = append(all, text.String())
	}
}

func hashOf(b []byte) (h uint64) {
	for _, c := range b {
		h = h*1099511628211 ^ uint64(c)
	}
	return h
}

// last is a request behind which every server closes the connection; it is answered if the connection
// was still open.
const last = "GET /see?last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

func postOf(path, body string, headers ...string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(headers, ""), "\r\n") + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func question(path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

// conversations are bytes that a client may send on one connection, with the statuses that both servers
// answer. All else of the answers must be alike too.
var conversations = []struct {
	name, bytes string
	want        []int
}{
	{"a call", postOf("/see", `{"a":1}`, "Content-Type: application/json", "Authorization: Bearer x"), []int{200, 200}},
	{"a question", question("/see?a=b&c=%20d"), []int{200, 200}},
	{"an empty body", postOf("/see", ""), []int{200, 200}},
	{"names in any case", postOf("/see", "x", "cONTENT-tYPE: a", "x-UPPER-lower: b", "ETag: c"), []int{200, 200}},
	{"one name often", postOf("/see", "x", "A: 1", "B: 2", "a: 3", "A:"), []int{200, 200}},
	{"space around values", postOf("/see", "x", "A:  \t b c \t", "B:d"), []int{200, 200}},
	{"bytes beyond ASCII in values", postOf("/see", "x", "A: h\xc3\xa9\xff"), []int{200, 200}},
	{"escaped paths", question("/s%65e") + question("/see/%2f..?x=%zz"), []int{200, 404, 200}},
	{"strange paths", question("/a//b/../c") + question("//see") + question("/see;a?b?c") + question("/a%00b"), []int{404, 404, 404, 404, 200}},
	{"a path that is none", question("/%zz"), []int{400}},
	{"keep-alive is said", postOf("/see", "x", "Connection: keep-alive") + question("/see", "connection: Keep-Alive"), []int{200, 200, 200}},
	{"close is asked for", question("/see", "Connection: close") + question("/see"), []int{200}},
	{"close among others", question("/see", "Connection: x, close") + question("/see"), []int{200}},
	{"pipelined", strings.Repeat(postOf("/see", "abc")+question("/ignore"), 20), append(slices.Repeat([]int{200}, 40), 200)},
	{"pipelined behind a large body", postOf("/see", strings.Repeat("b", 50_000)) + question("/ignore") + postOf("/see", strings.Repeat("c", 16_000)), []int{200, 200, 200, 200}},
	{"lines behind a body", postOf("/see", "abc") + "\r\n" + question("/ignore"), []int{200, 200, 200}},
	{"lines before all", "\r\n" + question("/ignore"), []int{400}},
	{"HTTP/1.0", "GET /see HTTP/1.0\r\n\r\n" + question("/see"), []int{200}},
	{"HTTP/1.0 that stays", "GET /ignore HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", []int{200, 200}},
	{"another version", "GET /see HTTP/1.2\r\nHost: x\r\n\r\n", []int{200, 200}},
	{"a version that is not spoken", "GET /see HTTP/3.0\r\nHost: x\r\n\r\n", []int{505}},
	{"no version", "GET /see\r\nHost: x\r\n\r\n", []int{400}},
	{"HEAD", "HEAD /see HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", []int{200}},
	{"other methods", "DELETE /see HTTP/1.1\r\nHost: x\r\n\r\n" + strings.Replace(postOf("/see", "x"), "POST", "PATCH", 1) + "post /see HTTP/1.1\r\nHost: x\r\n\r\n", []int{200, 200, 200, 200}},
	{"no method", " /see HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}},
	{"absolute target", question("http://elsewhere.test/see"), []int{200, 200}},
	{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", []int{200, 200}},
	{"authority", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", []int{404, 200}},
	{"no host", "GET /see HTTP/1.1\r\n\r\n", []int{400}},
	{"two hosts", question("/see", "Host: y"), []int{400}},
	{"an empty host", "GET /see HTTP/1.1\r\nHost:\r\n\r\n", []int{200, 200}},
	{"a bad host", "GET /see HTTP/1.1\r\nHost: a b\r\n\r\n", []int{400}},
	{"a host of IPv6", "GET /see HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", []int{200, 200}},
	{"chunks", "POST /see HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n", []int{200, 200}},
	{"bad chunks", "POST /see HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", []int{200}},
	{"a body without a length", "POST /see HTTP/1.1\r\nHost: x\r\n\r\n", []int{200, 200}},
	{"a question with a body", strings.Replace(postOf("/see", "abc"), "POST", "GET", 1), []int{200, 200}},
	{"length and chunks", postOf("/see", "0\r\n\r\n", "Transfer-Encoding: chunked"), []int{400}},
	{"two lengths", postOf("/see", "abc", "Content-Length: 3"), []int{400}},
	{"two lengths in one", postOf("/see", "abc", "Content-Length: 3, 3"), []int{400}},
	{"a signed length", "POST /see HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", []int{400}},
	{"a negative length", "POST /see HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc", []int{400}},
	{"a hexadecimal length", "POST /see HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc", []int{400}},
	{"a length with leading zeros", "POST /see HTTP/1.1\r\nHost: x\r\nContent-Length: 003\r\n\r\nabc", []int{200, 200}},
	{"a length beyond all bounds", "POST /see HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc", []int{400}},
	{"an empty length", "POST /see HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", []int{400}},
	{"encodings", "POST /see HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", []int{501}},
	{"a folded line", question("/see", "A: b\r\n c"), []int{400}},
	{"a folded line at first", "GET /see HTTP/1.1\r\n A: b\r\nHost: x\r\n\r\n", []int{400}},
	{"a space before the colon", question("/see", "A : b"), []int{400}},
	{"no colon", question("/see", "A"), []int{400}},
	{"no name", question("/see", ": b"), []int{400}},
	{"a name that is no token", question("/see", "A(b): c"), []int{400}},
	{"NUL in a value", question("/see", "A: b\x00c"), []int{400}},
	{"CR in a value", question("/see", "A: b\rB: c"), []int{400}},
	{"CR before LF twice", question("/see", "A: b\r"), []int{400}},
	{"bare LF", "GET /see HTTP/1.1\nHost: x\nA: b\n\n", []int{200, 200}},
	{"bare LF in between", question("/see", "A: b\nB: c"), []int{200, 200}},
	{"bare LF at the end", "GET /see HTTP/1.1\r\nHost: x\r\n\n", []int{200, 200}},
	{"spaces in the request line", "GET  /see HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}},
	{"a tab in the request line", "GET\t/see HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}},
	{"bytes beyond ASCII in the path", question("/s\xc3\xa9e"), []int{404, 200}},
	{"a fragment", question("/see#a"), []int{404, 200}},
	{"no HTTP", "\x16\x03\x01\x02\x00", []int{400}},
	{"many header lines", question("/see", slices.Repeat([]string{"A: b"}, 300)...), []int{200, 200}},
	{"a large head", question("/see", "A: "+strings.Repeat("a", 20_000)), []int{200, 200}},
	{"a head that is too large", question("/see", "A: "+strings.Repeat("a", 70_000)), []int{431}},
	{"a path that is too large", question("/" + strings.Repeat("a", 70_000)), []int{431}},
	{"a second head that is too large", question("/ignore") + question("/see", "A: "+strings.Repeat("a", 70_000)), []int{200, 431}},
	{"an expectation", postOf("/see", "abc", "Expect: 100-continue"), []int{100, 200, 200}},
	{"another expectation", postOf("/see", "abc", "Expect: else"), []int{417}},
	{"an expectation in the second request", question("/ignore") + postOf("/see", "abc", "Expect: 100-continue"), []int{200, 100, 200, 200}},
	{"an upgrade that nobody does", question("/see", "Connection: Upgrade", "Upgrade: websocket"), []int{200, 200}},
	{"caches", question("/see", "Pragma: no-cache"), []int{200, 200}},
	{"TE", question("/see", "TE: trailers"), []int{200, 200}},

	{"a body that is not read", postOf("/ignore", strings.Repeat("a", 100_000)), []int{200, 200}},
	{"a large body that is not read", postOf("/ignore", strings.Repeat("a", 300_000)), []int{200}},
	{"a body that is read late", postOf("/late", strings.Repeat("a", 300_000)), []int{413}},
	{"a body that is closed", postOf("/closed-body", "abc"), []int{200, 200}},
	{"no answer", question("/nothing") + postOf("/nothing", "abc"), []int{200, 200, 200}},
	{"flushes", question("/flush") + question("/flushed-head"), []int{200, 200, 200}},
	{"a declared length", question("/declared?n=5&write=he,llo"), []int{200, 200}},
	{"a declared length of nothing", question("/declared?n=0&write="), []int{200, 200}},
	{"more than declared", question("/declared?n=3&write=abc,def"), []int{200}},
	{"less than declared", question("/declared?n=10&write=abc"), []int{200}},
	{"a large answer at once", question("/large?n=1&size=100000"), []int{200, 200}},
	{"a large answer at once, declared", question("/large?n=1&size=100000&declared"), []int{200, 200}},
	{"a large answer in pieces", question("/large?n=5000&size=13"), []int{200, 200}},
	{"a large answer in pieces, declared", question("/large?n=5000&size=13&declared"), []int{200, 200}},
	{"an answer in large pieces", question("/large?n=5&size=17000&flush"), []int{200, 200}},
	{"an answer in pieces as large as the buffer", question("/large?n=3&size=16384&flush") + question("/large?n=3&size=16330&flush") + question("/large?n=3&size=16000"), []int{200, 200, 200, 200}},
	{"statuses", question("/status?code=200") + question("/status?code=404") + question("/status?code=299") + question("/status?code=799"), []int{200, 404, 299, 799, 200}},
	{"statuses without a body", question("/status?code=204") + question("/status?code=304"), []int{204, 304, 200}},
	{"a length without a body", question("/sized?code=204") + question("/sized?code=304"), []int{204, 304, 200}},
	{"a status that is none", question("/status?code=99"), nil},
	{"the answer closes", question("/close") + question("/see"), []int{200}},
	{"no date and no type", question("/undated") + question("/encoded"), []int{200, 200, 200}},
	{"an answer that is cut", question("/abort?flush") + question("/see"), []int{200}},
	{"an answer that is cut before it began", question("/abort") + question("/see"), nil},
	{"a panic", question("/ignore") + question("/panic") + question("/see"), []int{200}},
	{"odd header fields of an answer", question("/headers?"), []int{200, 200}},
	{"large header fields of an answer", question("/headers?aaaaa") + question("/headers?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), []int{200, 200, 200}},
}

// The two servers answer alike, byte for byte but for the order of header fields, however the bytes of the
// requests come in.
func TestBothServersAnswerAlike(t *testing.T) {
	t.Parallel()
	var both [2]*running
	for i, plain := range []func(string) bool{nil, everything} {
		both[i] = start(t, ops.Server{Handler: http.HandlerFunc(behave), Plain: plain})
	}
	for _, tt := range conversations {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			request := tt.bytes + last
			for _, piece := range []int{len(request), max(len(request)/5, 7), 1} {
				if piece == 1 && len(request) > 1000 {
					continue
				}
				want, got := answersTo(t, both[0], request, piece), answersTo(t, both[1], request, piece)
				if !slices.Equal(got, want) {
					t.Fatalf("in pieces of %d:\n%s\nwant what net/http answers\n%s", piece, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				var statuses []int
				for _, answer := range got {
					status, _ := strconv.Atoi(answer[:3])
					statuses = append(statuses, status)
				}
				if !slices.Equal(statuses, tt.want) {
					t.Errorf("in pieces of %d: statuses %v, want %v\n%s", piece, statuses, tt.want, strings.Join(got, "\n"))
				}
			}
		})
	}
}
