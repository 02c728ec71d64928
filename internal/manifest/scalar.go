package manifest

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// scalar reads the value of a field that is one scalar. The text is taken as it is
// written, whatever YAML makes of it: a price of 0.15 is the string 0.15. Faults never
// quote it: it may come from the environment.
func (d *decoder) scalar(n *yaml.Node, path string, fd protoreflect.FieldDescriptor) (v protoreflect.Value, ok bool) {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, path, "must be %s", wanted(fd))
		return v, false
	}
	switch n.ShortTag() {
	case "!!null":
		d.fault(n, path, "has no value")
		return v, false
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!merge":
	default:
		d.fault(n, path, "has the tag %s, which is not supported", n.ShortTag())
		return v, false
	}
	text, fault := d.expand(n.Value)
	if fault == "" && !utf8.ValidString(text) {
		fault = "is not UTF-8"
	}
	if fault != "" {
		d.fault(n, path, "%s", fault)
		return v, false
	}
	if v, ok = convert(text, fd); !ok {
		d.fault(n, path, "must be %s", wanted(fd))
	}
	return v, ok
}

func convert(text string, fd protoreflect.FieldDescriptor) (v protoreflect.Value, ok bool) {
	var err error
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), true
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(text == "true"), text == "true" || text == "false"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		var i int64
		i, err = strconv.ParseInt(text, 10, 32)
		v = protoreflect.ValueOfInt32(int32(i))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		v = protoreflect.ValueOfInt64(i)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		var u uint64
		u, err = strconv.ParseUint(text, 10, 32)
		v = protoreflect.ValueOfUint32(uint32(u))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		var u uint64
		u, err = strconv.ParseUint(text, 10, 64)
		v = protoreflect.ValueOfUint64(u)
	case protoreflect.FloatKind:
		var f float64
		f, err = strconv.ParseFloat(text, 32)
		return protoreflect.ValueOfFloat32(float32(f)), err == nil && finite(f)
	case protoreflect.DoubleKind:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		return protoreflect.ValueOfFloat64(f), err == nil && finite(f)
	case protoreflect.BytesKind:
		var b []byte
		b, err = base64.StdEncoding.DecodeString(text)
		v = protoreflect.ValueOfBytes(b)
	case protoreflect.EnumKind:
		value := fd.Enum().Values().ByName(protoreflect.Name(text))
		if value == nil {
			return v, false
		}
		return protoreflect.ValueOfEnum(value.Number()), true
	case protoreflect.MessageKind:
		return wellKnown(text, fd.Message().FullName())
	default:
		return v, false
	}
	return v, err == nil
}

func wellKnown(text string, name protoreflect.FullName) (v protoreflect.Value, ok bool) {
	switch name {
	case durationName:
		d, err := time.ParseDuration(text)
		return protoreflect.ValueOfMessage(durationpb.New(d).ProtoReflect()), err == nil
	case timestampName:
		t, err := time.Parse(time.RFC3339Nano, text)
		return protoreflect.ValueOfMessage(timestamppb.New(t).ProtoReflect()), err == nil
	}
	return v, false
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// wanted says what a field takes.
func wanted(fd protoreflect.FieldDescriptor) string {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return "text"
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "a number"
	case protoreflect.BytesKind:
		return "base64"
	case protoreflect.EnumKind:
		return "a value of " + string(fd.Enum().Name())
	case protoreflect.MessageKind:
		if fd.Message().FullName() == durationName {
			return "a duration such as 30s, 5m or 1h30m"
		}
		return "a time such as 2027-01-01T00:00:00Z"
	}
	return "a whole number"
}
