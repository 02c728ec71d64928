package conn_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/pflag"

	"github.com/trunkline-ai/trunkline/cli/conn"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/proc"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

func environment(vars map[string]string) *proc.Env {
	return &proc.Env{
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Now: time.Now,
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
	}
}

// seen is what a server saw of one request.
type seen struct{ path, authorization, agent string }

// record starts a server that records requests and refuses them all.
func record(t *testing.T) (url string, requests chan seen) {
	t.Helper()
	requests = make(chan seen, 4)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- seen{r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("User-Agent")}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func whoAmI(ctx context.Context, o conn.Options, env *proc.Env) error {
	c, err := o.Open(ctx, env, "ctl/1")
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = adminv1connect.NewSessionServiceClient(c.Client).WhoAmI(ctx, &adminv1.WhoAmIRequest{})
	return err
}

func TestWhereAndWho(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("  from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const path = "/trunkline.admin.v1.SessionService/WhoAmI"
	for _, tc := range []struct {
		name string
		opt  conn.Options
		env  map[string]string
		base string // added to the server's address
		want seen
	}{
		{"nothing given", conn.Options{}, nil, "", seen{path, "", "ctl/1"}},
		{"flag over environment", conn.Options{Token: "flag"}, map[string]string{conn.EnvToken: "env", conn.EnvTokenFile: file}, "", seen{path, "Bearer flag", "ctl/1"}},
		{"file flag over environment", conn.Options{TokenFile: file}, map[string]string{conn.EnvToken: "env"}, "", seen{path, "Bearer from-file", "ctl/1"}},
		{"environment", conn.Options{}, map[string]string{conn.EnvToken: "env"}, "", seen{path, "Bearer env", "ctl/1"}},
		{"file of the environment", conn.Options{}, map[string]string{conn.EnvTokenFile: file}, "", seen{path, "Bearer from-file", "ctl/1"}},
		{"a path, its slash dropped", conn.Options{}, nil, "/behind/proxy/", seen{"/behind/proxy" + path, "", "ctl/1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			url, requests := record(t)
			tc.opt.Server = url + tc.base
			if err := whoAmI(t.Context(), tc.opt, environment(tc.env)); connect.CodeOf(err) != connect.CodeUnavailable {
				t.Errorf("error is %v, want unavailable", err)
			}
			if got := <-requests; got != tc.want {
				t.Errorf("the server saw %+v, want %+v", got, tc.want)
			}
		})
	}
}

// TestRedirect: the token must not follow to wherever a server points.
func TestRedirect(t *testing.T) {
	t.Parallel()
	elsewhere, requests := record(t)
	s := httptest.NewServer(http.RedirectHandler(elsewhere, http.StatusTemporaryRedirect))
	t.Cleanup(s.Close)
	err := whoAmI(t.Context(), conn.Options{Server: s.URL, Token: "secret"}, environment(nil))
	if err == nil || !strings.Contains(err.Error(), "redirects to "+elsewhere) || strings.Contains(err.Error(), "secret") {
		t.Errorf("error is %v", err)
	}
	select {
	case r := <-requests:
		t.Errorf("the other server saw %+v", r)
	default:
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := exit.Code(whoAmI(ctx, conn.Options{Server: s.URL}, environment(nil))); got != exit.Unavailable {
		t.Errorf("exit code is %d, want %d", got, exit.Unavailable)
	}
}

func TestSignInWithoutCookie(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	}))
	t.Cleanup(s.Close)
	err := whoAmI(t.Context(), conn.Options{Server: s.URL, Username: "admin"}, environment(map[string]string{conn.EnvPassword: "pw"}))
	if err == nil || !strings.Contains(err.Error(), "sign in as admin: the server set no session cookie") {
		t.Errorf("error is %v", err)
	}
}

// TestHelpHoldsNoSecret: defaults from the environment would show in --help.
func TestHelpHoldsNoSecret(t *testing.T) {
	t.Setenv(conn.EnvToken, "from-the-environment")
	var o conn.Options
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.Bind(f)
	var help bytes.Buffer
	f.SetOutput(&help)
	f.PrintDefaults()
	if !strings.Contains(help.String(), "$"+conn.EnvToken) || strings.Contains(help.String(), "from-the-environment") {
		t.Errorf("help is\n%s", help.String())
	}
}
