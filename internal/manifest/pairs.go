package manifest

import "go.yaml.in/yaml/v3"

// pair is one entry of a mapping.
type pair struct{ key, value *yaml.Node }

// follow gives the node itself, or the one that an alias stands for. It is where the
// budget for aliases is spent.
func (d *decoder) follow(n *yaml.Node, path string) (*yaml.Node, bool) {
	if n.Kind != yaml.AliasNode {
		return n, true
	}
	if d.budget -= size(n.Alias, d.budget); d.budget <= 0 {
		d.fault(n, path, "uses aliases that grow beyond %d nodes", maxAliased)
		return nil, false
	}
	return n.Alias, true
}

// size counts the nodes below n, up to a bit more than limit. Aliases inside count one
// here, and on their own when they are followed.
func size(n *yaml.Node, limit int) int {
	total := 1
	for _, child := range n.Content {
		if total > limit {
			break
		}
		total += size(child, limit-total)
	}
	return total
}

// pairs gives the entries of a mapping in order, those of merge keys (<<) last. A key of
// the mapping itself goes before a merged one; given twice it is a fault.
func (d *decoder) pairs(n *yaml.Node, path string) ([]pair, bool) {
	n, ok := d.follow(n, path)
	if !ok {
		return nil, false
	}
	if n.Kind != yaml.MappingNode {
		d.fault(n, path, "must be a mapping of fields to values")
		return nil, false
	}
	var own, merges []pair
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fault(key, path, "has a key that is not text")
		case key.ShortTag() == "!!merge":
			merges = append(merges, pair{key, value})
		case seen[key.Value]:
			d.fault(key, join(path, key.Value), "occurs twice")
		default:
			seen[key.Value] = true
			own = append(own, pair{key, value})
		}
	}
	for _, m := range merges {
		for _, p := range d.merged(m.value, path) {
			if !seen[p.key.Value] {
				seen[p.key.Value] = true
				own = append(own, p)
			}
		}
	}
	return own, true
}

// merged gives the entries that a merge key brings: of one mapping, or of a list of
// mappings of which the first that has a key wins.
func (d *decoder) merged(n *yaml.Node, path string) (all []pair) {
	n, ok := d.follow(n, path)
	if !ok {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		all, _ = d.pairs(n, path)
		return all
	}
	for _, item := range n.Content {
		pairs, ok := d.pairs(item, path)
		if !ok {
			return nil
		}
		all = append(all, pairs...)
	}
	return all
}
