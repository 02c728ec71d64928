// Package contexts keeps the servers that an operator works with, and the tokens for
// them, in one file of the operator alone. docs/cli.md documents its form.
package contexts

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/proc"
)

// The environment variables that choose the file, and a context in it.
const (
	EnvFile    = "TRUNKLINE_CONTEXTS_FILE"
	EnvContext = "TRUNKLINE_CONTEXT"
)

// maxFile bounds what is read of the file, in bytes.
const maxFile = 1 << 20

// Context is one server and who one is to it.
type Context struct {
	Name   string `yaml:"name"`
	Server string `yaml:"server"`
	// CAFile is the PEM file of the authorities to trust instead of the system's.
	CAFile             string `yaml:"ca_file,omitempty"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify,omitempty"`
	Token              string `yaml:"token,omitempty"`
}

// File is all contexts. Its zero value has none.
type File struct {
	Current  string    `yaml:"current,omitempty"` // name of the one that is used when nothing is said
	Contexts []Context `yaml:"contexts,omitempty"`

	path string
}

// Path says where the file is: $TRUNKLINE_CONTEXTS_FILE, else trunkline/contexts.yaml in the
// user's directory of configuration. It is empty where there is no such directory.
func Path(env *proc.Env) string {
	if file := env.Getenv(EnvFile); file != "" {
		return file
	}
	var dir string
	switch {
	case runtime.GOOS == "windows":
		dir = env.Getenv("AppData")
	case filepath.IsAbs(env.Getenv("XDG_CONFIG_HOME")):
		dir = env.Getenv("XDG_CONFIG_HOME")
	case env.Getenv("HOME") != "":
		dir = filepath.Join(env.Getenv("HOME"), ".config")
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "trunkline", "contexts.yaml")
}

// Load reads the file; one that does not exist has no contexts. A file that others can
// read is refused: it holds tokens.
func Load(env *proc.Env) (*File, error) {
	file := &File{path: Path(env)}
	if file.path == "" {
		return file, nil
	}
	f, err := os.Open(file.path)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the contexts: %w", err)
	}
	defer f.Close()
	if err := private(f); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read the contexts: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is not a valid contexts file: %s", file.path, faultOf(err))
	}
	return file, file.check()
}

// private refuses a file that anybody but its owner may read or write. Windows has no such bits.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the contexts: %w", err)
	}
	if perm := info.Mode().Perm(); runtime.GOOS != "windows" && perm&0o077 != 0 {
		return fmt.Errorf("%s contains tokens and is accessible by other users (mode %04o); run chmod 600 %s", f.Name(), perm, f.Name())
	}
	return nil
}

// faultOf says where the file is wrong, without what stands there: it may be a token.
func faultOf(err error) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n  "), "\n")
	where, _, found := strings.Cut(strings.TrimPrefix(line, "yaml: "), ":")
	if !found || !strings.HasPrefix(where, "line ") {
		return "it is not valid"
	}
	return where + " is not valid"
}

func (f *File) check() error {
	seen := map[string]bool{}
	for _, c := range f.Contexts {
		if c.Name == "" || c.Server == "" || seen[c.Name] {
			return fmt.Errorf("%s is not a valid contexts file: each context needs a unique name and a server", f.path)
		}
		seen[c.Name] = true
	}
	return nil
}

// Where is the path of the file.
func (f *File) Where() string { return f.path }

// Get gives the context of a name, or nil.
func (f *File) Get(name string) *Context {
	for i := range f.Contexts {
		if f.Contexts[i].Name == name {
			return &f.Contexts[i]
		}
	}
	return nil
}

// Must gives the context of a name, which has to be there.
func (f *File) Must(name string) (*Context, error) {
	if c := f.Get(name); c != nil {
		return c, nil
	}
	if len(f.Contexts) == 0 {
		return nil, exit.Usagef("context %q does not exist; there is none yet: log in, or use context set", name)
	}
	return nil, exit.Usagef("context %q does not exist; there are %s", name, strings.Join(f.Names(), ", "))
}

// Names lists the contexts in order.
func (f *File) Names() []string {
	names := make([]string, len(f.Contexts))
	for i, c := range f.Contexts {
		names[i] = c.Name
	}
	return names
}

// Selected gives the context to use: the one named, else $TRUNKLINE_CONTEXT, else the current
// one. It is nil when none of them is set.
func (f *File) Selected(env *proc.Env, named string) (*Context, error) {
	name := cmp.Or(named, env.Getenv(EnvContext), f.Current)
	if name == "" {
		return nil, nil
	}
	return f.Must(name)
}

// Put adds a context or replaces the one of its name.
func (f *File) Put(c Context) {
	if old := f.Get(c.Name); old != nil {
		*old = c
		return
	}
	f.Contexts = append(f.Contexts, c)
	slices.SortFunc(f.Contexts, func(a, b Context) int { return strings.Compare(a.Name, b.Name) })
}

// Delete takes a context away, and stops it from being the current one.
func (f *File) Delete(name string) {
	f.Contexts = slices.DeleteFunc(f.Contexts, func(c Context) bool { return c.Name == name })
	if f.Current == name {
		f.Current = ""
	}
}
