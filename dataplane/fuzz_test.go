package dataplane_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// No snapshot, however damaged, may bring a node down: it compiles, or it is refused.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		`{}`,
		`{"revision":"1","keyPepper":"cGVwcGVy","providers":[{"name":"p","baseUrl":"https://api.example.com/v1","dialect":"openai","credentials":[{"name":"c","secret":"s"}],"models":[{"id":"m","price":{"input":"1"}}]}],"groups":[{"name":"g","aliases":["a"],"members":[{"provider":"p","model":"m","priority":1,"weight":1}]}],"apiKeys":[{"name":"k","hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","groups":["g"]}],"failureKeywords":[{"name":"f","keyword":"x"}]}`,
		`{"groups":[{"name":"g","members":[{"provider":"nobody","model":"m"},{}]},{"name":"g"}]}`,
		`{"providers":[{"baseUrl":"::"},{"name":"p","models":[{}]}],"failureKeywords":[{"pattern":"("},{}]}`,
		`{"apiKeys":[{"hash":"AA=="},{"groups":["nothing"]}]}`,
	} {
		in := &nodev1.Snapshot{}
		if err := protojson.Unmarshal([]byte(text), in); err != nil {
			f.Fatal(err)
		}
		wire, err := proto.Marshal(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		in := &nodev1.Snapshot{}
		if proto.Unmarshal(wire, in) != nil {
			return
		}
		s, err := dataplane.Compile(in)
		if (s == nil) == (err == nil) {
			t.Fatalf("neither a snapshot nor an error, or both: %v, %v", s, err)
		}
		if err != nil {
			return
		}
		for _, g := range in.GetGroups() {
			found, ok := s.Group(g.GetName())
			if !ok || found == nil {
				t.Fatalf("group %q is lost", g.GetName())
			}
			for _, m := range found.Members {
				if m.Target == nil || m.Policy == nil {
					t.Fatalf("group %q has a member without a target or a policy", g.GetName())
				}
			}
		}
	})
}
