package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	password = "check-pass-1"
	anyPort  = "127.0.0.1:0"
)

// gateway is a fresh all-in-one.
type gateway struct {
	t       *testing.T
	process *program.Process
	dir     string // of the case
	url     string
	token   string
	http    *http.Client
}

// startGateway starts one with the configuration in dir and waits until it serves it.
func startGateway(ctx context.Context, t *testing.T, dir string, s start) *gateway {
	t.Helper()
	env := []string{"ADMIN_PASSWORD=" + password}
	for name, value := range s.Env {
		env = append(env, name+"="+value)
	}
	args := []string{"--listen", anyPort, "--ops-listen", anyPort, "--apply", filepath.Join(dir, "config.yaml")}
	for _, arg := range s.Args {
		if path := filepath.Join(dir, arg); exists(path) {
			arg = path // the process runs elsewhere
		}
		args = append(args, arg)
	}
	g := &gateway{t: t, dir: dir, http: &http.Client{Transport: &http.Transport{}}}
	g.process = programs.Start(t, "trunkline", env, args...)
	t.Cleanup(g.http.CloseIdleConnections)
	g.url = g.process.Address("console")
	g.poll(ctx, "it is ready", func() bool {
		resp, err := g.http.Get(g.process.Address("ops") + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	g.token = g.makeToken(ctx)
	return g
}

// poll asks until something holds.
func (g *gateway) poll(ctx context.Context, what string, holds func() bool) {
	g.t.Helper()
	for !holds() {
		select {
		case <-ctx.Done():
			g.t.Fatalf("never true: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (g *gateway) makeToken(ctx context.Context) string {
	g.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		g.t.Fatal(err)
	}
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar}, g.url))
	if _, err := adminv1connect.NewSessionServiceClient(client).Login(ctx, &adminv1.LoginRequest{Username: "admin", Password: password}); err != nil {
		g.t.Fatalf("sign in: %v", err)
	}
	made, err := adminv1connect.NewTokenServiceClient(client).CreateToken(ctx, &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "cases", Role: adminv1.Role_ROLE_OWNER}})
	if err != nil {
		g.t.Fatalf("make a token: %v", err)
	}
	return made.GetSecret()
}

// ran is how a program ended.
type ran struct {
	code        int
	out, errors string
}

// ctl runs trunklinectl.
func (g *gateway) ctl(ctx context.Context, args ...string) ran {
	g.t.Helper()
	return execute(ctx, g.t, "trunklinectl", g.dir, []string{"TRUNKLINE_SERVER=" + g.url, "TRUNKLINE_TOKEN=" + g.token}, args)
}

// execute runs one of the programs to its end.
func execute(ctx context.Context, t *testing.T, name, dir string, env, args []string) ran {
	t.Helper()
	cmd := exec.CommandContext(ctx, programs.Path(t, name), args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("run %s: %v", name, err)
	}
	if ctx.Err() != nil {
		t.Fatalf("%s %v does not end:\n%s%s", name, args, out.String(), errs.String())
	}
	return ran{code: cmd.ProcessState.ExitCode(), out: out.String(), errors: errs.String()}
}

// rpc calls the admin API in JSON; nil means that it was refused.
func (g *gateway) rpc(ctx context.Context, method string, message any) any {
	g.t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/trunkline.admin.v1."+method, bytes.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+g.token)
	resp, err := g.http.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil
	}
	return decoded(string(answer))
}

// decoded gives a JSON document; nil: it is none.
func decoded(s string) any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var doc any
	if d.Decode(&doc) != nil {
		return nil
	}
	return doc
}

// record is the call's record, as soon as it is stored; nil when the answer names none.
func (g *gateway) record(ctx context.Context, a *answer) any {
	g.t.Helper()
	id := a.header.Get("X-Request-Id")
	if id == "" {
		return nil
	}
	var call any
	g.poll(ctx, "call "+id+" is stored", func() bool {
		call = at(g.rpc(ctx, "CallService/GetCall", map[string]string{"id": id}), "call")
		return call != nil
	})
	return call
}

// states are the names that cases have for how a target stands.
var states = map[string]string{
	"TARGET_STATE_COOLING": "cooling", "TARGET_STATE_HALF_OPEN": "probing", "TARGET_STATE_PROBING": "probing",
	"TARGET_STATE_CLOSED": "closed", "TARGET_STATE_HEALTHY": "closed",
}

// health is how a group's providers stand.
func (g *gateway) health(ctx context.Context, group string) map[string]map[string]any {
	g.t.Helper()
	route := at(g.rpc(ctx, "GroupService/ExplainGroup", map[string]string{"name": group}), "route")
	if route == nil {
		g.t.Fatalf("no health of group %s", group)
	}
	all := map[string]map[string]any{}
	members, _ := at(route, "candidates").([]any)
	left, _ := at(route, "leftOut").([]any)
	for _, c := range append(members, left...) {
		name, _ := at(c, "state").(string)
		state := states[name]
		seconds, _ := at(c, "remaining").(string)
		failures := at(c, "failures")
		if failures == nil {
			failures = 0
		}
		all[text(at(c, "provider"))] = map[string]any{
			"state": state, "cooled": state == "cooling" || state == "probing",
			"remaining": strings.TrimSuffix(seconds, "s"), "failures": failures,
		}
	}
	return all
}
