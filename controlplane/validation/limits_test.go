package validation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/validation"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestCheckNamesTheFaultOfLimitsBudgetsAndAddresses(t *testing.T) {
	t.Parallel()
	const (
		address = "must be an address such as 192.0.2.7 or a range such as 10.1.0.0/16 or 2001:db8::/32"
		origin  = "must be * or scheme://host[:port], such as https://app.example.com"
	)
	budget := func(amount, period string) func(*documents) {
		return func(d *documents) { d.key.Budget = &adminv1.Budget{Amount: amount, Period: period} }
	}
	ips := func(list ...string) func(*documents) { return func(d *documents) { d.key.AllowedIps = list } }
	origins := func(list ...string) func(*documents) {
		return func(d *documents) { d.settings.Cors = &adminv1.Cors{AllowedOrigins: list} }
	}
	tests := []struct {
		name  string
		spoil func(*documents)
		want  []string
	}{
		{"limits", func(d *documents) {
			d.key.Limits = &adminv1.KeyLimits{RequestsPerMinute: 600, TokensPerMinute: 200_000, Concurrency: 20}
		}, nil},
		{"negative limits", func(d *documents) {
			d.key.Limits = &adminv1.KeyLimits{RequestsPerMinute: -1, TokensPerMinute: -1, Concurrency: 1_000_001}
		}, []string{
			`api_keys["app"].limits.requests_per_minute: must be greater than or equal to 0 and less than or equal to 1000000000`,
			`api_keys["app"].limits.tokens_per_minute: must be greater than or equal to 0 and less than or equal to 1000000000000`,
			`api_keys["app"].limits.concurrency: must be greater than or equal to 0 and less than or equal to 1000000`,
		}},

		{"a budget", budget("0.000001", "week"), nil},
		{"a budget of nothing", budget("0.00", "day"), []string{`api_keys["app"].budget.amount: must be above 0; to stop a key set enabled to false`}},
		{"a budget that is no number", budget("fifty", "month"), []string{`api_keys["app"].budget.amount: does not match regex pattern ` + "`^[0-9]{1,6}(\\.[0-9]{1,6})?$`"}},
		{"a budget without a period", budget("50", ""), []string{`api_keys["app"].budget.period: must be in list [day, week, month]`}},

		{"addresses", ips("192.0.2.7", "10.1.0.0/16", "2001:db8::/32", "::1", "0.0.0.0/0"), nil},
		{"a host name", ips("10.0.0.1", "example.com"), []string{`api_keys["app"].allowed_ips[1]: ` + address}},
		{"a port", ips("10.0.0.1:80"), []string{`api_keys["app"].allowed_ips[0]: ` + address}},
		{"a zone", ips("fe80::1%eth0"), []string{`api_keys["app"].allowed_ips[0]: ` + address}},
		{"IPv4 inside IPv6", ips("::ffff:10.0.0.0/104"), []string{`api_keys["app"].allowed_ips[0]: ` + address}},
		{"too many bits", ips("10.0.0.0/33"), []string{`api_keys["app"].allowed_ips[0]: ` + address}},
		{"an address inside its range", ips("10.1.2.3/16"),
			[]string{`api_keys["app"].allowed_ips[0]: does not start at its first address; write 10.1.0.0/16 for the range or 10.1.2.3 for the address`}},
		{"an empty address", ips(""), []string{`api_keys["app"].allowed_ips[0]: must be at least 1 characters`}},

		{"origins", origins("*", "https://app.example.com", "http://localhost:5173", "http://[::1]:8080", "chrome-extension://abc"), nil},
		{"an origin without scheme", origins("app.example.com"), []string{`settings.cors.allowed_origins[0]: ` + origin}},
		{"an empty origin", origins(""), []string{`settings.cors.allowed_origins[0]: ` + origin}},
		{"the origin of files", origins("null"), []string{`settings.cors.allowed_origins[0]: ` + origin}},
		{"an origin with a path", origins("https://a.example", "https://app.example.com/"), []string{`settings.cors.allowed_origins[1]: ` + origin}},
		{"an origin with a query", origins("https://app.example.com?x"), []string{`settings.cors.allowed_origins[0]: ` + origin}},
		{"an origin with a user", origins("https://me@app.example.com"), []string{`settings.cors.allowed_origins[0]: ` + origin}},
		{"an origin with half a port", origins("https://app.example.com:"), []string{`settings.cors.allowed_origins[0]: ` + origin}},
		{"an origin in capitals", origins("https://App.example.com"), []string{`settings.cors.allowed_origins[0]: must be in lower case, as browsers send it`}},
		{"an origin beyond ASCII", origins("https://bücher.example"), []string{`settings.cors.allowed_origins[0]: must have its host in ASCII (xn--...), as browsers send it`}},
		{"a default port", origins("https://a.example:443", "http://a.example:80"), []string{
			`settings.cors.allowed_origins[0]: must not name the default port, as browsers leave it out`,
			`settings.cors.allowed_origins[1]: must not name the default port, as browsers leave it out`,
		}},
		{"a port too high", origins("https://a.example:65536"), []string{`settings.cors.allowed_origins[0]: must have a port from 1 to 65535`}},
		{"a port with a zero before", origins("https://a.example:080"), []string{`settings.cors.allowed_origins[0]: must have a port from 1 to 65535`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := validDocuments()
			tt.spoil(d)
			if got := errstest.Violations(t, validation.Check(d.config())); !slices.Equal(got, tt.want) {
				t.Errorf("violations:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
		})
	}
}
