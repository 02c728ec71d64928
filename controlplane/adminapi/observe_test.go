package adminapi_test

import (
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// observer notes what it is told.
type observer struct {
	mu       sync.Mutex
	requests map[string]int // by method and code
	timed    map[string]int // by method
	signIns  map[adminapi.SignInFailure]int
}

func (o *observer) Request(method, code string, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests[method+" "+code]++
	if took > 0 {
		o.timed[method]++
	}
}

func (o *observer) SignInFailed(reason adminapi.SignInFailure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.signIns[reason]++
}

func TestObserverLearnsHowRequestsEnd(t *testing.T) {
	t.Parallel()
	o := &observer{requests: map[string]int{}, timed: map[string]int{}, signIns: map[adminapi.SignInFailure]int{}}
	e := start(t, func(c *adminapi.Config) { c.Observer = o })
	stranger := e.client(t, nil)
	stranger.post(t, e.url+listGroups, `{}`, nil)
	stranger.post(t, e.url+"/trunkline.admin.v1.GroupService/MadeUp", `{}`, nil)
	stranger.post(t, e.url+"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", `{}`, header{"Content-Type": "application/connect+json"})
	for range 8 { // more than may fail in a row
		stranger.post(t, e.url+login, `{"username":"`+adminUser+`","password":"wrong"}`, nil)
	}
	e.clock.Advance(time.Hour)
	admin := e.admin(t)
	if _, err := admin.groups.ListGroups(t.Context(), &adminv1.ListGroupsRequest{}); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.requests["GroupService/ListGroups unauthenticated"] != 1 || o.requests["GroupService/ListGroups ok"] != 1 || o.timed["GroupService/ListGroups"] != 2 {
		t.Errorf("requests %v, timed %v", o.requests, o.timed)
	}
	for request := range maps.Keys(o.requests) {
		for _, stray := range []string{"MadeUp", "Reflection"} {
			if strings.Contains(request, stray) {
				t.Errorf("%s has a label of its own", request)
			}
		}
	}
	if o.signIns[adminapi.WrongCredentials] == 0 || o.signIns[adminapi.Throttled] == 0 || o.signIns[adminapi.WrongCredentials]+o.signIns[adminapi.Throttled] != 8 {
		t.Errorf("failed sign-ins %v, want 8 of both kinds", o.signIns)
	}
}
