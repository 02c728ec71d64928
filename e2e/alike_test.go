package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// largestBody is what the programs of alike take.
const largestBody = 1 << 20

// alike are the addresses of an all-in-one and of a node with the same configuration.
func alike(t *testing.T) (all, node string) {
	t.Helper()
	s := newStack(t)
	env := []string{
		"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + testenv.Postgres(t), "TRUNKLINE_JOIN_TOKEN=" + joinToken,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
	}
	bounds := fmt.Sprint("TRUNKLINE_MAX_BODY_BYTES=", largestBody)
	s.all = programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", bounds},
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.plane = programs.Start(t, "trunkline-controlplane", env, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane",
		[]string{"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, bounds},
		"--listen", anyPort, "--ops-listen", anyPort, "--node", "node-1"))
	for _, s.admin = range []string{s.all.Address("console"), s.plane.Address("console")} {
		s.awaitNodes(1)
	}
	host := func(address string) string {
		return strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/v1")
	}
	return host(s.all.Address("console")), host(s.nodes[0].Address("api"))
}

// raw is a request as it is sent; its connection ends behind the answer.
func raw(method, target, body string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n", method, target)
	keyed := false
	for _, h := range headers {
		if keyed = keyed || strings.HasPrefix(h, "Authorization:"); h != "Authorization:" {
			b.WriteString(h + "\r\n")
		}
	}
	if !keyed {
		b.WriteString("Authorization: Bearer " + appKey + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return b.String() + "\r\n" + body
}

// talk sends bytes and reads all answers, as far as they are told apart by neither time nor chance.
func talk(t *testing.T, address, request string) (answers []string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatalf("the connection was closed while the client wrote: %v", err)
	}
	method, _, _ := strings.Cut(request, " ")
	for in := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return answers
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("%s: %v", resp.Status, err)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s length %d close %v %v\n", resp.Proto, resp.Status, min(resp.ContentLength, 0), resp.Close, resp.TransferEncoding)
		for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
			if name == "Date" || name == "X-Trunkline-Overhead-Ms" {
				resp.Header[name] = []string{"*"}
			}
			fmt.Fprintf(&b, "%s: %q\n", name, resp.Header[name])
		}
		answers = append(answers, chance.ReplaceAllString(b.String()+"\n"+string(body), "*"))
	}
}

// chance is what two answers to one question never share: ids, times and durations.
var chance = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|"created(?:_at)?":\s*(?:\d+|"[^"]*")|\b[a-z]+[-_][0-9a-zA-Z]{12,}`)

// A node and the all-in-one answer the same to the same bytes: what works, what is refused, and what is no request.
func TestNodeAndAllInOneAnswerAlike(t *testing.T) {
	t.Parallel()
	all, node := alike(t)
	const chat, said = "/v1/chat/completions", `{"model":"plain","messages":[{"role":"user","content":"hi"}]}`
	const stream = `{"model":"plain","stream":true,"messages":[{"role":"user","content":"hi"}]}`
	const gemini = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
	const claude = `{"model":"plain","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`
	requests := map[string]struct {
		request string
		status  string // of each answer
	}{
		"a chat":                     {raw("POST", chat, said), "200"},
		"a stream":                   {raw("POST", chat, stream), "200"},
		"messages":                   {raw("POST", "/v1/messages", claude, "x-api-key: "+appKey, "Authorization:", "anthropic-version: 2023-06-01"), "200"},
		"Gemini":                     {raw("POST", "/v1beta/models/plain:generateContent", gemini, "x-goog-api-key: "+appKey, "Authorization:"), "200"},
		"Gemini, key in the query":   {raw("POST", "/v1beta/models/plain:streamGenerateContent?alt=sse&key="+appKey, gemini, "Authorization:"), "200"},
		"Azure":                      {raw("POST", "/openai/deployments/plain/chat/completions?api-version=2025-01-01", said, "api-key: "+appKey, "Authorization:"), "200"},
		"models":                     {raw("GET", "/v1/models", ""), "200"},
		"models of Anthropic":        {raw("GET", "/v1/models?limit=2", "", "anthropic-version: 2023-06-01"), "200"},
		"models of Google":           {raw("GET", "/v1beta/models", ""), "200"},
		"head of models":             {raw("HEAD", "/v1/models", ""), "200"},
		"one model":                  {raw("GET", "/v1/models/plain", ""), "200"},
		"no such model":              {raw("GET", "/v1/models/nothing", ""), "404"},
		"a hidden model":             {raw("GET", "/v1/models/hidden", ""), "404"},
		"a failure":                  {raw("POST", chat, strings.Replace(said, "plain", "only-500", 1)), "503"},
		"a limit":                    {raw("POST", chat, strings.Replace(said, "plain", "only-429", 1)), "429"},
		"HTML":                       {raw("POST", chat, strings.Replace(said, "plain", "only-html", 1)), "502"},
		"too long":                   {raw("POST", chat, strings.Replace(said, "plain", "too-long", 1)), "400"},
		"no group":                   {raw("POST", chat, strings.Replace(said, "plain", "nothing", 1)), "404"},
		"not its group":              {raw("POST", chat, strings.Replace(said, "plain", "hidden", 1)), "404"},
		"not served by it":           {raw("POST", "/v1/messages", strings.Replace(claude, "plain", "nothing", 1)), "404"},
		"no key":                     {raw("POST", chat, said, "Authorization:"), "401"},
		"no key, Anthropic":          {raw("POST", "/v1/messages", claude, "Authorization:"), "401"},
		"no key, Google":             {raw("POST", "/v1beta/models/plain:generateContent", gemini, "Authorization:"), "401"},
		"a wrong key":                {raw("POST", chat, said, "Authorization: Bearer sk-nobody-0123456789"), "401"},
		"a key for somebody else":    {raw("POST", chat, said, "x-api-key: sk-another-0123456789"), "200"},
		"a password":                 {raw("POST", chat, said, "Authorization: Basic YTpi"), "401"},
		"two slashes":                {raw("POST", "//v1//chat/completions", said), "200"},
		"a slash behind":             {raw("POST", chat+"/", said), "200"},
		"the root":                   {raw("POST", "/chat/completions", said), "200"},
		"v1 twice":                   {raw("POST", "/v1/v1/chat/completions", said), ""},
		"dots":                       {raw("POST", "/v1/./chat/../chat/completions", said), ""},
		"dots to the admin API":      {raw("POST", "/v1/../api/trunkline.admin.v1.SessionService/WhoAmI", "{}"), ""},
		"an escaped letter":          {raw("POST", "/v1/%63hat/completions", said), ""},
		"an escaped slash":           {raw("POST", "/v1/chat%2Fcompletions", said), ""},
		"a broken escape":            {raw("POST", "/v1/chat%zz", said), "400"},
		"a NUL":                      {raw("POST", "/v1/chat%00", said), "404"},
		"a fragment":                 {raw("POST", chat+"#x", said), ""},
		"v1":                         {raw("GET", "/v1", ""), "404"},
		"v1 and a slash":             {raw("GET", "/v1/", ""), "404"},
		"nothing":                    {raw("POST", "/v1/nothing", said), "404"},
		"files":                      {raw("GET", "/v1/files", ""), "404"},
		"a stored response":          {raw("GET", "/v1/responses/resp_1", ""), "404"},
		"absolute":                   {raw("GET", "http://elsewhere/v1/models", ""), "200"},
		"read what is asked":         {raw("GET", chat, ""), "405"},
		"put":                        {raw("PUT", chat, said), "405"},
		"trace":                      {raw("TRACE", chat, ""), "405"},
		"a method of its own":        {raw("GRAB", chat, said), "405"},
		"a method in small letters":  {raw("post", chat, said), "405"},
		"before a browser's request": {raw("OPTIONS", chat, "", "Origin: https://app.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"), ""},
		"a browser's":                {raw("POST", chat, said, "Origin: https://app.example"), "200"},
		"a WebSocket, no handshake":  {raw("GET", "/v1/responses", "", "Connection: Upgrade", "Upgrade: websocket"), "400"},
		"no body":                    {raw("POST", chat, ""), "400"},
		"no JSON":                    {raw("POST", chat, "hello"), "400"},
		"half a body's JSON":         {raw("POST", chat, said[:20]), "400"},
		"an array":                   {raw("POST", chat, "["+said+"]"), "400"},
		"an unknown encoding":        {raw("POST", chat, said, "Content-Encoding: br"), "415"},
		"not what it is said to be":  {raw("POST", chat, said, "Content-Encoding: gzip"), "400"},
		"too large":                  {raw("POST", chat, `{"model":"plain","x":"`+strings.Repeat("a", largestBody)+`"}`), "413"},
		"too large, a wrong key":     {raw("POST", chat, strings.Repeat("a", 4*largestBody), "Authorization: Bearer sk-nobody-0123456789"), "401"},
		"underscores":                {raw("POST", chat, said, "X_Custom_Header: 1"), "200"},
		"many fields":                {raw("POST", chat, said, slices.Repeat([]string{"A: b"}, 110)...), "431"},
		"a large head":               {raw("POST", chat, said, "A: "+strings.Repeat("a", 40<<10)), "431"},
		"a larger head":              {raw("POST", chat, said, "A: "+strings.Repeat("a", 80<<10)), "431"},
		"a large path":               {raw("POST", "/v1/"+strings.Repeat("a", 40<<10), said), "431"},
		"a large head, Anthropic":    {raw("POST", "/v1/messages", said, "A: "+strings.Repeat("a", 40<<10)), "431"},
		"a large head, Google":       {raw("POST", "/v1beta/models/plain:generateContent", said, "A: "+strings.Repeat("a", 40<<10)), "431"},
		"a broken field":             {raw("POST", chat, said, "A : b"), "400"},
		"a control character":        {raw("POST", chat, said, "A: b\x01"), "400"},
		"a folded field":             {raw("POST", chat, said, "A: b\r\n c"), ""},
		"two lengths":                {raw("POST", chat, said, "Content-Length: 1"), "400"},
		"a length and chunks":        {raw("POST", chat, said, "Transfer-Encoding: chunked"), ""},
		"chunks of gzip":             {raw("POST", chat, "", "Transfer-Encoding: gzip, chunked"), "501"},
		"chunks that are none":       {raw("POST", chat, "", "Transfer-Encoding: chunked") + "zz\r\n", "400"},
		"no host":                    {"GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n", "400"},
		"two hosts":                  {raw("GET", "/v1/models", "", "Host: another"), "400"},
		"HTTP/1.0":                   {strings.Replace(raw("GET", "/v1/models", ""), "HTTP/1.1", "HTTP/1.0", 1), "200"},
		"HTTP/1.0, a stream":         {strings.Replace(raw("POST", chat, stream), "HTTP/1.1", "HTTP/1.0", 1), "200"},
		"HTTP/3.0":                   {strings.Replace(raw("GET", "/v1/models", ""), "HTTP/1.1", "HTTP/3.0", 1), "505"},
		"no HTTP":                    {"hello\r\n\r\n", "400"},
		"TLS":                        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		"a wish to go on":            {raw("POST", chat, said, "Expect: 100-continue"), ""},
		"another wish":               {raw("POST", chat, said, "Expect: 200-ok"), "417"},
		"two at once":                {strings.Replace(raw("POST", chat, said), "Connection: close\r\n", "", 1) + raw("GET", "/v1/nothing", ""), "200 404"},
	}
	for name, tt := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := talk(t, all, tt.request), talk(t, node, tt.request)
			if !slices.Equal(ours, theirs) {
				t.Errorf("the all-in-one answers\n%s\nand a node\n%s", strings.Join(ours, "\n--\n"), strings.Join(theirs, "\n--\n"))
			}
			var statuses []string
			for _, answer := range ours {
				status := strings.Fields(answer)[1]
				statuses = append(statuses, status)
				if status >= "4" && !strings.Contains(answer, `Content-Type: ["application/json"]`) {
					t.Errorf("a refusal is no JSON: %s", answer)
				}
			}
			if got := strings.Join(statuses, " "); len(ours) == 0 || tt.status != "" && got != tt.status {
				t.Errorf("answered with %q, want %q: %s", got, tt.status, ours)
			}
		})
	}
	t.Run("clients that write before they read", func(t *testing.T) {
		for where, address := range map[string]string{"all-in-one": all, "node": node} {
			for program, script := range map[string][]string{"node": {"refused.mjs"}, "python3": {"refused.py"}} {
				t.Run(program+" at the "+where, func(t *testing.T) {
					t.Parallel()
					writesFirst(t, program, script, address)
				})
			}
		}
	})
}

// writesFirst runs a client that sends all of a large body, which no buffer on the way holds, before it looks for the answer.
func writesFirst(t *testing.T, program string, args []string, address string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(program + " is missing")
		}
		t.Skip(program + " is missing")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = "sdk"
	cmd.Env = append(os.Environ(), "TRUNKLINE_URL=http://"+address, "TRUNKLINE_KEY="+appKey)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &trouble)
	}
	const want = "413 request_too_large\n413 request_too_large\n401 invalid_api_key\n401 invalid_api_key\n431 headers_too_large\n404 unknown_url\n"
	if out.String() != want {
		t.Errorf("seen was\n%s, want\n%s", &out, want)
	}
}
