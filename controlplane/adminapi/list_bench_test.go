package adminapi_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// BenchmarkListKeys asks for pages of 100,000 keys. A page of a search is to take less than
// 20 ms.
func BenchmarkListKeys(b *testing.B) {
	began := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	resources := make([]*controlplane.Resource, 100_000)
	for i := range resources {
		at := began.Add(time.Duration(i*7919%100_000) * time.Second)
		name := fmt.Sprintf("service-%05d-production", i)
		resources[i] = &controlplane.Resource{
			Kind: controlplane.KindAPIKey, Name: name, CreatedAt: at, UpdatedAt: at,
			Spec: &adminv1.ApiKey{
				Name: name, Owner: fmt.Sprintf("team-%d@example.com", i%500), Tags: []string{"production", fmt.Sprint("region-", i%7)},
				Prefix: "sk-tl-ABCD", LastFour: fmt.Sprintf("%04d", i%10_000), Groups: []string{"pool"}, ExpireTime: timestamppb.New(at),
			},
		}
	}
	c := controlplane.NewConfig(1, "lineage", resources, nil)
	for name, req := range map[string]*adminv1.ListApiKeysRequest{
		"first page":           {PageSize: 1000},
		"search finds few":     {Search: "4242", PageSize: 100},
		"search finds nothing": {Search: "zebra crossing", PageSize: 100},
		"search finds all":     {Search: "PRODUCTION", PageSize: 1000, OrderBy: "expire_time desc"},
		"active by time":       {State: adminv1.ApiKeyState_API_KEY_STATE_ACTIVE, PageSize: 1000, OrderBy: "create_time"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := adminapi.ListKeys(c, began, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
