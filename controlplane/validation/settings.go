package validation

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func checkSettings(d document, doc *adminv1.Settings) {
	checkName(d, controlplane.SettingsName)
	checkCooldowns(d, "failover", doc, nil)
	checkCors(d, doc.GetCors())
}

// checkCooldowns checks that the first cooldown that results is not above the longest. It
// blames the policy at path only when that policy sets one of the two.
func checkCooldowns(d document, path string, settings *adminv1.Settings, group *adminv1.FailoverPolicy) {
	own := group
	if own == nil {
		own = settings.GetFailover()
	}
	p := controlplane.ResolvePolicy(settings, group, nil)
	first, longest := p.GetCooldown().AsDuration(), p.GetCooldownMax().AsDuration()
	if first <= longest {
		return
	}
	switch {
	case own.GetCooldown() != nil:
		d.add(path+".cooldown", "must not be above cooldown_max, which is %s", manifest.Duration(longest))
	case own.GetCooldownMax() != nil:
		d.add(path+".cooldown_max", "must not be below cooldown, which is %s", manifest.Duration(first))
	}
}

func checkCors(d document, doc *adminv1.Cors) {
	for i, origin := range doc.GetAllowedOrigins() {
		if fault := originFault(origin); fault != "" {
			d.add(fmt.Sprintf("cors.allowed_origins[%d]", i), "%s", fault)
		}
	}
}

// originFault says what is wrong with an origin. Browsers send one spelling only and nodes
// compare text, so another spelling would never match.
func originFault(s string) string {
	if s == controlplane.AnyOrigin {
		return ""
	}
	const form = "must be * or scheme://host[:port], such as https://app.example.com"
	scheme, host, ok := strings.Cut(s, "://")
	u, err := url.Parse(s)
	if !ok || err != nil || u.Scheme == "" || u.Hostname() == "" || u.Host != host {
		return form
	}
	if s != strings.ToLower(s) {
		return "must be in lower case, as browsers send it"
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return "must have its host in ASCII (xn--...), as browsers send it"
		}
	}
	port := u.Port()
	switch {
	case port == "" && strings.HasSuffix(host, ":"):
		return form
	case port == "":
		return ""
	case scheme == "http" && port == "80", scheme == "https" && port == "443":
		return "must not name the default port, as browsers leave it out"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return "must have a port from 1 to 65535"
	}
	return ""
}
