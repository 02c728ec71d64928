package declare

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/proc"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// readFiles reads the documents of files, directories and stdin, in the order given.
func readFiles(env *proc.Env, names []string) ([]*adminv1.Resource, error) {
	var all []*adminv1.Resource
	for _, name := range names {
		files, err := expand(name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			some, err := readFile(env, file)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

// expand gives the files of a directory in name order, and anything else as it is.
func expand(name string) ([]string, error) {
	if name == "-" {
		return []string{name}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".yaml", ".yml", ".json":
			if !e.IsDir() {
				files = append(files, filepath.Join(name, e.Name()))
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("directory %s contains no .yaml, .yml or .json file", name)
	}
	return files, nil
}

func readFile(env *proc.Env, name string) ([]*adminv1.Resource, error) {
	var in io.Reader
	if name == "-" {
		stdin, err := env.TakeStdin("-f -")
		if err != nil {
			return nil, err
		}
		in, name = stdin, "stdin"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	docs, err := manifest.Read(in, env.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	resources := make([]*adminv1.Resource, len(docs))
	for i, doc := range docs {
		if resources[i] = resourceOf(doc); resources[i] == nil {
			return nil, fmt.Errorf("%s: document %d is a %s, which is not part of a configuration",
				name, i+1, doc.ProtoReflect().Descriptor().Name())
		}
	}
	return resources, nil
}

// resourceOf wraps a document, or gives nil for one of no known kind.
func resourceOf(doc proto.Message) *adminv1.Resource {
	res := &adminv1.Resource{}
	specs := res.ProtoReflect().Descriptor().Oneofs().ByName("spec").Fields()
	for i := range specs.Len() {
		if specs.Get(i).Message() == doc.ProtoReflect().Descriptor() {
			res.ProtoReflect().Set(specs.Get(i), protoreflect.ValueOfMessage(doc.ProtoReflect()))
			return res
		}
	}
	return nil
}

// documentOf unwraps a resource, or gives nil for one of a kind that this program does not know.
func documentOf(res *adminv1.Resource) proto.Message {
	m := res.ProtoReflect()
	f := m.WhichOneof(m.Descriptor().Oneofs().ByName("spec"))
	if f == nil {
		return nil
	}
	return m.Get(f).Message().Interface()
}
