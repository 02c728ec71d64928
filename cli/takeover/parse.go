package takeover

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What a file may be at most: an export is no bigger, and aliases could make a bomb of one.
const (
	maxDepth = 64
	maxNodes = 2_000_000
)

func parse(file string, data []byte) (*Node, error) {
	root := &Node{File: file, Line: 1}
	if text := bytes.TrimSpace(data); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		p := &jsonParser{data: data, d: json.NewDecoder(bytes.NewReader(data))}
		p.d.UseNumber()
		if err := p.value(root, 0); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line(), err)
		}
		if p.d.More() {
			return nil, fmt.Errorf("line %d: unexpected content after the end", p.line())
		}
		return root, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("it is empty")
	}
	budget := maxNodes
	return root, fromYAML(root, doc.Content[0], 0, &budget)
}

func fromYAML(n *Node, from *yaml.Node, depth int, budget *int) error {
	if *budget--; *budget < 0 || depth > maxDepth {
		return fmt.Errorf("line %d: too many values, or nested too deeply", from.Line)
	}
	if n.Line = from.Line; from.Kind == yaml.AliasNode {
		return fromYAML(n, from.Alias, depth+1, budget)
	}
	switch from.Kind {
	case yaml.SequenceNode:
		n.kind = list
		for _, item := range from.Content {
			if err := fromYAML(n.element(item.Line), item, depth+1, budget); err != nil {
				return err
			}
		}
	case yaml.MappingNode:
		n.kind = mapping
		for i := 0; i+1 < len(from.Content); i += 2 {
			key, value := from.Content[i], from.Content[i+1]
			if key.Value == "<<" && key.Tag == "!!merge" {
				return fmt.Errorf("line %d: merge keys (<<) are not supported: write the values out", key.Line)
			}
			if err := fromYAML(n.child(key.Value, key.Line), value, depth+1, budget); err != nil {
				return err
			}
		}
	default:
		if n.text = from.Value; from.Tag == "!!null" {
			n.kind, n.text = null, ""
		}
	}
	return nil
}

// jsonParser reads JSON with the lines of its values.
type jsonParser struct {
	data []byte
	d    *json.Decoder

	at, lines int // lines before at
}

func (p *jsonParser) line() int {
	to := int(p.d.InputOffset())
	p.lines += bytes.Count(p.data[p.at:to], []byte("\n"))
	p.at = to
	return p.lines + 1
}

func (p *jsonParser) value(n *Node, depth int) error {
	if depth > maxDepth {
		return errors.New("too deep")
	}
	token, err := p.d.Token()
	if err != nil {
		return err
	}
	n.Line = p.line()
	switch v := token.(type) {
	case json.Delim:
		return p.compound(n, v, depth)
	case nil:
		n.kind = null
	default:
		n.text = fmt.Sprint(v)
	}
	return nil
}

func (p *jsonParser) compound(n *Node, open json.Delim, depth int) error {
	n.kind = list
	if open == '{' {
		n.kind = mapping
	}
	for p.d.More() {
		kid := (*Node)(nil)
		if n.kind == list {
			kid = n.element(0)
		} else {
			key, err := p.d.Token()
			if err != nil {
				return err
			}
			kid = n.child(key.(string), 0)
		}
		if err := p.value(kid, depth+1); err != nil {
			return err
		}
	}
	_, err := p.d.Token() // the closing one
	return err
}

// Embedded reads JSON that stands as text in a value, as databases keep it. It is nil when
// the text is none.
func (n *Node) Embedded() *Node {
	text := strings.TrimSpace(n.Text())
	if text == "" {
		return nil
	}
	inner, err := parse(n.File, []byte(text))
	if err != nil || inner.kind == scalar {
		return nil
	}
	n.text, n.kids, n.kind = "", nil, inner.kind
	for _, kid := range inner.kids {
		n.adopt(kid)
	}
	return n
}

// adopt takes what was read by itself into the tree.
func (n *Node) adopt(kid *Node) {
	kid.Line = n.Line
	if kid.Path = n.Path + "." + kid.Key; n.kind == list {
		kid.Path = fmt.Sprintf("%s[%d]", n.Path, len(n.kids))
	}
	n.kids = append(n.kids, kid)
	kids := kid.kids
	kid.kids = nil
	for _, k := range kids {
		kid.adopt(k)
	}
}
