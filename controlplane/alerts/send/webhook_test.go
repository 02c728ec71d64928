package send_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var (
	key    = []byte("0123456789abcdef0123456789abcdef")
	secret = "whsec_" + base64.StdEncoding.EncodeToString(key)
	at     = time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
)

// message tells of one alert that fires and one that is over.
func message() send.Message {
	return send.Message{ID: "0193-message", Channel: "ops", At: at, Omitted: 2, Alerts: []*adminv1.Alert{
		{
			Id: "a1", Event: "cooldown", State: adminv1.AlertState_ALERT_STATE_FIRING, Summary: "openai/gpt-5 is <cooling> & down", StartTime: timestamppb.New(at),
			Provider: "openai", Model: "gpt-5", Nodes: []string{"n1"}, Groups: []string{"chat"}, Reason: "rate_limited", Count: 1, NodeCount: 3,
		},
		{
			Id: "a2", Event: "budget", State: adminv1.AlertState_ALERT_STATE_RESOLVED, Summary: "Schlüssel Ü", StartTime: timestamppb.New(at.Add(-time.Hour)),
			EndTime: timestamppb.New(at), Level: 80, ApiKey: "app", Budget: &adminv1.Budget{Amount: "50", Period: "month"},
		},
	}}
}

// request is what a receiver got.
type request struct {
	header http.Header
	body   []byte
	path   string
}

// serve answers with a status and headers, and gives what came.
func serve(t *testing.T, status int, header http.Header) (url string, came chan request) {
	t.Helper()
	came = make(chan request, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		came <- request{r.Header.Clone(), body, r.URL.Path}
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "canary of the receiver")
	}))
	t.Cleanup(s.Close)
	return s.URL, came
}

func webhook(url string) send.Target {
	return send.Target{Channel: &adminv1.AlertChannel{Name: "ops", AllowPrivateNetwork: true, Webhook: &adminv1.AlertWebhook{Url: url}}, Secret: secret}
}

func TestWebhookIsSigned(t *testing.T) {
	t.Parallel()
	url, came := serve(t, http.StatusOK, nil)
	now := at.Add(time.Minute)
	if err := send.New(send.Config{Now: func() time.Time { return now }}).Send(t.Context(), webhook(url+"/hook"), message()); err != nil {
		t.Fatal(err)
	}
	r := <-came
	if id, sent := r.header.Get("Webhook-Id"), r.header.Get("Webhook-Timestamp"); id != "0193-message" || sent != fmt.Sprint(now.Unix()) || r.path != "/hook" {
		t.Errorf("id %q, time %q, path %q", id, sent, r.path)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "0193-message.%d.%s", now.Unix(), r.body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.header.Get("Webhook-Signature") != want {
		t.Errorf("signature %q, want %q", r.header.Get("Webhook-Signature"), want)
	}
	var got, want any
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
		"id": "0193-message", "type": "alerts", "time": "2026-11-29T08:00:00Z", "channel": "ops", "omitted": 2,
		"alerts": [
			{"id": "a1", "event": "cooldown", "state": "firing", "summary": "openai/gpt-5 is <cooling> & down", "start_time": "2026-11-29T08:00:00Z",
			 "provider": "openai", "model": "gpt-5", "nodes": ["n1"], "groups": ["chat"], "reason": "rate_limited", "count": 1, "node_count": 3},
			{"id": "a2", "event": "budget", "state": "resolved", "summary": "Schlüssel Ü", "start_time": "2026-11-29T07:00:00Z", "end_time": "2026-11-29T08:00:00Z",
			 "level": 80, "api_key": "app", "budget": {"amount": "50", "period": "month"}}]}`), &want); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("it was sent\n%v, want\n%v", got, want)
	}
}

func TestSlackShowsNamesAsTheyAre(t *testing.T) {
	t.Parallel()
	url, came := serve(t, http.StatusOK, nil)
	target := send.Target{Channel: &adminv1.AlertChannel{AllowPrivateNetwork: true, Slack: &adminv1.AlertSlack{}}, Secret: url + "/services/T/B/x"}
	if err := send.New(send.Config{}).Send(t.Context(), target, message()); err != nil {
		t.Fatal(err)
	}
	r := <-came
	var got struct{ Text string }
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.Fatal(err)
	}
	const want = "*Trunkline: 1 firing, 1 resolved*\n" +
		"• FIRING: openai/gpt-5 is &lt;cooling&gt; &amp; down (since 2026-11-29T08:00:00Z)\n" +
		"• RESOLVED: Schlüssel Ü (lasted 1h0m0s, until 2026-11-29T08:00:00Z)\n• and 2 more"
	if got.Text != want || r.path != "/services/T/B/x" {
		t.Errorf("text %q to %s, want %q", got.Text, r.path, want)
	}
}

func TestFaultsOfReceivers(t *testing.T) {
	t.Parallel()
	sender := send.New(send.Config{Time: 300 * time.Millisecond})
	busy, _ := serve(t, http.StatusTooManyRequests, http.Header{"Retry-After": {"90"}})
	patient, _ := serve(t, http.StatusServiceUnavailable, http.Header{"Retry-After": {"100000000"}})
	moved, came := serve(t, http.StatusFound, http.Header{"Location": {busy}})
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(release) })
	private := webhook(busy)
	private.Channel.AllowPrivateNetwork = false
	metadata := webhook("http://169.254.169.254/latest")
	unsigned := webhook(busy)
	unsigned.Secret = "canary"
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for name, tt := range map[string]struct {
		target send.Target
		want   string
		wait   time.Duration
	}{
		"busy":      {webhook(busy), "it answered 429", 90 * time.Second},
		"patient":   {webhook(patient), "it answered 503", time.Hour},
		"moved":     {webhook(moved), "it redirects (302), which is not followed", 0},
		"silent":    {webhook(silent.URL), "it does not answer in time", 0},
		"private":   {private, "its address is not allowed: private ones need allow_private_network, and link-local and reserved ones are never", 0},
		"metadata":  {metadata, "its address is not allowed: private ones need allow_private_network, and link-local and reserved ones are never", 0},
		"no key":    {unsigned, "its secret is not the key of a webhook; enter it again", 0},
		"not TLS":   {webhook(strings.Replace(busy, "http:", "https:", 1)), "the connection failed", 0},
		"untrusted": {webhook(untrusted.URL), "its TLS certificate is not valid", 0},
	} {
		err := sender.Send(t.Context(), tt.target, message())
		fault, ok := err.(*send.Fault)
		if !ok || fault.Text != tt.want || fault.RetryAfter != tt.wait {
			t.Errorf("%s: %#v, want %q after %s", name, err, tt.want, tt.wait)
		}
	}
	if len(came) != 1 {
		t.Errorf("%d requests came to the one that moved", len(came))
	}
}
