package adminapi

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ListSessions lists where the caller is signed in, or everybody.
func (s userService) ListSessions(ctx context.Context, req *adminv1.ListSessionsRequest) (*adminv1.ListSessionsResponse, error) {
	id := caller(ctx)
	of := id.userID
	switch {
	case req.GetAllUsers():
		if id.Role < adminv1.Role_ROLE_OWNER {
			return nil, errs.Newf(errs.PermissionDenied, "only owners can list the sessions of all users: list your own")
		}
		of = ""
	case of == "": // a token that is nobody's
		return &adminv1.ListSessionsResponse{}, nil
	}
	sessions, err := s.access.ListSessions(ctx, of, s.now())
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListSessionsResponse{Sessions: make([]*adminv1.Session, len(sessions))}
	for i, found := range sessions {
		res.Sessions[i] = &adminv1.Session{
			Id: found.ID, User: found.User, Address: found.Address, UserAgent: found.UserAgent,
			CreateTime: timestamppb.New(found.CreatedAt), UseTime: timestamppb.New(found.SeenAt), ExpireTime: timestamppb.New(found.ExpiresAt),
			Current: found.Hash == id.session,
		}
	}
	return res, nil
}

// RevokeSession ends one session.
func (s userService) RevokeSession(ctx context.Context, req *adminv1.RevokeSessionRequest) (*adminv1.RevokeSessionResponse, error) {
	id := caller(ctx)
	if !storable(req.GetId()) || id.belongsToNobody() {
		return nil, errs.Newf(errs.NotFound, "the session does not exist")
	}
	if id.lesser {
		return nil, errLesser()
	}
	if err := s.access.DeleteSessionByID(ctx, req.GetId(), id.scope()); err != nil {
		return nil, err
	}
	return &adminv1.RevokeSessionResponse{}, nil
}

// RevokeAllSessions ends every session of a user but the one that asks.
func (s userService) RevokeAllSessions(ctx context.Context, req *adminv1.RevokeAllSessionsRequest) (*adminv1.RevokeAllSessionsResponse, error) {
	id := caller(ctx)
	of := id.userID
	if name := req.GetUser(); name != "" && name != id.User {
		if id.Role < adminv1.Role_ROLE_OWNER {
			return nil, errs.Newf(errs.PermissionDenied, "only owners can end the sessions of other users")
		}
		u, err := s.user(ctx, name)
		if err != nil {
			return nil, err
		}
		of = u.ID
	}
	if id.lesser {
		return nil, errLesser()
	}
	if of == "" {
		return &adminv1.RevokeAllSessionsResponse{}, nil
	}
	ended, err := s.access.DeleteSessions(ctx, of, id.session)
	if err != nil {
		return nil, err
	}
	return &adminv1.RevokeAllSessionsResponse{EndedCount: int32(ended)}, nil
}

// errLesser keeps a token that may only read from signing its user out.
func errLesser() error {
	return errs.Newf(errs.PermissionDenied, "this token has fewer permissions than its user and cannot end the user's sessions: sign in")
}
