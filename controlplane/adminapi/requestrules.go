package adminapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// requestRules hold each request against the rules of its proto, so that handlers see
// well-formed ones only. connectrpc.com/validate does the same, with violations in a
// shape of its own; here they are those of every other invalid request.
type requestRules struct{ validator protovalidate.Validator }

func newRequestRules() (*requestRules, error) {
	v, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("admin API: build the validator: %w", err)
	}
	return &requestRules{v}, nil
}

func (v *requestRules) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		return next(ctx, spec, validatedStream{stream, v})
	}
}

// description says what a field must be; of an enum, by the names of its values.
func description(v *protovalidate.Violation) string {
	f := v.FieldDescriptor
	rule := v.Proto.GetRuleId()
	if f == nil || f.Enum() == nil || rule != "enum.defined_only" && rule != "enum.not_in" { // not_in: the zero value, which is none
		return v.Proto.GetMessage()
	}
	values := f.Enum().Values()
	names := make([]string, 0, values.Len())
	for i := range values.Len() {
		if values.Get(i).Number() != 0 {
			names = append(names, string(values.Get(i).Name()))
		}
	}
	return "must be one of " + strings.Join(names, ", ")
}

func (v *requestRules) check(msg proto.Message) error {
	var options []protovalidate.ValidationOption
	if req, ok := msg.(updateRequest); ok && len(req.GetUpdateMask().GetPaths()) > 0 {
		// The document in it is a part of one; update checks the whole.
		options = append(options, protovalidate.WithFilter(onlyOf(msg.ProtoReflect().Descriptor())))
	}
	err := v.validator.Validate(msg, options...)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok {
		return fmt.Errorf("validate %s: %w", msg.ProtoReflect().Descriptor().FullName(), err)
	}
	violations := make([]errs.Violation, len(invalid.Violations))
	for i, violation := range invalid.Violations {
		violations[i] = errs.Violation{
			Field:       fieldAtFault(msg, violation.Proto.GetField()),
			Description: description(violation),
		}
	}
	return errs.Invalid(violations...)
}

// onlyOf leaves out the rules of the messages inside a message.
func onlyOf(md protoreflect.MessageDescriptor) protovalidate.Filter {
	return protovalidate.FilterFunc(func(m protoreflect.Message, _ protoreflect.Descriptor) bool { return m.Descriptor() == md })
}

func fieldAtFault(msg proto.Message, path *validate.FieldPath) string {
	field := protovalidate.FieldPathString(path)
	many, ok := msg.(interface{ GetResources() []*adminv1.Resource })
	if !ok || len(path.GetElements()) == 0 {
		return field
	}
	return inConfiguration(field, path.GetElements()[0].GetIndex(), many.GetResources())
}

// validatedStream checks what it receives.
type validatedStream struct {
	connect.ServerStream
	*requestRules
}

func (s validatedStream) Receive(msg any) error {
	if err := s.ServerStream.Receive(msg); err != nil {
		return err
	}
	if m, ok := msg.(proto.Message); ok {
		return s.check(m)
	}
	return fmt.Errorf("validate %T: not a protobuf message", msg)
}
