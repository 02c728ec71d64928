package output

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/cli/enumname"
)

// none stands for a value that is not there.
const none = "-"

// Time writes a point in time in UTC, to the second.
func Time(t *timestamppb.Timestamp) string {
	if t == nil {
		return none
	}
	return t.AsTime().UTC().Format(time.RFC3339)
}

// Duration writes a duration, to three digits or so.
func Duration(d *durationpb.Duration) string {
	if d == nil {
		return none
	}
	v := d.AsDuration()
	switch {
	case v >= time.Minute:
		v = v.Round(time.Second)
	case v >= time.Second:
		v = v.Round(time.Millisecond)
	case v >= time.Millisecond:
		v = v.Round(10 * time.Microsecond)
	}
	return v.String()
}

// Text writes a string, or a dash for an empty one.
func Text(s string) string {
	if s == "" {
		return none
	}
	return s
}

// Value writes the field f of m.
func Value(m protoreflect.Message, f protoreflect.FieldDescriptor) string {
	if f.HasPresence() && !m.Has(f) {
		return none
	}
	v := m.Get(f)
	switch {
	case f.IsMap():
		return Text(mapText(v.Map(), f))
	case f.IsList():
		texts := make([]string, v.List().Len())
		for i := range texts {
			texts[i] = scalarText(v.List().Get(i), f)
		}
		return Text(strings.Join(texts, ", "))
	default:
		return Text(scalarText(v, f))
	}
}

func mapText(m protoreflect.Map, f protoreflect.FieldDescriptor) string {
	var pairs []string
	m.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		pairs = append(pairs, k.String()+"="+scalarText(v, f.MapValue()))
		return true
	})
	slices.Sort(pairs)
	return strings.Join(pairs, ", ")
}

func scalarText(v protoreflect.Value, f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.EnumKind:
		return enumname.Numbered(f.Enum(), v.Enum())
	case protoreflect.MessageKind:
		switch m := v.Message().Interface().(type) {
		case *timestamppb.Timestamp:
			return Time(m)
		case *durationpb.Duration:
			return Duration(m)
		}
		return "{...}"
	case protoreflect.BytesKind:
		return fmt.Sprintf("%d bytes", len(v.Bytes()))
	default:
		return v.String()
	}
}

// simple reports whether f fits into a cell.
func simple(f protoreflect.FieldDescriptor) bool {
	if f.Message() == nil {
		return true
	}
	if f.IsMap() {
		return f.MapValue().Message() == nil
	}
	switch f.Message().FullName() {
	case "google.protobuf.Timestamp", "google.protobuf.Duration":
		return true
	}
	return false
}

// title writes a field's name for people: base_url is base url.
func title(f protoreflect.FieldDescriptor) string {
	return strings.ReplaceAll(string(f.Name()), "_", " ")
}

// Visible shows control characters instead of sending them to the terminal:
// names and reasons may come from upstreams and clients.
func Visible(s string) string {
	if strings.IndexFunc(s, invisible) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !invisible(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// invisible covers control characters and the ones that reorder text around them.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar
}
