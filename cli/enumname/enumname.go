// Package enumname writes enum values the way people type and read them:
// OPERATION_CREATE of enum Operation is create.
package enumname

import (
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Short is the value's name without the enum's own, in lower case with dashes.
func Short(v protoreflect.EnumValueDescriptor) string {
	name := strings.TrimPrefix(string(v.Name()), upperSnake(string(v.Parent().Name()))+"_")
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

// Of is the short name of a value.
func Of(value protoreflect.Enum) string { return Numbered(value.Descriptor(), value.Number()) }

// Numbered is the short name of the value with a number; of one that only a newer server knows, the number.
func Numbered(e protoreflect.EnumDescriptor, n protoreflect.EnumNumber) string {
	if v := e.Values().ByNumber(n); v != nil {
		return Short(v)
	}
	return strconv.Itoa(int(n))
}

// All lists the short names of an enum, without its zero value, which means "not given".
func All(e protoreflect.EnumDescriptor) []string {
	var names []string
	for i := range e.Values().Len() {
		if v := e.Values().Get(i); v.Number() != 0 {
			names = append(names, Short(v))
		}
	}
	return names
}

// Parse finds a value by its short name or by its full one.
func Parse(e protoreflect.EnumDescriptor, name string) (protoreflect.EnumNumber, bool) {
	for i := range e.Values().Len() {
		if v := e.Values().Get(i); Short(v) == name || string(v.Name()) == name {
			return v.Number(), true
		}
	}
	return 0, false
}

func upperSnake(camel string) string {
	var b strings.Builder
	for i, r := range camel {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
