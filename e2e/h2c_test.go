package e2e

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// gRPC needs HTTP/2, which the console's port speaks without TLS only when it is asked to.
func TestTheAdminAPISpeaksGRPCWhereAskedTo(t *testing.T) {
	t.Parallel()
	for _, asked := range []bool{true, false} {
		args := []string{"--listen", anyPort, "--ops-listen", anyPort}
		if asked {
			args = append(args, "--h2c")
		}
		all := programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword}, args...)
		conn, err := grpc.NewClient(strings.TrimPrefix(all.Address("console"), "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer nobody"), patience)
		defer cancel()
		err = conn.Invoke(ctx, adminv1connect.SessionServiceWhoAmIProcedure, &adminv1.WhoAmIRequest{}, &adminv1.WhoAmIResponse{})
		if heard := status.Code(err) == codes.Unauthenticated; heard != asked || err == nil {
			t.Errorf("--h2c %t: %v", asked, err)
		}
	}
}
