package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func revision(r *adminv1.Revision) []string {
	return []string{
		strconv.FormatUint(r.GetRevision(), 10), output.Time(r.GetCommitTime()), output.Text(r.GetActor()), output.Text(inShort(r)),
	}
}

// inShort says what a revision changed: update ApiKey app, delete Group pool, and 12 more.
func inShort(r *adminv1.Revision) string {
	const most = 3
	var parts []string
	for _, c := range r.GetChanges()[:min(len(r.GetChanges()), most)] {
		parts = append(parts, strings.TrimSpace(operation(c)+" "+c.GetKind()+" "+c.GetName()))
	}
	if rest := int(r.GetChangeCount()) - len(parts); rest > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(parts, ", ")
}

func change(c *adminv1.ResourceChange) []string {
	return []string{operation(c), c.GetKind(), output.Text(c.GetName()), output.Text(strings.Join(c.GetDifferences(), "; "))}
}

func operation(c *adminv1.ResourceChange) string {
	return strings.ToLower(strings.TrimPrefix(c.GetOperation().String(), "OPERATION_"))
}

func rollbackException(e *adminv1.RollbackException) []string {
	return []string{e.GetKind(), output.Text(e.GetName()), e.GetReason()}
}

func unconfirmed(n *adminv1.UnconfirmedNode) []string {
	return []string{n.GetName(), yes(n.GetConnected()), output.Time(n.GetLastSeenTime()), n.GetReason()}
}
