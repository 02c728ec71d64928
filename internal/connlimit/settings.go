package connlimit

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/internal/settings"
)

// most is the default where the process may open files enough.
const most = 4096

// Default is how many connections an address may have if nothing else is set: 4,096, or a quarter of
// the files that the process may open if that is less, so that four addresses are needed to use
// them up.
func Default() int {
	if files := openFiles(); files > 0 && files/4 < most {
		return max(int(files/4), 1)
	}
	return most
}

// Settings are what flags and environment say about connections.
type Settings struct {
	perAddress int
	uncapped   string
}

// Register adds the settings that every program has.
func (s *Settings) Register(set *settings.Set) {
	set.Int(&s.perAddress, "max-connections-per-address", "TRUNKLINE_MAX_CONNECTIONS_PER_ADDRESS", 0,
		"connections that one address, or one IPv6 network of 64 bits, may have open at each listener, loopback too; beyond it they are reset; 0: 4096, or a quarter of the files that the process may open if that is less")
	set.String(&s.uncapped, "uncapped-addresses", "TRUNKLINE_UNCAPPED_ADDRESSES", "",
		"addresses and networks, separated by commas, that max-connections-per-address does not bind: load balancers and proxies, such as 10.0.0.7,10.1.0.0/16")
}

// New makes the limit that the settings describe.
func (s *Settings) New(log *slog.Logger, metrics prometheus.Registerer) (*Limit, error) {
	if s.perAddress < 0 {
		return nil, fmt.Errorf("max-connections-per-address must not be below 0")
	}
	cfg := Config{PerAddress: s.perAddress, Logger: log, Metrics: metrics}
	for text := range strings.SplitSeq(s.uncapped, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("uncapped-addresses: %q is neither an address nor a network such as 10.1.0.0/16", text)
		}
		cfg.Uncapped = append(cfg.Uncapped, p)
	}
	return New(cfg), nil
}

// parse reads an address or a network. IPv4 inside IPv6 is taken as IPv4.
func parse(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return p, err
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("not an address")
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}
