package fieldflag

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/cli/enumname"
)

const (
	durationName  protoreflect.FullName = "google.protobuf.Duration"
	timestampName protoreflect.FullName = "google.protobuf.Timestamp"
)

// isScalarMessage reports whether a message is written as one value.
func isScalarMessage(m protoreflect.MessageDescriptor) bool {
	return m.FullName() == durationName || m.FullName() == timestampName
}

// typeName is the kind of value that --help shows.
func typeName(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.StringKind:
		return "string"
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.EnumKind:
		return "name"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "number"
	case protoreflect.MessageKind:
		if f.Message().FullName() == durationName {
			return "duration"
		}
		return "time"
	default:
		return "int"
	}
}

// parseScalar reads one value of the field's type; times may be relative to now.
func parseScalar(f protoreflect.FieldDescriptor, s string, now func() time.Time) (protoreflect.Value, error) {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(s), nil
	case protoreflect.BoolKind:
		return parseBool(s)
	case protoreflect.EnumKind:
		n, ok := enumname.Parse(f.Enum(), s)
		if !ok {
			return protoreflect.Value{}, fmt.Errorf("%q is none of %s", s, strings.Join(enumname.All(f.Enum()), ", "))
		}
		return protoreflect.ValueOfEnum(n), nil
	case protoreflect.MessageKind:
		return parseTime(f.Message(), s, now)
	default:
		return parseNumber(f.Kind(), s)
	}
}

func parseBool(s string) (protoreflect.Value, error) {
	switch s {
	case "true":
		return protoreflect.ValueOfBool(true), nil
	case "false":
		return protoreflect.ValueOfBool(false), nil
	}
	return protoreflect.Value{}, fmt.Errorf("%q is neither true nor false", s)
}

func parseNumber(kind protoreflect.Kind, s string) (protoreflect.Value, error) {
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		n, err := strconv.ParseInt(s, 10, 32)
		return protoreflect.ValueOfInt32(int32(n)), numberError(s, "a whole number", err)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		n, err := strconv.ParseInt(s, 10, 64)
		return protoreflect.ValueOfInt64(n), numberError(s, "a whole number", err)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		n, err := strconv.ParseUint(s, 10, 32)
		return protoreflect.ValueOfUint32(uint32(n)), numberError(s, "a whole number of 0 or more", err)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		n, err := strconv.ParseUint(s, 10, 64)
		return protoreflect.ValueOfUint64(n), numberError(s, "a whole number of 0 or more", err)
	case protoreflect.DoubleKind:
		n, err := strconv.ParseFloat(s, 64)
		return protoreflect.ValueOfFloat64(n), numberError(s, "a number", err)
	case protoreflect.FloatKind:
		n, err := strconv.ParseFloat(s, 32)
		return protoreflect.ValueOfFloat32(float32(n)), numberError(s, "a number", err)
	}
	return protoreflect.Value{}, fmt.Errorf("a field of type %s cannot be written as a flag", kind)
}

// numberError says what was wanted instead of what strconv calls it.
func numberError(s, want string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("%q is out of range", s)
	default:
		return fmt.Errorf("%q is not %s", s, want)
	}
}

func parseTime(m protoreflect.MessageDescriptor, s string, now func() time.Time) (protoreflect.Value, error) {
	if m.FullName() == durationName {
		d, err := time.ParseDuration(s)
		if err != nil {
			return protoreflect.Value{}, fmt.Errorf("%q is not a duration such as 500ms, 30s or 5m", s)
		}
		return protoreflect.ValueOfMessage(durationpb.New(d).ProtoReflect()), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err == nil {
		return protoreflect.ValueOfMessage(timestamppb.New(t).ProtoReflect()), nil
	}
	// A sign keeps "5m" from being taken for a point in time by mistake.
	if d, err := time.ParseDuration(s); err == nil && (s[0] == '-' || s[0] == '+') {
		return protoreflect.ValueOfMessage(timestamppb.New(now().Add(d)).ProtoReflect()), nil
	}
	return protoreflect.Value{}, fmt.Errorf("%q is not a time such as 2027-01-31T00:00:00Z, or relative to now such as -15m or +720h", s)
}
