package routing

import adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"

// scope names what a node's line of health is about: a provider, or one of its models or
// credentials.
type scope struct{ provider, model, credential string }

// report is what one node says of a scope; of those that are simply healthy it says nothing.
type report struct {
	node int // its place among the connected nodes
	line *adminv1.TargetHealth
}

// reports are the lines of all connected nodes, those of one scope in the order of the nodes.
type reports struct {
	of        map[scope][]report
	providers map[string]bool // those of which anything is reported
}

func readReports(nodes []*adminv1.Node) (connected []string, r reports) {
	lines := 0
	for _, n := range nodes {
		lines = max(lines, len(n.GetTargets())) // nodes mostly report of the same
	}
	r = reports{of: make(map[scope][]report, lines), providers: map[string]bool{}}
	for _, n := range nodes {
		if !n.GetConnected() {
			continue
		}
		for _, line := range n.GetTargets() {
			s := scope{line.GetProvider(), line.GetModel(), line.GetCredential()}
			r.of[s] = append(r.of[s], report{len(connected), line})
			r.providers[s.provider] = true
		}
		connected = append(connected, n.GetName())
	}
	return connected, r
}
