package oneapi

import (
	"cmp"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// quotaPerUSD is how many units of quota are a dollar, unless somebody changed it there.
const quotaPerUSD = 500_000

// token makes an API key of a token.
func (r *reader) token(n *takeover.Node) {
	if n.Get("DeletedAt").Given() || n.Get("deleted_at").Given() {
		r.d.Leave(n, "it was deleted")
		return
	}
	k := &adminv1.ApiKey{Name: r.d.Name("ApiKey", cmp.Or(n.Get("name").Text(), "token"))}
	secret := strings.TrimPrefix(n.Get("key").Text(), "sk-")
	switch {
	case secret == "" || strings.Contains(secret, "*"):
		k.Secret = r.d.Missing("KEY_" + k.GetName())
		r.d.Bent(n, "API key %s, whose secret is not in the export: rows of the database tell it", k.GetName())
	default:
		k.Secret = r.d.Secret("KEY_"+k.GetName(), "sk-"+secret) // clients write it so
		r.d.Took(n, "API key %s", k.GetName())
	}
	if status, ok := n.Get("status").Int(); ok && status != 1 {
		k.Enabled = proto.Bool(false)
		r.d.Took(n.Get("status"), "API key %s is disabled", k.GetName())
	}
	if at, ok := n.Get("expired_time").Int(); ok && at > 0 {
		k.ExpireTime = timestamppb.New(time.Unix(at, 0))
	}
	r.mayUse(n, k)
	r.addresses(n, k)
	r.quota(n, k)
	if group := n.Get("group"); group.Text() != "" && group.Text() != r.d.UserGroup {
		r.d.Bent(group, "API key %s uses the groups that were taken over, and not those of %s", k.GetName(), group.Text())
	}
	r.d.Keys = append(r.d.Keys, k)
}

// mayUse gives a key the groups of the models that its token was limited to, else all.
func (r *reader) mayUse(n *takeover.Node, k *adminv1.ApiKey) {
	limits := n.First("model_limits", "models")
	only := listOf(limits.Text(), ",")
	if enabled := n.Get("model_limits_enabled"); enabled.Given() && !enabled.Bool() {
		only = nil
	}
	if len(only) == 0 {
		for _, g := range r.d.Groups {
			k.Groups = append(k.Groups, g.GetName())
		}
		return
	}
	for _, name := range only {
		found := false
		for _, g := range r.d.Groups {
			if strings.EqualFold(g.GetName(), name) {
				k.Groups, found = append(k.Groups, g.GetName()), true
			}
		}
		if !found {
			r.d.Bent(limits, "API key %s may not use %s: no channel that was taken over has it", k.GetName(), name)
		}
	}
}

// addresses limits a key to networks.
func (r *reader) addresses(n *takeover.Node, k *adminv1.ApiKey) {
	from := n.First("allow_ips", "subnet")
	for _, text := range listOf(from.Text(), ", \n") {
		_, prefix := netip.ParsePrefix(text)
		_, single := netip.ParseAddr(text)
		if prefix != nil && single != nil {
			// Leaving it out would open the key to more than it was.
			k.Enabled = proto.Bool(false)
			r.d.Bent(from, "API key %s is disabled: one of its networks is no address", k.GetName())
			continue
		}
		k.AllowedIps = append(k.AllowedIps, text)
	}
}

// quota makes a budget of what was left, if asked for.
func (r *reader) quota(n *takeover.Node, k *adminv1.ApiKey) {
	remain := n.Get("remain_quota")
	left, ok := remain.Int()
	if n.Get("unlimited_quota").Bool() || !ok {
		return
	}
	usd := big.NewRat(max(left, 0), quotaPerUSD)
	amount := usd.FloatString(6)
	if r.d.QuotaPeriod == "" || usd.Cmp(big.NewRat(999_999, 1)) > 0 {
		r.d.Leave(remain, "what is left, USD %s, is a sum, and a budget here is per day, week or month: --quota-period makes one of it", amount)
		return
	}
	k.Budget = &adminv1.Budget{Amount: amount, Period: r.d.QuotaPeriod}
	r.d.Bent(remain, "a budget of USD %s per %s", amount, r.d.QuotaPeriod)
}
