package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/internal/manifest"
)

// KeptError is the error of an edit whose text is kept in a file.
type KeptError struct{ err error }

func (e *KeptError) Error() string { return e.err.Error() }
func (e *KeptError) Unwrap() error { return e.err }

// edit is the command that changes one document in an editor.
type edit struct {
	r           *Runtime
	get, update Method
	field       protoreflect.FieldDescriptor // the document in both answers and in the request
	cmd         *cobra.Command
}

const editLong = `Open the document as YAML in $VISUAL, else $EDITOR, else vi, and apply what is saved.
It is refused if somebody else changed the document in the meantime. Text that cannot
be applied is kept in a file, whose name is printed. Secrets are not shown, and are
kept unless new ones are entered.`

// edit makes the command where a service reads and replaces documents, else nil.
func (r *Runtime) edit(s *Service) *cobra.Command {
	get, there := s.method("get")
	update, both := s.method("update")
	if !there || !both {
		return nil
	}
	e := &edit{r: r, get: get, update: update, field: onlyMessage(update.in.Descriptor())}
	if e.field == nil || !isDocument(e.field.Message()) {
		return nil
	}
	c := &subcommand{r: r, service: s, method: get, shape: shapeOf(get)}
	e.cmd = &cobra.Command{
		Use: "edit", Short: "Change one in an editor", Long: editLong, Args: cobra.NoArgs, ValidArgsFunction: c.completeArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return e.run(cmd.Context(), args) },
	}
	if arg := identifier(get.in.Descriptor()); arg != nil {
		e.cmd.Use += " " + strings.ToUpper(string(arg.Name()))
		e.cmd.Args = cobra.ExactArgs(1)
	}
	return e.cmd
}

func (e *edit) run(ctx context.Context, args []string) error {
	in := e.get.in.New()
	if len(args) == 1 {
		in.Set(identifier(in.Descriptor()), protoreflect.ValueOfString(args[0]))
	}
	answer, err := e.call(ctx, e.get, in.Interface())
	if err != nil {
		return err
	}
	old := unwrap(answer)
	text, err := textOf(old, e.cmd.CommandPath())
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "trunklinectl-*.yaml") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	// Ctrl-C in the editor is the editor's.
	return e.loop(context.WithoutCancel(ctx), file.Name(), old, text)
}

// loop edits until the text is applied, is left as it was, or is given up.
func (e *edit) loop(ctx context.Context, file string, old proto.Message, before []byte) error {
	env := e.r.Env()
	for {
		if err := e.open(file); err != nil {
			return e.keep(file, err)
		}
		after, err := os.ReadFile(file)
		if err != nil {
			return e.keep(file, err)
		}
		if bytes.Equal(before, after) {
			fmt.Fprintln(env.Stderr, "nothing was changed")
			return os.Remove(file)
		}
		err = e.apply(ctx, old, after)
		if err == nil {
			return os.Remove(file)
		}
		if exit.Code(err) != exit.Invalid || !env.Interactive() {
			return e.keep(file, err)
		}
		exit.Report(env.Stderr, e.cmd.Root().Name(), err)
		again, askErr := env.Ask("Edit again? yes or no", "yes")
		if askErr != nil || !strings.HasPrefix(strings.ToLower(again), "y") {
			return e.keep(file, err)
		}
		before = nil // leaving it as it is now is no way out: it is not what is stored
	}
}

// keep says where the text is that was not applied.
func (e *edit) keep(file string, err error) error {
	fmt.Fprintf(e.r.Env().Stderr, "what you wrote is kept in %s\n", file)
	return &KeptError{err}
}

// open runs the editor, as git does: what the variable holds is a command with its arguments.
func (e *edit) open(file string) error {
	env := e.r.Env()
	editor := "vi"
	for _, name := range []string{"EDITOR", "VISUAL"} {
		if v := env.Getenv(name); v != "" {
			editor = v
		}
	}
	words := append(strings.Fields(editor), file)
	if runtime.GOOS != "windows" {
		words = []string{"sh", "-c", editor + ` "$1"`, "sh", file}
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = env.Stdin, env.Stdout, env.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run the editor %s: %w", editor, err)
	}
	return nil
}

// apply replaces the document by the text, if it is still what was opened.
func (e *edit) apply(ctx context.Context, old proto.Message, text []byte) error {
	docs, err := manifest.Read(bytes.NewReader(text), e.r.Env().LookupEnv)
	if err != nil {
		return err
	}
	kind := old.ProtoReflect().Descriptor()
	if len(docs) != 1 || docs[0].ProtoReflect().Descriptor() != kind {
		return exit.Invalidf("the text must hold one document of kind %s", kind.Name())
	}
	doc := docs[0].ProtoReflect()
	if f := identifier(kind); f != nil && !doc.Get(f).Equal(old.ProtoReflect().Get(f)) {
		return exit.Invalidf("the %s cannot be changed: it is %q", f.Name(), old.ProtoReflect().Get(f).String())
	}
	if f := kind.Fields().ByName(etagName); f != nil {
		doc.Set(f, old.ProtoReflect().Get(f))
	}
	in := e.update.in.New()
	in.Set(e.field, protoreflect.ValueOfMessage(doc))
	answer, err := e.call(ctx, e.update, in.Interface())
	if err != nil {
		return err
	}
	return e.r.Printer().Row(unwrap(answer))
}

func (e *edit) call(ctx context.Context, m Method, in proto.Message) (out proto.Message, err error) {
	err = e.r.Call(ctx, func(ctx context.Context, client *connect.Client) error {
		out, err = m.do(ctx, client, in)
		return err
	})
	return out, err
}

// textOf writes a document for an editor.
func textOf(doc proto.Message, command string) ([]byte, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "# %s: save and close to apply, leave as it is to change nothing.\n# Secrets are not shown, and stay as they are.\n", command)
	err := manifest.Write(&text, []proto.Message{doc})
	return text.Bytes(), err
}
