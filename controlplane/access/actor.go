package access

import (
	"context"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Actor is who makes a call of the admin API, and from where. It has either a user or a token; before
// signing in neither, and no role.
type Actor struct {
	User    string // name of a user
	Token   string // name of a token
	Role    adminv1.Role
	Address string // IP address; empty when it cannot be read
}

// String is the actor as logs and histories name it.
func (a Actor) String() string {
	switch {
	case a.Token != "":
		return "token:" + a.Token
	case a.User != "":
		return "user:" + a.User
	}
	return "nobody"
}

type actorKey struct{}

// WithActor says who makes the call.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns who makes the call; nobody outside of the admin API.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}
