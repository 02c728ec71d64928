package adminapi

import (
	"context"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// userService manages the people who sign in.
type userService struct {
	access   access.Store
	accounts *accounts
	rules    *requestRules
	now      func() time.Time
}

// ListUsers lists them in name order.
func (s userService) ListUsers(ctx context.Context, _ *adminv1.ListUsersRequest) (*adminv1.ListUsersResponse, error) {
	users, err := s.access.ListUsers(ctx)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListUsersResponse{Users: make([]*adminv1.User, len(users))}
	for i, u := range users {
		res.Users[i] = s.view(u)
	}
	return res, nil
}

// GetUser returns one user.
func (s userService) GetUser(ctx context.Context, req *adminv1.GetUserRequest) (*adminv1.GetUserResponse, error) {
	u, err := s.user(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetUserResponse{User: s.view(u)}, nil
}

// CreateUser creates a user.
func (s userService) CreateUser(ctx context.Context, req *adminv1.CreateUserRequest) (*adminv1.CreateUserResponse, error) {
	asked := req.GetUser()
	var violations []errs.Violation
	if !plaintext.IsPlain(asked.GetName()) {
		violations = append(violations, errs.Violation{Field: "user.name", Description: plaintext.Rule})
	}
	if fault := s.accounts.refused(asked.GetPassword()); fault != "" {
		violations = append(violations, errs.Violation{Field: "user.password", Description: fault})
	}
	if len(violations) > 0 {
		return nil, errs.Invalid(violations...)
	}
	u := access.User{ID: uuid.NewString(), Name: asked.GetName(), Role: asked.GetRole(), Disabled: asked.GetDisabled(), CreatedAt: s.now()}
	if asked.GetPassword() != "" {
		if err := s.setPassword(ctx, &u, asked.GetPassword()); err != nil {
			return nil, err
		}
	}
	if err := s.access.CreateUser(ctx, u); err != nil {
		return nil, err
	}
	return &adminv1.CreateUserResponse{User: s.view(u)}, nil
}

// UpdateUser changes a user. A new password, given by somebody else, ends the sessions of the old one.
func (s userService) UpdateUser(ctx context.Context, req *adminv1.UpdateUserRequest) (*adminv1.UpdateUserResponse, error) {
	asked := req.GetUser()
	changes, err := userChanges(req)
	if err != nil {
		return nil, err
	}
	present, err := s.user(ctx, asked.GetName())
	if err != nil {
		return nil, err
	}
	var set access.User
	if changes["password"] {
		if set, err = s.newPassword(ctx, present, asked.GetPassword()); err != nil {
			return nil, err
		}
	}
	u, err := s.access.UpdateUser(ctx, asked.GetName(), caller(ctx).session, func(u *access.User) error {
		if changes["role"] {
			u.Role = asked.GetRole()
		}
		if changes["disabled"] {
			u.Disabled = asked.GetDisabled()
		}
		if changes["password"] {
			u.Salt, u.Verifier, u.Version = set.Salt, set.Verifier, u.Version+1
		}
		return s.rules.check(&adminv1.CreateUserRequest{User: &adminv1.User{Name: u.Name, Role: u.Role, Disabled: u.Disabled, Password: asked.GetPassword()}})
	})
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateUserResponse{User: s.view(u)}, nil
}

// userChanges are the fields that a request changes: those of its mask, else all that can be, and the password if there is one.
func userChanges(req *adminv1.UpdateUserRequest) (map[string]bool, error) {
	paths := req.GetUpdateMask().GetPaths()
	if len(paths) == 0 {
		return map[string]bool{"role": true, "disabled": true, "password": req.GetUser().GetPassword() != ""}, nil
	}
	if _, err := updateMask.fields(req.GetUser().ProtoReflect().Descriptor(), paths); err != nil {
		return nil, err
	}
	changes := map[string]bool{}
	for _, path := range paths {
		changes[path] = true
	}
	return changes, nil
}

// newPassword makes what is stored of a password that is set for a user.
func (s userService) newPassword(ctx context.Context, u access.User, plain string) (access.User, error) {
	if !s.accounts.changeable(u.Name) {
		return access.User{}, errs.Newf(errs.FailedPrecondition, "ADMIN_PASSWORD sets the password of %q: change it there and restart every replica", u.Name)
	}
	fault := s.accounts.refused(plain)
	if plain == "" {
		fault = "must be at least 8 bytes"
	}
	if fault != "" {
		return access.User{}, errs.Invalid(errs.Violation{Field: "user.password", Description: fault})
	}
	return u, s.setPassword(ctx, &u, plain)
}

func (s userService) setPassword(ctx context.Context, u *access.User, plain string) error {
	slotCtx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	set, err := s.accounts.passwords.set(slotCtx, plain)
	if err != nil {
		return tooManyAttempts(slotWait)
	}
	u.Salt, u.Verifier = set.salt, set.value
	return nil
}

// DeleteUser deletes a user with sessions and tokens.
func (s userService) DeleteUser(ctx context.Context, req *adminv1.DeleteUserRequest) (*adminv1.DeleteUserResponse, error) {
	if _, err := s.user(ctx, req.GetName()); err != nil {
		return nil, err
	}
	if req.GetName() == s.accounts.configured {
		return nil, errs.Newf(errs.FailedPrecondition, "%q is ADMIN_USERNAME and would be created again at a restart: disable the user instead", req.GetName())
	}
	if err := s.access.DeleteUser(ctx, req.GetName()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteUserResponse{}, nil
}

// ResetTotp takes the second factor from a user, and ends the sessions that used it.
func (s userService) ResetTotp(ctx context.Context, req *adminv1.ResetTotpRequest) (*adminv1.ResetTotpResponse, error) {
	if _, err := s.user(ctx, req.GetName()); err != nil {
		return nil, err
	}
	if err := removeTOTP(ctx, s.access, req.GetName(), func(u *access.User) { u.Version++ }); err != nil {
		return nil, err
	}
	return &adminv1.ResetTotpResponse{}, nil
}

func (s userService) user(ctx context.Context, name string) (access.User, error) {
	if !storable(name) {
		return access.User{}, errs.Newf(errs.NotFound, "user %q does not exist", name)
	}
	return s.access.User(ctx, name)
}

func (s userService) view(u access.User) *adminv1.User {
	view := &adminv1.User{
		Name: u.Name, Role: u.Role, Disabled: u.Disabled, HasPassword: s.accounts.hasPassword(u), TotpEnabled: len(u.TOTPKey) > 0,
		Configured: u.Name == s.accounts.configured, CreateTime: timestamppb.New(u.CreatedAt),
	}
	if !u.SignedInAt.IsZero() {
		view.SignInTime = timestamppb.New(u.SignedInAt)
	}
	return view
}
