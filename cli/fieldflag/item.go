package fieldflag

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
)

// parseItem fills m from the compact form key=value,key=value. It gives the
// reads that must wait until the command runs.
func parseItem(opt *Options, m protoreflect.Message, text, flag string) (late []func() error, err error) {
	for i, part := range splitCommas(text) {
		key, val, ok := strings.Cut(part, "=")
		if !ok || key == "" {
			// The part itself may be a piece of a secret: count, don't quote.
			return nil, fmt.Errorf("part %d is not key=value (a comma inside a value is written \\,); known keys: %s",
				i+1, strings.Join(itemKeys(opt, m.Descriptor(), nil), ", "))
		}
		read, err := setKey(opt, m, key, val, flag)
		if err != nil {
			return nil, err
		}
		if read != nil {
			late = append(late, read)
		}
	}
	return late, nil
}

// setKey sets the field of a dotted key. The secret field takes "-" for stdin, and
// has further keys, as --secret has further flags: secret-env and secret-file.
func setKey(opt *Options, m protoreflect.Message, key, val, flag string) (late func() error, err error) {
	names := strings.Split(strings.ReplaceAll(key, "-", "_"), ".")
	root := m
	for _, name := range names[:len(names)-1] {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if f == nil || !nested(f) || !visibility.Settable(f) {
			return nil, unknownKey(opt, root.Descriptor(), key)
		}
		m = m.Mutable(f).Message()
	}
	last := names[len(names)-1]
	f := m.Descriptor().Fields().ByName(protoreflect.Name(last))
	for suffix, read := range map[string]func(string) (string, error){
		"_env":  opt.Env.SecretFromEnv,
		"_file": func(name string) (string, error) { return opt.Env.SecretFromFile(flag, name) },
	} {
		base, ok := strings.CutSuffix(last, suffix)
		if f != nil || !ok {
			continue
		}
		if f = m.Descriptor().Fields().ByName(protoreflect.Name(base)); f == nil || !visibility.Secret(f) {
			return nil, unknownKey(opt, root.Descriptor(), key)
		}
		if val, err = read(val); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		m.Set(f, protoreflect.ValueOfString(val))
		return nil, nil
	}
	if f == nil || !visibility.Settable(f) || !isLeaf(f) {
		return nil, unknownKey(opt, root.Descriptor(), key)
	}
	if visibility.Secret(f) && val == "-" {
		return func() error {
			secret, err := opt.Env.SecretFromStdin(flag + " " + key)
			m.Set(f, protoreflect.ValueOfString(secret))
			return err
		}, nil
	}
	parsed, err := parseScalar(f, val, opt.Env.Now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	m.Set(f, parsed)
	return nil, nil
}

func unknownKey(opt *Options, md protoreflect.MessageDescriptor, key string) error {
	return fmt.Errorf("unknown key %q; known keys: %s", key, strings.Join(itemKeys(opt, md, nil), ", "))
}

// isLeaf reports whether f is written as one value. Lists within a list need a file.
func isLeaf(f protoreflect.FieldDescriptor) bool {
	return !f.IsList() && !f.IsMap() && (f.Message() == nil || isScalarMessage(f.Message()))
}

// itemKeys lists what the compact form of md knows.
func itemKeys(opt *Options, md protoreflect.MessageDescriptor, at []protoreflect.FieldDescriptor) []string {
	var keys []string
	for i := range md.Fields().Len() {
		f := md.Fields().Get(i)
		path := append(at[:len(at):len(at)], f)
		key := strings.ReplaceAll(fieldPath(path), "_", "-")
		switch {
		case !visibility.Settable(f):
		case isLeaf(f) && visibility.Secret(f):
			keys = append(keys, key, key+"-env", key+"-file")
		case isLeaf(f):
			keys = append(keys, key)
		case nested(f) && !inside(f.Message(), md, at):
			keys = append(keys, itemKeys(opt, f.Message(), path)...)
		}
	}
	return keys
}
