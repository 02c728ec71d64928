package cases

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// placeholder stands for the upstream's address in the files of a case.
const placeholder = "127.0.0.1:22001"

// upstream answers each request with the bytes of a file of the case.
type upstream struct {
	dir  string
	stop chan struct{}

	mu    sync.Mutex // guards the fields below
	count map[string]int
	saw   []string // method and path of each request
}

// serveUpstream serves the files in dir until the test ends, and puts its address into them.
func serveUpstream(t *testing.T, dir string) *upstream {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		switch filepath.Ext(f.Name()) {
		case ".yaml", ".json", ".raw":
			path := filepath.Join(dir, f.Name())
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte(placeholder), []byte(ln.Addr().String())), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	u := &upstream{dir: dir, stop: make(chan struct{}), count: map[string]int{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { u.serve(conn) })
		}
	})
	t.Cleanup(func() {
		close(u.stop)
		_ = ln.Close() // nobody is left to hear of it
		all.Wait()
	})
	return u
}

// requests are those that came behind the first n.
func (u *upstream) requests(n int) []any {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := []any{}
	for _, r := range u.saw[n:] {
		all = append(all, r)
	}
	return all
}

// serve answers the requests of one connection.
func (u *upstream) serve(conn net.Conn) {
	over := make(chan struct{})
	defer close(over)
	defer conn.Close()
	go func() {
		select {
		case <-u.stop:
			_ = conn.Close() // it ends the reading below
		case <-over:
		}
	}()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		raw := u.script(r, body)
		if !u.write(conn, raw) {
			return
		}
		head, _, _ := bytes.Cut(bytes.ToLower(raw), []byte("\r\n\r\n"))
		if !bytes.Contains(head, []byte("content-length")) && !bytes.Contains(head, []byte("chunked")) {
			return // the end of the connection is the end of the answer
		}
	}
}

var (
	model      = regexp.MustCompile(`"model"\s*:\s*"([^"]*)"`)
	notInNames = regexp.MustCompile(`[^A-Za-z0-9_.-]`)
	notInQuery = regexp.MustCompile(`[^A-Za-z0-9_.=-]`)
	pauses     = regexp.MustCompile(`\x00PAUSE ([0-9.]+)\x00`)
	fills      = regexp.MustCompile(`\x00FILL ([0-9]+) (.)\x00`)
)

// script is what the files say to a request.
func (u *upstream) script(r *http.Request, body []byte) []byte {
	name := notInNames.ReplaceAllString(strings.TrimLeft(r.URL.Path, "/"), "_")
	if m := model.FindSubmatch(body); m != nil {
		name = string(m[1])
	}
	u.mu.Lock()
	u.saw = append(u.saw, r.Method+" "+r.URL.Path)
	u.count[name]++
	n := u.count[name]
	u.mu.Unlock()
	var names []string
	for q := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if q != "" {
			names = append(names, name+"@"+notInQuery.ReplaceAllString(q, "_"))
		}
	}
	for _, file := range append(names, fmt.Sprintf("%s.%d", name, n), name) {
		raw, err := os.ReadFile(filepath.Join(u.dir, file+".raw"))
		if err == nil {
			return fill(raw)
		}
		if !errors.Is(err, os.ErrNotExist) {
			panic(err)
		}
	}
	return []byte("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
}

// fill writes out the fillings of a file.
func fill(raw []byte) []byte {
	return fills.ReplaceAllFunc(raw, func(found []byte) []byte {
		m := fills.FindSubmatch(found)
		n, _ := strconv.Atoi(string(m[1])) // digits
		return bytes.Repeat(m[2], n)
	})
}

// write sends an answer with its pauses; false means that the connection is over.
func (u *upstream) write(conn net.Conn, raw []byte) bool {
	for {
		at := pauses.FindSubmatchIndex(raw)
		if at == nil {
			_, err := conn.Write(raw)
			return err == nil
		}
		if _, err := conn.Write(raw[:at[0]]); err != nil {
			return false
		}
		seconds, _ := strconv.ParseFloat(string(raw[at[2]:at[3]]), 64)
		select {
		case <-time.After(time.Duration(seconds * float64(time.Second))):
		case <-u.stop:
			return false
		}
		raw = raw[at[1]:]
	}
}
