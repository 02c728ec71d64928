package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// What a client says, part of which looks like a secret.
const (
	bodyCanary = "canary-body-Qe4tU8wYb2Nz6"
	bodySecret = "sk-canary-spoken-Rm5vK9xCj3Hd7Lf1"
)

// TestCallsAreFollowedExportedAndTheirBodiesKept with trunklinectl, on both databases.
func TestCallsAreFollowedExportedAndTheirBodiesKept(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *stack{"all in one on SQLite": allInOne, "two nodes on PostgreSQL": distributed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.keepBodies("plain")
			tail := s.ctl("calls", "tail", "-o", "json", "--group", "plain")
			lines := tail.lines()
			first := s.awaitTail(lines)

			answers := map[string]string{}
			for _, stream := range []bool{false, true} {
				id, answer := s.say(stream)
				answers[id] = answer
			}
			s.say2("dead-first") // keeps no bodies, and is not followed
			followed := map[string]bool{}
			for !followed[first] || len(answers) > count(followed, answers) {
				followed[tail.next(lines).GetCall().GetId()] = true
			}
			s.wantBodies(answers)
			s.wantExport(append(keys(answers), first))
			s.wantNowhere()

			tail.end(syscall.SIGINT, 130, "trunklinectl: interrupted\n")
			drained := s.ctl("calls", "tail")
			s.awaitTail(drained.lines())
			s.deleteBodies(answers)
			s.stopPlane()
			drained.end(nil, 0, "")
			s.wantNowhere() // in the logs of the end, too
		})
	}
}

// keepBodies makes a group keep bodies and waits until every node knows.
func (s *stack) keepBodies(group string) {
	s.t.Helper()
	groups := adminv1connect.NewGroupServiceClient(s.rpc())
	got, err := groups.GetGroup(s.t.Context(), &adminv1.GetGroupRequest{Name: group})
	if err != nil {
		s.t.Fatal(err)
	}
	got.GetGroup().BodyLog = &adminv1.BodyLog{Enabled: true}
	if _, err := groups.UpdateGroup(s.t.Context(), &adminv1.UpdateGroupRequest{Group: got.GetGroup()}); err != nil {
		s.t.Fatal(err)
	}
	s.awaitNodes(max(1, len(s.nodes)))
}

// say asks the group that keeps bodies, and returns the call's id and the whole answer.
func (s *stack) say(stream bool) (id, answer string) {
	s.t.Helper()
	return s.post(fmt.Sprintf(`{"model":"plain","stream":%v,"messages":[{"role":"user","content":"%s, my key is %s"}]}`, stream, bodyCanary, bodySecret))
}

// say2 asks another group.
func (s *stack) say2(group string) {
	s.t.Helper()
	s.post(fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]}`, group, bodyCanary))
}

func (s *stack) post(body string) (id, answer string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, strings.TrimSuffix(s.api, "/v1")+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	whole, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("status %d, %v: %s", resp.StatusCode, err, whole)
	}
	return resp.Header.Get("X-Request-Id"), string(whole)
}

// wantBodies waits until the bodies are there, and reads them as the admin.
func (s *stack) wantBodies(answers map[string]string) {
	s.t.Helper()
	calls := adminv1connect.NewCallServiceClient(s.rpc())
	for id, answer := range answers {
		var got *adminv1.GetCallBodyResponse
		s.eventually("the body of "+id+" is stored", func(ctx context.Context) (ok bool) {
			res, err := calls.GetCallBody(ctx, &adminv1.GetCallBodyRequest{Id: id})
			got = res
			return err == nil
		})
		body := got.GetBody()
		if !strings.Contains(body.GetRequest(), bodyCanary+", my key is [redacted]") || strings.Contains(body.GetRequest(), bodySecret) {
			s.t.Errorf("kept of the request: %s", body.GetRequest())
		}
		if body.GetResponse() == "" || body.GetResponseTruncated() || len(body.GetResponse()) < len(answer)/2 || !body.GetRedacted() {
			s.t.Errorf("kept of the answer %q: %v", answer, body)
		}
		if h := fmt.Sprint(body.GetRequestHeaders()); !strings.Contains(h, "application/json") || !strings.Contains(h, "[redacted]") || strings.Contains(h, appKey) {
			s.t.Errorf("kept of the request's header: %s", h)
		}
		if h := fmt.Sprint(body.GetResponseHeaders()); !strings.Contains(h, id) {
			s.t.Errorf("kept of the answer's header: %s", h)
		}
		if left := time.Until(body.GetExpireTime().AsTime()); left < 6*24*time.Hour || left > 7*24*time.Hour {
			s.t.Errorf("the body is kept for %v, want about 7 days", left)
		}
		if len(got.GetReads()) != 1 || got.GetReads()[0].GetActor() != "user:admin" {
			s.t.Errorf("read by %v, want the admin alone", got.GetReads())
		}
	}
	for id, c := range s.callsStored() {
		if c.GetGroup() != "plain" {
			_, err := calls.GetCallBody(s.t.Context(), &adminv1.GetCallBodyRequest{Id: id})
			if connect.CodeOf(err) != connect.CodeNotFound {
				s.t.Errorf("the body of a call to %s: %v", c.GetGroup(), err)
			}
		}
	}
}

// wantExport exports with trunklinectl and looks for calls in the file.
func (s *stack) wantExport(ids []string) {
	s.t.Helper()
	out, err := s.ctl("calls", "export", "--format", "csv", "--group", "plain").output()
	if err != nil {
		s.t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		s.t.Fatalf("%v in\n%s", err, out)
	}
	exported := map[string]bool{}
	for _, row := range rows[1:] {
		exported[row[0]] = true
		if row[5] != "plain" || row[8] != "ok" {
			s.t.Errorf("exported %v, want calls to plain only", row)
		}
	}
	for _, id := range ids {
		if !exported[id] {
			s.t.Errorf("call %s is not in the export", id)
		}
	}
	out, err = s.ctl("calls", "export", "--format", "json-lines", "--max-calls", "1").output()
	if err != nil || bytes.Count(out, []byte("\n")) != 1 {
		s.t.Fatalf("%v, exported %q, want a line", err, out)
	}
	if err := protojson.Unmarshal(out, &adminv1.Call{}); err != nil {
		s.t.Error(err)
	}
}

// deleteBodies deletes those of the key with trunklinectl.
func (s *stack) deleteBodies(answers map[string]string) {
	s.t.Helper()
	out, err := s.ctl("calls", "delete-call-bodies", "--api-key", "app", "-o", "json").output()
	if err != nil || !bytes.Contains(out, []byte("deleted")) {
		s.t.Fatalf("delete bodies: %v, %s", err, out)
	}
	calls := adminv1connect.NewCallServiceClient(s.rpc())
	for id := range answers {
		if _, err := calls.GetCallBody(s.t.Context(), &adminv1.GetCallBodyRequest{Id: id}); connect.CodeOf(err) != connect.CodeNotFound {
			s.t.Errorf("after it was deleted, the body of %s: %v", id, err)
		}
	}
}

// stopPlane ends what serves the admin API as operators do.
func (s *stack) stopPlane() {
	s.t.Helper()
	if s.all != nil {
		s.all.Stop()
		return
	}
	s.plane.Stop()
}

// wantNowhere looks for what clients said in logs, in the files of every process and in
// the database.
func (s *stack) wantNowhere() {
	s.t.Helper()
	look := func(where string, b []byte) {
		for _, canary := range []string{bodyCanary, bodySecret} {
			if bytes.Contains(b, []byte(canary)) {
				s.t.Errorf("%s holds %s in clear", where, canary)
			}
		}
	}
	for _, p := range append([]*program.Process{s.all, s.plane}, s.nodes...) {
		if p == nil {
			continue
		}
		look("the log of "+p.Name, []byte(p.Log()))
		err := filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // a file that goes away holds nothing
			}
			if b, err := os.ReadFile(path); err == nil {
				look(path, b)
			}
			return nil
		})
		if err != nil {
			s.t.Error(err)
		}
		for _, e := range p.Env {
			if url, ok := strings.CutPrefix(e, "DATABASE_URL="); ok {
				s.wantNotInPostgres(url)
			}
		}
	}
}

// wantNotInPostgres looks at each row of each table as text, and at binary columns as they are.
func (s *stack) wantNotInPostgres(url string) {
	s.t.Helper()
	ctx := s.t.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT quote_ident(table_name), quote_ident(column_name), data_type FROM information_schema.columns WHERE table_schema = 'public'`)
	if err != nil {
		s.t.Fatal(err)
	}
	type column struct{ Table, Name, Type string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil || len(columns) < 50 {
		s.t.Fatalf("%d columns: %v", len(columns), err)
	}
	for _, c := range columns {
		for _, canary := range []string{bodyCanary, bodySecret} {
			test := c.Name + `::text LIKE '%` + canary + `%'`
			if c.Type == "bytea" {
				test = `position(convert_to('` + canary + `', 'UTF8') IN ` + c.Name + `) > 0`
			}
			var n int
			if err := conn.QueryRow(ctx, `SELECT count(*) FROM `+c.Table+` WHERE `+test).Scan(&n); err != nil || n > 0 {
				s.t.Errorf("%s.%s holds %s in %d rows: %v", c.Table, c.Name, canary, n, err)
			}
		}
	}
}

// command is a trunklinectl that runs.
type command struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// ctl makes a command that signs in with a token of its own.
func (s *stack) ctl(args ...string) *command {
	s.t.Helper()
	tokens := adminv1connect.NewTokenServiceClient(s.rpc())
	made, err := tokens.CreateToken(s.t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: fmt.Sprint("ctl-", time.Now().UnixNano()), Role: adminv1.Role_ROLE_OWNER}})
	if err != nil {
		s.t.Fatal(err)
	}
	c := &command{t: s.t, cmd: exec.Command(programs.Path(s.t, "trunklinectl"), args...)}
	c.cmd.Env = []string{"HOME=" + s.t.TempDir(), "TRUNKLINE_SERVER=" + s.admin, "TRUNKLINE_TOKEN=" + made.GetSecret()}
	c.cmd.Stderr = &c.stderr
	return c
}

func (c *command) output() ([]byte, error) {
	out, err := c.cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%w: %s", err, c.stderr.String())
	}
	return out, nil
}

// lines starts the command; what it prints is on the channel, a line each.
func (c *command) lines() <-chan string {
	c.t.Helper()
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = c.cmd.Process.Kill() }) // it may have ended
	lines := make(chan string, 10_000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// next is the next call of a tail that prints JSON.
func (c *command) next(lines <-chan string) *adminv1.TailCallsResponse {
	c.t.Helper()
	select {
	case line, open := <-lines:
		var res adminv1.TailCallsResponse
		if err := protojson.Unmarshal([]byte(line), &res); err != nil || !open {
			c.t.Fatalf("%v in %q; %s", err, line, c.stderr.String())
		}
		return &res
	case <-time.After(patience):
		c.t.Fatal("the tail shows nothing")
		return nil
	}
}

// awaitTail calls until a tail shows one, and returns the id of the last call.
func (s *stack) awaitTail(lines <-chan string) (id string) {
	s.t.Helper()
	s.eventually("the tail shows calls", func(context.Context) bool {
		id, _ = s.say(false)
		return len(lines) > 0
	})
	return id
}

// end sends a signal, unless it is nil, and wants an exit code and what is said on stderr.
func (c *command) end(signal os.Signal, code int, said string) {
	c.t.Helper()
	if signal != nil {
		if err := c.cmd.Process.Signal(signal); err != nil {
			c.t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() { done <- c.cmd.Wait() }()
	select {
	case err := <-done:
		got := 0
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			got = failed.ExitCode()
		}
		if got != code || c.stderr.String() != said {
			c.t.Errorf("%v ended with %v and said %q, want code %d and %q", c.cmd.Args, err, c.stderr.String(), code, said)
		}
	case <-time.After(patience):
		c.t.Errorf("%v does not end", c.cmd.Args)
	}
}

func count(seen map[string]bool, of map[string]string) (n int) {
	for id := range of {
		if seen[id] {
			n++
		}
	}
	return n
}

func keys(m map[string]string) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
