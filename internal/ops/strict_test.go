package ops

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answers serves raw bytes and gives the status of each answer, one digit string each.
func answers(t *testing.T, plain func(string) bool, request string, piece int) (statuses []int, bodies []string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(body))
	})
	go func() {
		served <- Server{Handler: handler, Plain: plain, Logger: slog.New(slog.DiscardHandler), Drain: time.Second}.Serve(ctx, ln)
	}()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for rest := request; rest != ""; {
		n := min(piece, len(rest))
		if _, err := io.WriteString(conn, rest[:n]); err != nil {
			break // refused already
		}
		rest = rest[n:]
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil && !strings.Contains(err.Error(), "not connected") {
		t.Fatal(err)
	}
	for reader := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses, bodies
		}
		body, _ := io.ReadAll(resp.Body)
		statuses, bodies = append(statuses, resp.StatusCode), append(bodies, string(body))
	}
}

func TestHeadsThatCouldBeReadTwoWays(t *testing.T) {
	t.Parallel()
	const end = "\r\n\r\n"
	post := func(headers ...string) string {
		return "POST /a HTTP/1.1\r\nHost: x\r\n" + strings.Join(headers, "\r\n") + end
	}
	const chunks = "3\r\nabc\r\n5;ext=1\r\nPOST \r\n0\r\nTrailer: 1\r\n\r\n"
	const next = "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
	tests := []struct {
		name, request string
		want          []int
	}{
		{"a length", post("Content-Length: 3") + "abc" + next, []int{200, 200}},
		{"no body", post("X: y") + next, []int{200, 200}},
		{"chunks", post("Transfer-Encoding: chunked") + chunks + next, []int{200, 200}},
		{"chunks in capitals", post("TRANSFER-ENCODING: CHUNKED") + "A\r\n0123456789\r\n0\r\n\r\n" + next, []int{200, 200}},
		{"many on one connection", strings.Repeat(post("Content-Length: 3")+"abc"+next+post("Transfer-Encoding: chunked")+chunks, 3), []int{200, 200, 200, 200, 200, 200, 200, 200, 200}},
		{"values that look like headers", post("X: Transfer-Encoding: chunked", "Y: Content-Length: 5", "Content-Length: 3") + "abc" + next, []int{200, 200}},
		{"names that begin alike", post("Content-Length-Of-It: 5", "Transfer-Encodings: x", "X-Content-Length: 7", "Content-Length: 3") + "abc" + next, []int{200, 200}},
		{"a body that looks like a head", post("Content-Length: 45") + "\r\n\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n" + next, []int{200, 200}},

		{"length, then encoding", post("Content-Length: 3", "Transfer-Encoding: chunked") + chunks + next, []int{400}},
		{"encoding, then length", post("Transfer-Encoding: chunked", "content-length: 3") + chunks + next, []int{400}},
		{"in any case", post("cOnTeNt-LeNgTh: 3", "tRaNsFeR-eNcOdInG: chunked") + chunks + next, []int{400}},
		{"the same length twice", post("Content-Length: 3", "Content-Length: 3") + "abc" + next, []int{400}},
		{"encoding twice", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + chunks + next, []int{400}},
		{"folded", post("X: a", " b: c", "Content-Length: 3") + "abc" + next, []int{400}},
		{"folded with a tab", post("X: a", "\tb", "Content-Length: 3") + "abc" + next, []int{400}},
		{"a folded length", post("Content-Length:", " 3") + "abc" + next, []int{400}},
		{"fold before the first header", "GET / HTTP/1.1\r\n X: y\r\nHost: x" + end, []int{400}},
		{"in the second request", next + post("Content-Length: 3", "Transfer-Encoding: chunked") + chunks + next, []int{200, 400}},
		{"behind a body", post("Content-Length: 3") + "abc" + post("Content-Length: 3", "Transfer-Encoding: chunked") + chunks, []int{200, 400}},
		{"behind chunks", post("Transfer-Encoding: chunked") + chunks + post("Transfer-Encoding: chunked", "Content-Length: 3") + chunks, []int{200, 400}},
		{"bare line feeds", strings.ReplaceAll(post("Content-Length: 3", "Transfer-Encoding: chunked"), "\r\n", "\n") + chunks, []int{400}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for i := range 6 {
				piece, plain := []int{len(tt.request), 1, 7}[i/2], []func(string) bool{nil, func(string) bool { return true }}[i%2]
				got, bodies := answers(t, plain, tt.request, piece)
				if len(got) != len(tt.want) {
					t.Fatalf("in pieces of %d: answers %v, want %v: %q", piece, got, tt.want, bodies)
				}
				for i := range got {
					if got[i] != tt.want[i] {
						t.Errorf("in pieces of %d: answers %v, want %v: %q", piece, got, tt.want, bodies)
					}
				}
			}
		})
	}
}

// Following a connection must never lose its place: whatever the pieces, every byte of
// good requests arrives unchanged and the next head is found.
func TestHeadsAreFollowedInAnyPieces(t *testing.T) {
	t.Parallel()
	stream := "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello: w\r\n " +
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1a\r\n" + strings.Repeat("z\n", 13) + "\r\n0\r\n\r\n" +
		"GET /b HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n"
	whole := strings.Repeat(stream, 4)
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		var h heads
		var out []byte
		for rest := []byte(whole); len(rest) > 0; {
			n := min(1+random.IntN(40), len(rest))
			piece := append([]byte(nil), rest[:n]...)
			h.see(piece)
			out, rest = append(out, piece...), rest[n:]
		}
		if string(out) != whole {
			t.Fatalf("seed %d: bytes were changed", seed)
		}
		if h.first = (heads{}).first; h != (heads{}) {
			t.Fatalf("seed %d: lost its place: %+v", seed, h)
		}
	}
}

func FuzzHeads(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nffffffffffffffffff\r\n"))
	f.Add([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole heads
		first := append([]byte(nil), b...)
		whole.see(first)
		var pieces heads
		second := append([]byte(nil), b...)
		for i := range second {
			pieces.see(second[i : i+1])
		}
		if string(first) != string(second) || whole != pieces {
			t.Fatalf("pieces matter: %q and %q", first, second)
		}
	})
}

func TestHTTP2IsNotLookedInto(t *testing.T) {
	t.Parallel()
	var h heads
	preface := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n content-length: x\n y")
	want := string(preface)
	if h.see(preface); string(preface) != want || h.place != unseen {
		t.Errorf("%q at %v", preface, h.place)
	}
}
