package fieldflag

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
)

// value is the flag of one field. Set checks what is given at once, so that a
// mistake is an error of that flag; apply puts it into a message later.
type value struct {
	mt   protoreflect.MessageType
	path []protoreflect.FieldDescriptor
	opt  *Options
	name string

	given   bool
	single  protoreflect.Value // a singular field; invalid when it is to be unset
	list    []protoreflect.Value
	entries []entry
	late    []func() error // secrets on stdin, read only when the command runs
}

type entry struct {
	key   protoreflect.MapKey
	value protoreflect.Value
}

func (v *value) field() protoreflect.FieldDescriptor { return v.path[len(v.path)-1] }

// String implements pflag.Value. It is empty: a secret must not show in --help or in an error.
func (v *value) String() string { return "" }

// Type implements pflag.Value; --help shows it.
func (v *value) Type() string {
	f := v.field()
	switch {
	case f.IsMap():
		return "key=value"
	case f.IsList() && f.Message() != nil:
		return "key=value,..."
	case f.IsList():
		return typeName(f) + "s"
	default:
		return typeName(f)
	}
}

// Set implements pflag.Value.
func (v *value) Set(s string) error {
	v.given = true
	f := v.field()
	switch {
	case s == "":
		v.single, v.list, v.entries, v.late = protoreflect.Value{}, nil, nil, nil
		return nil
	case f.IsMap():
		return v.addEntries(s)
	case f.IsList() && f.Message() != nil:
		return v.addItem(s)
	case f.IsList():
		return v.addScalars(s)
	case visibility.Secret(f) && s == "-":
		v.readLate()
		return nil
	}
	parsed, err := parseScalar(f, s, v.opt.Env.Now)
	v.single = parsed
	return err
}

func (v *value) readLate() {
	v.late = []func() error{func() error {
		secret, err := v.opt.Env.SecretFromStdin("--" + v.name)
		v.single = protoreflect.ValueOfString(secret)
		return err
	}}
}

func (v *value) addEntries(s string) error {
	f := v.field()
	for _, part := range splitCommas(s) {
		k, x, ok := strings.Cut(part, "=")
		if !ok || k == "" {
			return fmt.Errorf("%q is not key=value", part)
		}
		key, err := parseScalar(f.MapKey(), k, v.opt.Env.Now)
		if err != nil {
			return err
		}
		if f.MapValue().Message() != nil && !isScalarMessage(f.MapValue().Message()) {
			return errors.New("cannot be written as a flag: use -f")
		}
		val, err := parseScalar(f.MapValue(), x, v.opt.Env.Now)
		if err != nil {
			return err
		}
		v.entries = append(v.entries, entry{key.MapKey(), val})
	}
	return nil
}

func (v *value) addScalars(s string) error {
	for _, part := range splitCommas(s) {
		x, err := parseScalar(v.field(), part, v.opt.Env.Now)
		if err != nil {
			return err
		}
		v.list = append(v.list, x)
	}
	return nil
}

func (v *value) addItem(s string) error {
	item := v.newItem()
	late, err := parseItem(v.opt, item.Message(), s, "--"+v.name)
	if err != nil {
		return err
	}
	v.list = append(v.list, item)
	v.late = append(v.late, late...)
	return nil
}

// newItem makes an element of the field, a list of messages.
func (v *value) newItem() protoreflect.Value {
	m := v.mt.New()
	for _, f := range v.path[:len(v.path)-1] {
		m = m.NewField(f).Message()
	}
	return m.NewField(v.field()).List().NewElement()
}

// apply replaces the field of m.
func (v *value) apply(m protoreflect.Message) error {
	for _, read := range v.late {
		if err := read(); err != nil {
			return err
		}
	}
	f := v.field()
	empty := !v.single.IsValid() && len(v.list) == 0 && len(v.entries) == 0
	for _, p := range v.path[:len(v.path)-1] {
		if empty && !m.Has(p) {
			return nil
		}
		m = m.Mutable(p).Message()
	}
	m.Clear(f)
	if v.single.IsValid() {
		m.Set(f, v.single)
	}
	for _, x := range v.list {
		m.Mutable(f).List().Append(x)
	}
	for _, e := range v.entries {
		m.Mutable(f).Map().Set(e.key, e.value)
	}
	return nil
}

// fromEnv is the flag that names an environment variable for a secret.
type fromEnv struct{ of *value }

func (e *fromEnv) String() string { return "" }
func (e *fromEnv) Type() string   { return "name" }

func (e *fromEnv) Set(name string) error {
	secret, err := e.of.opt.Env.SecretFromEnv(name)
	if err != nil {
		return err
	}
	e.of.given, e.of.late = true, nil
	e.of.single = protoreflect.ValueOfString(secret)
	return nil
}

// fromFile is the flag that names a file for a secret.
type fromFile struct{ of *value }

func (e *fromFile) String() string { return "" }
func (e *fromFile) Type() string   { return "file" }

func (e *fromFile) Set(name string) error {
	secret, err := e.of.opt.Env.SecretFromFile("--"+e.of.name+"-file", name)
	if err != nil {
		return err
	}
	e.of.given, e.of.late = true, nil
	e.of.single = protoreflect.ValueOfString(secret)
	return nil
}

// splitCommas splits at commas; one that belongs to a value is written \, and a backslash \\.
func splitCommas(s string) []string {
	var parts []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == ',' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == ',':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	return append(parts, b.String())
}
