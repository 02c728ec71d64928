package remote

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Step is how one step of a test ended.
type Step struct {
	Step   adminv1.TestStep
	Result adminv1.TestResult
	Took   time.Duration
	Detail string
}

const (
	resultOK      = adminv1.TestResult_TEST_RESULT_OK
	resultFailed  = adminv1.TestResult_TEST_RESULT_FAILED
	resultSkipped = adminv1.TestResult_TEST_RESULT_SKIPPED
)

// Test looks at a provider step by step and tells each step to emit: DNS, TCP, TLS, the token of a credential that is minted, models
// and, with the id of a model to chat with, a chat of one token. A step that stands on a
// failed one is skipped. The error is that of emit, or of ctx.
func (c *Client) Test(ctx context.Context, t Target, chatWith string, emit func(Step) error) error {
	tr := &trial{client: c, target: t, chatWith: chatWith}
	defer tr.close()
	type step struct {
		step adminv1.TestStep
		run  func(context.Context) (string, error)
	}
	steps := []step{
		{adminv1.TestStep_TEST_STEP_DNS, tr.dns},
		{adminv1.TestStep_TEST_STEP_TCP, tr.tcp},
		{adminv1.TestStep_TEST_STEP_TLS, tr.tls},
		{adminv1.TestStep_TEST_STEP_MODELS, tr.models},
		{adminv1.TestStep_TEST_STEP_CHAT, tr.chat},
	}
	if t.Minted != nil {
		steps = slices.Insert(steps, 3, step{adminv1.TestStep_TEST_STEP_TOKEN, tr.token})
	}
	for _, step := range steps {
		began := time.Now()
		detail, err := step.run(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s := Step{Step: step.step, Result: resultOK, Took: time.Since(began), Detail: detail}
		if skipped, ok := err.(skip); ok { //nolint:errorlint // it is never wrapped
			s.Result, s.Took, s.Detail = resultSkipped, 0, string(skipped)
		} else if err != nil {
			s.Result, s.Detail = resultFailed, err.Error()
			tr.failed = cmp.Or(tr.failed, step.step)
		}
		if err := emit(s); err != nil {
			return err
		}
	}
	return nil
}

// skip is why a step is left out.
type skip string

func (s skip) Error() string { return string(s) }

// trial is one test.
type trial struct {
	client   *Client
	target   Target
	chatWith string
	conn     net.Conn // between TCP and TLS
	// failed is the first step that did.
	failed adminv1.TestStep
}

// close ends a connection whose steps were not all made.
func (t *trial) close() {
	if t.conn != nil {
		t.conn.Close()
	}
}

// host is where the target lives; a skip when that is not on a network.
func (t *trial) host() (*url.URL, error) {
	if t.unreachable() {
		return nil, skip("the step before failed")
	}
	if t.target.inProcess() {
		return nil, skip("the scripted provider lives in this process")
	}
	reach, err := t.target.reach()
	if err != nil {
		return nil, err
	}
	return reach.Bases()[0], nil
}

// unreachable reports whether there is no connection to talk over.
func (t *trial) unreachable() bool {
	return t.failed != 0 && t.failed <= adminv1.TestStep_TEST_STEP_TLS
}

// tokenless reports whether a token is missing.
func (t *trial) tokenless() bool { return t.target.Minted != nil && t.target.grant == nil }

func (t *trial) dns(ctx context.Context) (string, error) {
	u, err := t.host()
	if err != nil {
		return "", err
	}
	if t.target.Outbound.Proxy != "" {
		return "", skip("the proxy resolves its name")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return "", skip(a.String() + " is an address")
	}
	ctx, cancel := context.WithTimeout(ctx, t.client.cfg.AnswerTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return "", explain(ctx, err)
	}
	return fmt.Sprintf("%s has %s", u.Hostname(), counted(len(found), "address", "addresses")), nil
}

func (t *trial) tcp(ctx context.Context) (string, error) {
	u, err := t.host()
	if err != nil {
		return "", err
	}
	dial, err := t.client.dial(t.target)
	if err != nil {
		return "", err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, t.client.cfg.AnswerTime)
	defer cancel()
	if t.conn, err = dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port)); err != nil {
		return "", explain(ctx, err)
	}
	if u.Scheme != "https" {
		t.conn.Close()
	}
	if t.target.Outbound.Proxy != "" {
		return "connected to port " + port + " through the proxy", nil
	}
	return "connected to port " + port, nil
}

func (t *trial) tls(ctx context.Context) (string, error) {
	u, err := t.host()
	if err != nil {
		return "", err
	}
	if u.Scheme != "https" {
		return "", skip("base_url begins with http://: requests and keys travel in clear")
	}
	defer t.conn.Close()
	cfg, err := t.client.tls(t.target)
	if err != nil {
		return "", err
	}
	cfg.ServerName = u.Hostname()
	cfg.NextProtos = []string{"h2", "http/1.1"}
	ctx, cancel := context.WithTimeout(ctx, t.client.cfg.AnswerTime)
	defer cancel()
	conn := tls.Client(t.conn, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return "", explain(ctx, err)
	}
	state := conn.ConnectionState()
	text := tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		text += ", certificate valid until " + state.PeerCertificates[0].NotAfter.UTC().Format(time.DateOnly)
	}
	return text, nil
}

func (t *trial) models(ctx context.Context) (string, error) {
	if t.unreachable() {
		return "", skip("the provider cannot be reached")
	}
	if t.tokenless() {
		return "", skip("no token was acquired")
	}
	if reach, err := t.target.reach(); err == nil && reach.IsExact(modelsPath) {
		return "", skip("base_url is exact (it ends in #): there is no list of models")
	}
	found, err := t.client.Models(ctx, t.target, nil)
	if err != nil {
		return "", err
	}
	return "lists " + counted(len(found), "model", "models"), nil
}

func (t *trial) chat(ctx context.Context) (string, error) {
	switch {
	case t.unreachable():
		return "", skip("the provider cannot be reached")
	case t.tokenless():
		return "", skip("no token was acquired")
	case t.chatWith == "":
		return "", skip("not asked for: it may cost money")
	}
	s, err := t.client.open(ctx, t.target)
	if err != nil {
		return "", err
	}
	defer s.close()
	return s.chat(ctx, t.chatWith)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
