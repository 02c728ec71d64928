package adminapi

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access"
)

const deviceCookie = "trunkline_device"

// devices are the browsers that have signed in: strangers' failures do not make them wait.
type devices struct {
	signed  access.Devices
	cookies cookies
	now     func() time.Time
}

// known gives the id of the caller's device if it has signed in as the user; else it is empty.
func (d *devices) known(ctx context.Context, info *connect.CallInfo, user string) string {
	value, _ := d.cookies.get(ctx, info, deviceCookie)
	return d.signed.Known(user, value, d.now())
}

// remember makes the caller's device one that is known.
func (d *devices) remember(ctx context.Context, info *connect.CallInfo, user string) {
	d.cookies.set(ctx, info, deviceCookie, d.signed.Issue(user, d.now()), access.DeviceLifetime)
}
