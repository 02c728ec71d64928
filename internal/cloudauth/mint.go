package cloudauth

import (
	"context"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/outbound"
)

// Config says what a Minter may do; the zero value is a node of a cluster that has no identity to lend.
type Config struct {
	// AllowPrivateNetwork lets all token endpoints have private and loopback addresses, as in the all-in-one.
	AllowPrivateNetwork bool
	// InstanceIdentity lets credentials be the identity of this machine.
	InstanceIdentity bool

	Now      func() time.Time                  // default time.Now
	Getenv   func(name string) string          // default os.Getenv
	ReadFile func(path string) ([]byte, error) // default os.ReadFile
	// Metadata is where the metadata services of AWS, Azure and Google are; default http://169.254.169.254.
	Metadata string
	// STS is where a region's roles are assumed; default AWS' own.
	STS func(region string) string
}

// Minter mints. It is safe for concurrent use and keeps nothing.
type Minter struct{ cfg Config }

// New makes a Minter.
func New(cfg Config) *Minter {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	if cfg.ReadFile == nil {
		cfg.ReadFile = os.ReadFile
	}
	if cfg.Metadata == "" {
		cfg.Metadata = "http://169.254.169.254"
		if cfg.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") == "IPv6" {
			cfg.Metadata = "http://[fd00:ec2::254]"
		}
	}
	if cfg.STS == nil {
		cfg.STS = sts
	}
	return &Minter{cfg}
}

// Time is how long one mint may take, all its requests together.
const Time = 10 * time.Second

// Mint gets what a spec is good for. The error is a *Fault, or that of ctx.
func (m *Minter) Mint(ctx context.Context, s Spec, way Way) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, Time)
	defer cancel()
	var fault string
	s.Check(func(field, reason string) { fault = field + " " + reason })
	if fault != "" {
		return Grant{}, refused("its %s", fault)
	}
	s = s.Completed()
	if s.OfMachine() && !m.cfg.InstanceIdentity {
		return Grant{}, refused("this process may not use the identity of its machine: its operator allows that with --allow-instance-identity")
	}
	if s.Source == WorkloadIdentity || s.Source == WebIdentity {
		// What the machine asserts of itself is for its cloud alone: whoever may change the provider could
		// read it with a proxy and an authority of their own.
		way.Outbound = outbound.Config{}
	}
	client, err := m.client(way)
	if err != nil {
		return Grant{}, err
	}
	defer client.CloseIdleConnections()
	o := &order{Minter: m, spec: s, http: client}
	switch s.Kind {
	case AWS:
		return o.aws(ctx)
	case Google:
		return o.google(ctx)
	case Entra:
		return o.entra(ctx)
	case OAuth:
		return o.oauth(ctx)
	}
	return Grant{}, refused("credentials of kind %q are not known here", s.Kind)
}

// order is one mint on its way.
type order struct {
	*Minter
	spec Spec
	http *http.Client // of the way
}

// client reaches token endpoints on networks. It follows no redirect and keeps no connection.
func (m *Minter) client(way Way) (*http.Client, error) {
	dial, err := way.Outbound.Dial(addrguard.Dial(m.cfg.AllowPrivateNetwork || way.Private), m.cfg.AllowPrivateNetwork, way.Private)
	if err != nil {
		return nil, refused("the provider's proxy cannot be used")
	}
	secure, err := way.Outbound.TLS()
	if err != nil {
		return nil, refused("the provider's certificates cannot be used")
	}
	return newClient(&http.Transport{DialContext: dial, TLSClientConfig: secure, ForceAttemptHTTP2: true}), nil
}

func newClient(t *http.Transport) *http.Client {
	t.MaxResponseHeaderBytes = 64 << 10
	t.TLSHandshakeTimeout = Time
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// local reaches what serves this machine alone: loopback and link-local addresses, and AWS' own two. No
// proxy and no configuration plays a part.
func local() *http.Client {
	return newClient(&http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{ControlContext: addrguard.OnlyMachine}
		return d.DialContext(ctx, network, address)
	}})
}
