// Package pricing checks that what providers tell of an answer becomes the money that they
// take for it.
package pricing

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

type row struct {
	Vendor   string         `yaml:"vendor"`
	Name     string         `yaml:"name"`
	Endpoint string         `yaml:"endpoint"`
	Price    map[string]any `yaml:"price"`
	Answer   string         `yaml:"answer"`
	Events   []string       `yaml:"events"`
	How      string         `yaml:"how"`
	USD      string         `yaml:"usd"`
}

func TestWhatCallsCost(t *testing.T) {
	t.Parallel()
	rows := load(t)
	vendors := map[string]bool{}
	for _, r := range rows {
		vendors[r.Vendor] = true
		t.Run(r.Vendor+"/"+r.Name, func(t *testing.T) {
			t.Parallel()
			used := r.usage(t)
			price := r.price(t)
			if got := usage.CostOfPico(int64(price.Cost(used))).String(); got != r.USD {
				t.Errorf("%+v costs %s, want %s = %s", used, got, r.USD, r.How)
			}
			var sum dataplane.PicoUSD
			for _, part := range price.For(&used).Parts(&used) {
				sum += part.Cost
			}
			if sum != price.Cost(used) {
				t.Errorf("the parts cost %d, all of it %d", sum, price.Cost(used))
			}
		})
	}
	if len(rows) < 60 || len(vendors) < 12 {
		t.Errorf("%d rows of %d vendors, want at least 60 of 12", len(rows), len(vendors))
	}
}

func load(t *testing.T) (rows []row) {
	t.Helper()
	text, err := os.ReadFile("../../testdata/pricing.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// usage reads the answer as a node does.
func (r *row) usage(t *testing.T) dataplane.Usage {
	t.Helper()
	endpoint := api.Find(r.Endpoint)
	if endpoint == nil {
		t.Fatalf("there is no endpoint %s", r.Endpoint)
	}
	if r.Answer != "" {
		if doc, ok := scan.Read([]byte(r.Answer)); !ok || !endpoint.Answers(&doc) {
			t.Error("that is no answer of the endpoint")
		}
		return endpoint.Usage([]byte(r.Answer))
	}
	seen := wire.Inspection{Stream: endpoint.Stream}
	for _, event := range r.Events {
		if kind := seen.See(sse.Event([]byte(event)), false); kind == wire.Failed {
			t.Errorf("%s is taken for a failure", event)
		}
	}
	return seen.Spent()
}

// price resolves the price as the control plane does and compiles it as a node does.
func (r *row) price(t *testing.T) *dataplane.Price {
	t.Helper()
	written, err := json.Marshal(r.Price)
	if err != nil {
		t.Fatal(err)
	}
	price := &adminv1.Price{}
	if err := protojson.Unmarshal(written, price); err != nil {
		t.Fatal(err)
	}
	controlplane.CheckPrice(price, func(field, reason string) { t.Errorf("price.%s %s", field, reason) })
	resolved, err := controlplane.ResolvePrice(price)
	if err != nil {
		t.Fatal(err)
	}
	minute := durationpb.New(1e11)
	policy := &nodev1.Policy{
		FailureThreshold: 1, MaxAttempts: 1, FailureWindow: minute, Cooldown: minute, CooldownMax: minute, ConnectTimeout: minute,
		FirstTokenTimeout: minute, ResponseTimeout: minute, StreamIdleTimeout: minute, TotalTimeout: minute, StreamTotalTimeout: minute,
	}
	s, err := dataplane.Compile(&nodev1.Snapshot{
		Providers: []*nodev1.Provider{{Name: "p", Policy: policy, Models: []*nodev1.Model{{Id: "m", Price: resolved}}}},
		Groups:    []*nodev1.Group{{Name: "g", Members: []*nodev1.Member{{Provider: "p", Model: "m", Priority: 1, Weight: 1, Policy: policy}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := s.Group("g")
	return g.Members[0].Price
}
