package takeover

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/takeover/sqlitefile"
	"github.com/trunkline-ai/trunkline/internal/manifest"
)

// maxExport is the largest file that is read, in bytes.
const maxExport = 64 << 20

// Apply sends documents to the server, or tells what that would do.
type Apply func(ctx context.Context, docs []proto.Message, dryRun bool) error

// command is one run of import-config.
type command struct {
	r       *cli.Runtime
	sources []Source
	send    Apply
	o       Options

	from          string
	secrets       bool
	apply, dryRun bool
	report        string
	strict        bool
}

// Command makes the import-config command.
func Command(r *cli.Runtime, send Apply, sources ...Source) *cobra.Command {
	c := &command{r: r, sources: sources, send: send}
	names, about := make([]string, len(sources)), ""
	for i, s := range sources {
		names[i] = s.Name()
		about += fmt.Sprintf("\n  %-9s %s", s.Name(), s.About())
	}
	cmd := &cobra.Command{
		Use:   "import-config --from GATEWAY FILE...",
		Short: "Convert the configuration of another gateway",
		Long: `Read the configuration of another gateway and write documents for apply to stdout,
and a report to stderr: line by line what was imported, what was changed, and what
was left out, each with the reason. Nothing is left out silently.
` + about + `

Secrets are written as ${NAME}, and the report lists the variables to set; with
--with-secrets they are written out. With --apply the documents are sent to the
server instead, with the secrets of the export; missing ones are taken from the
environment, or prompted for. --dry-run only shows what --apply would change.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&c.from, "from", "", "gateway: "+strings.Join(names, ", "))
	f.BoolVar(&c.secrets, "with-secrets", false, "write secrets into the documents")
	f.BoolVar(&c.apply, "apply", false, "apply the documents instead of writing them")
	f.BoolVar(&c.dryRun, "dry-run", false, "only show what --apply would change")
	f.StringVar(&c.report, "report", "", "file for the report instead of stderr")
	f.StringVar(&c.o.UserGroup, "user-group", "default", "group of users whose channels are imported (one-api, new-api)")
	f.StringVar(&c.o.QuotaPeriod, "quota-period", "", "convert the remaining quota of a token to a budget per day, week or month (one-api, new-api); default: leave quotas out")
	f.BoolVar(&c.strict, "strict", false, "exit with code 9, and apply nothing, if something was left out")
	_ = cmd.RegisterFlagCompletionFunc("from", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("quota-period", cobra.FixedCompletions(periods(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("user-group", cobra.NoFileCompletions)
	return cmd
}

func periods() []string { return []string{"day", "week", "month"} }

func (c *command) run(ctx context.Context, args []string) error {
	at := slices.IndexFunc(c.sources, func(s Source) bool { return s.Name() == c.from })
	switch {
	case at < 0:
		return exit.Usagef("--from must name a gateway: see --help")
	case c.o.QuotaPeriod != "" && !slices.Contains(periods(), c.o.QuotaPeriod):
		return exit.Usagef("--quota-period must be one of %s", strings.Join(periods(), ", "))
	case c.secrets && (c.apply || c.dryRun):
		return exit.Usagef("--with-secrets is about documents that are written, and --apply and --dry-run write none")
	}
	files, err := c.files(args)
	if err != nil {
		return err
	}
	d := NewDraft(c.o)
	if err := d.Read(c.sources[at], files); err != nil {
		return err
	}
	if err := c.tell(d); err != nil {
		return err
	}
	if c.strict && slices.ContainsFunc(d.entries, func(e Entry) bool { return e.Fate == Left }) {
		return exit.NotReachedf("something was left out: see the report")
	}
	if c.apply || c.dryRun {
		lookup := c.lookup(d)
		if c.dryRun {
			lookup = pretend(lookup)
		}
		docs, err := d.Documents(lookup)
		if err != nil {
			return err
		}
		return c.send(ctx, docs, c.dryRun)
	}
	return c.write(d)
}

// write writes the documents to stdout.
func (c *command) write(d *Draft) error {
	out := c.r.Env().Stdout
	if c.secrets {
		docs, err := d.Documents(c.lookup(d))
		if err != nil {
			return err
		}
		return manifest.Write(out, docs)
	}
	text, err := d.Manifest()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// lookup finds a secret: in the export, else in the environment, else by asking.
func (c *command) lookup(d *Draft) func(string) (string, bool) {
	env, asked := c.r.Env(), map[string]string{}
	return func(name string) (string, bool) {
		if value := d.Value(name); value != "" {
			return value, true
		}
		if value := env.Getenv(name); value != "" {
			return value, true
		}
		if value := asked[name]; value != "" || c.dryRun || !env.Interactive() {
			return value, value != ""
		}
		value, err := env.AskSecret(name)
		asked[name] = value
		return value, err == nil
	}
}

// pretend gives a text that could be a secret where there is none: a dry run needs no secrets.
func pretend(lookup func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if value, ok := lookup(name); ok {
			return value, true
		}
		return "sk-not-given-yet-" + name, true
	}
}

func (c *command) files(names []string) ([]*File, error) {
	files := make([]*File, len(names))
	for i, name := range names {
		data, err := c.read(name)
		if err != nil {
			return nil, err
		}
		files[i] = &File{Name: name, Data: data}
	}
	return files, nil
}

func (c *command) read(name string) ([]byte, error) {
	var in io.Reader
	if name == "-" {
		stdin, err := c.r.Env().TakeStdin("-")
		if err != nil {
			return nil, err
		}
		in = stdin
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	peek := bufio.NewReader(in)
	if head, _ := peek.Peek(len(sqlitefile.Head)); string(head) == sqlitefile.Head {
		if name == "-" {
			return nil, exit.Usagef("a SQLite database is read from its file, not from stdin: give its path")
		}
		return head, nil // it is opened by its path, and may be large
	}
	data, err := io.ReadAll(io.LimitReader(peek, maxExport+1))
	if err == nil && len(data) > maxExport {
		err = fmt.Errorf("it is larger than %d MiB", maxExport>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// tell writes the report, and which variables have to be set.
func (c *command) tell(d *Draft) (err error) {
	out := c.r.Env().Stderr
	if c.report != "" {
		f, err := os.Create(c.report)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	if err := d.WriteReport(out); err != nil {
		return err
	}
	if d.Settings != nil {
		if _, err := fmt.Fprintln(out, "the document Settings takes the place of all settings that there are"); err != nil {
			return err
		}
	}
	if names := d.Variables(); len(names) > 0 && !c.apply && !c.dryRun && !c.secrets {
		_, err = fmt.Fprintf(out, "set before apply: %s\n", strings.Join(names, ", "))
	}
	return err
}
