package declare

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// tally counts changes by what is done.
type tally struct{ created, updated, deleted, unchanged int }

func countChanges(changes []*adminv1.ResourceChange) tally {
	var t tally
	for _, c := range changes {
		switch c.GetOperation() {
		case adminv1.Operation_OPERATION_CREATE:
			t.created++
		case adminv1.Operation_OPERATION_UPDATE:
			t.updated++
		case adminv1.Operation_OPERATION_DELETE:
			t.deleted++
		case adminv1.Operation_OPERATION_UNCHANGED, adminv1.Operation_OPERATION_UNSPECIFIED:
			t.unchanged++
		}
	}
	return t
}

func (t tally) any() bool { return t.created+t.updated+t.deleted > 0 }

// printApplied prints a row per change, the keys that were made, and the sum.
func printApplied(p *output.Printer, done *adminv1.ApplyConfigResponse) error {
	t := countChanges(done.GetChanges())
	if t.any() {
		g := output.NewGrid("kind", "name", "change")
		for _, c := range done.GetChanges() {
			if verb, ok := verbOf(c.GetOperation()); ok {
				g.Add(c.GetKind(), output.Text(c.GetName()), verb.done)
			}
		}
		if err := g.Write(p.Out); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(p.Out, "%d created, %d updated, %d deleted, %d unchanged; revision %d\n",
		t.created, t.updated, t.deleted, t.unchanged, done.GetRevision()); err != nil {
		return err
	}
	return printKeys(p, done.GetGeneratedKeys())
}

// printKeys prints secrets, which nobody can ever read again.
func printKeys(p *output.Printer, keys []*adminv1.GeneratedKey) error {
	if len(keys) == 0 {
		return nil
	}
	g := output.NewGrid("api key", "secret")
	for _, k := range keys {
		g.Add(k.GetName(), k.GetSecret())
	}
	if _, err := fmt.Fprintln(p.Out); err != nil {
		return err
	}
	if err := g.Write(p.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.Notes, "The secrets are shown this once and cannot be read again: store them now.")
	return err
}

// printDiff prints each change with its fields, and the sum.
func printDiff(p *output.Printer, paint painter, found *adminv1.DiffConfigResponse) error {
	var out bytes.Buffer
	writeChanges(&out, paint, found.GetChanges())
	t := countChanges(found.GetChanges())
	fmt.Fprintf(&out, "%d to create, %d to update, %d to delete, %d unchanged; revision %d\n",
		t.created, t.updated, t.deleted, t.unchanged, found.GetRevision())
	_, err := p.Out.Write(out.Bytes())
	return err
}

// writeChanges writes a line for each change, and below it one for each field that differs and
// for each document that refers to what is deleted.
func writeChanges(out *bytes.Buffer, paint painter, changes []*adminv1.ResourceChange) {
	for _, c := range changes {
		verb, ok := verbOf(c.GetOperation())
		if !ok {
			continue
		}
		line := strings.TrimRight(fmt.Sprintf("%s %s %s", verb.sign, c.GetKind(), output.Visible(c.GetName())), " ")
		fmt.Fprintln(out, paint.in(verb.colour, line))
		for _, difference := range c.GetDifferences() {
			fmt.Fprintf(out, "    %s\n", paint.difference(output.Visible(difference)))
		}
		for _, user := range c.GetUsedBy() {
			fmt.Fprintf(out, "    used by %s\n", output.Visible(user))
		}
	}
}

type verb struct {
	sign, done string
	colour     colour
}

// verbOf names an operation; ok is false for one that changes nothing.
func verbOf(op adminv1.Operation) (v verb, ok bool) {
	switch op {
	case adminv1.Operation_OPERATION_CREATE:
		return verb{"+", "created", green}, true
	case adminv1.Operation_OPERATION_UPDATE:
		return verb{"~", "updated", yellow}, true
	case adminv1.Operation_OPERATION_DELETE:
		return verb{"-", "deleted", red}, true
	}
	return verb{}, false
}
