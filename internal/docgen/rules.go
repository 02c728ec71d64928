package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/internal/manifest"
)

func rulesOf(f protoreflect.FieldDescriptor) *validate.FieldRules {
	return proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
}

// limits says in words what a field may hold; empty: whatever its type can.
func limits(f protoreflect.FieldDescriptor) string {
	r := rulesOf(f)
	var out []string
	if r.GetRequired() {
		out = append(out, "required")
	}
	for _, cel := range r.GetCel() {
		out = append(out, cel.GetMessage())
	}
	switch {
	case r.GetRepeated() != nil:
		out = append(out, counts(r.GetRepeated().MinItems, r.GetRepeated().MaxItems, "entries")...)
		if r.GetRepeated().GetUnique() {
			out = append(out, "each once")
		}
		if items := r.GetRepeated().GetItems(); items != nil {
			out = append(out, each(scalarLimits(items))...)
		}
	case r.GetMap() != nil:
		out = append(out, counts(r.GetMap().MinPairs, r.GetMap().MaxPairs, "entries")...)
	default:
		out = append(out, scalarLimits(r)...)
	}
	return strings.Join(out, "; ")
}

func each(limits []string) []string {
	if len(limits) == 0 {
		return nil
	}
	return []string{"each " + strings.Join(limits, ", ")}
}

func scalarLimits(r *validate.FieldRules) (out []string) {
	switch {
	case r.GetString() != nil:
		s := r.GetString()
		out = append(out, counts(s.MinLen, s.MaxLen, "characters")...)
		out = append(out, counts(s.MinBytes, s.MaxBytes, "bytes")...)
		if len(s.GetIn()) > 0 {
			out = append(out, "one of "+oneOf(s.GetIn()))
		}
	case r.GetInt32() != nil:
		out = append(out, between(r.GetInt32().HasGte(), int64(r.GetInt32().GetGte()), r.GetInt32().HasLte(), int64(r.GetInt32().GetLte()), number)...)
	case r.GetInt64() != nil:
		out = append(out, between(r.GetInt64().HasGte(), r.GetInt64().GetGte(), r.GetInt64().HasLte(), r.GetInt64().GetLte(), number)...)
	case r.GetDouble() != nil:
		out = append(out, between(r.GetDouble().HasGte(), r.GetDouble().GetGte(), r.GetDouble().HasLte(), r.GetDouble().GetLte(), decimal)...)
	case r.GetDuration() != nil:
		d := r.GetDuration()
		out = append(out, between(d.HasGte(), span(d.GetGte()), d.HasLte(), span(d.GetLte()), manifest.Duration)...)
	}
	return out
}

func counts(least, most *uint64, of string) []string {
	switch {
	case least != nil && most != nil && *least == *most:
		return []string{fmt.Sprintf("%s %s", number(int64(*least)), of)}
	case least != nil && *least > 0 && most != nil:
		return []string{fmt.Sprintf("%s to %s %s", number(int64(*least)), number(int64(*most)), of)}
	case most != nil:
		return []string{fmt.Sprintf("at most %s %s", number(int64(*most)), of)}
	case least != nil && *least > 0:
		return []string{fmt.Sprintf("at least %s %s", number(int64(*least)), of)}
	}
	return nil
}

func between[T int64 | float64 | time.Duration](hasLeast bool, least T, hasMost bool, most T, text func(T) string) []string {
	switch {
	case hasLeast && hasMost:
		return []string{text(least) + " to " + text(most)}
	case hasLeast:
		return []string{"at least " + text(least)}
	case hasMost:
		return []string{"at most " + text(most)}
	}
	return nil
}

// oneOf lists texts; the empty one means that the default holds.
func oneOf(values []string) string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, "`"+v+"`")
		}
	}
	return strings.Join(out, ", ")
}

// number groups the digits of large numbers.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func span(d *durationpb.Duration) time.Duration { return d.AsDuration() }
