package visibility_test

import (
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestHostOnly(t *testing.T) {
	t.Parallel()
	for whole, want := range map[string]string{
		"https://hooks.example.com/services/T0/B0/canary": "https://hooks.example.com/...",
		"https://hooks.example.com:8443/?token=canary":    "https://hooks.example.com:8443/...",
		"https://hooks.example.com?token=canary":          "https://hooks.example.com/...",
		"http://user:canary@[::1]:80":                     "http://[::1]:80/...",
		"https://hooks.example.com/#canary":               "https://hooks.example.com/...",
		"https://hooks.example.com":                       "https://hooks.example.com",
		"https://hooks.example.com/":                      "https://hooks.example.com/",
		"https://hooks.example.com/...":                   "https://hooks.example.com/...",
		"hooks.example.com/canary":                        "...",
		"https://%zz/canary":                              "...",
		"":                                                "...",
	} {
		if got := visibility.HostOnly(whole); got != want {
			t.Errorf("%q is shown as %q, want %q", whole, got, want)
		}
		if cut := visibility.IsCut(want); cut == (want == whole && want != "https://hooks.example.com/...") {
			t.Errorf("%q is cut: %t", want, cut)
		}
	}
}

func TestURLsByRole(t *testing.T) {
	t.Parallel()
	const whole, other = "https://a.example/canary", "https://a.example/guess"
	channel := func(url string) *adminv1.Resource {
		return &adminv1.Resource{Spec: &adminv1.Resource_AlertChannel{AlertChannel: &adminv1.AlertChannel{Name: "c", Webhook: &adminv1.AlertWebhook{Url: url}}}}
	}
	for role, want := range map[adminv1.Role]string{
		adminv1.Role_ROLE_VIEWER: "https://a.example/...", adminv1.Role_ROLE_OPERATOR: whole, adminv1.Role_ROLE_OWNER: whole, adminv1.Role_ROLE_UNSPECIFIED: "https://a.example/...",
	} {
		all := &adminv1.ExportConfigResponse{Resources: []*adminv1.Resource{channel(whole)}}
		visibility.HideURLs(all, role)
		if got := all.GetResources()[0].GetAlertChannel().GetWebhook().GetUrl(); got != want {
			t.Errorf("%s sees %q, want %q", role, got, want)
		}
	}
	for url, want := range map[string]string{other: whole, "https://a.example/...": whole, "https://b.example/...": "https://b.example/...", "": ""} {
		given := channel(url).GetAlertChannel()
		visibility.AssumeURLs(given, channel(whole).GetAlertChannel(), adminv1.Role_ROLE_VIEWER)
		if got := given.GetWebhook().GetUrl(); got != want {
			t.Errorf("%q of a viewer is taken for %q, want %q", url, got, want)
		}
	}
	given := channel(other).GetAlertChannel()
	visibility.AssumeURLs(given, channel(whole).GetAlertChannel(), adminv1.Role_ROLE_OPERATOR)
	if got := given.GetWebhook().GetUrl(); got != other {
		t.Errorf("an operator's is taken for %q", got)
	}
	visibility.AssumeURLs(&adminv1.AlertChannel{Webhook: &adminv1.AlertWebhook{Url: other}}, &adminv1.AlertChannel{}, adminv1.Role_ROLE_VIEWER)
}
