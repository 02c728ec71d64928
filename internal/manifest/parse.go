package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// maxBytes bounds a manifest; it is what the admin API takes in one Apply.
const maxBytes = 64 << 20

// parse reads the documents of a stream, empty ones left out, lists taken apart.
func parse(r io.Reader) ([]*yaml.Node, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	if len(data) > maxBytes {
		return nil, errs.Newf(errs.InvalidArgument, "manifest is larger than %d MiB", maxBytes>>20)
	}
	roots, err := parseJSON(data)
	if err != nil { // not JSON, so YAML
		roots, err = parseYAML(data)
	}
	if err != nil {
		return nil, errs.Newf(errs.InvalidArgument, "manifest is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var documents []*yaml.Node
	for _, root := range roots {
		if root.Kind == yaml.SequenceNode {
			documents = append(documents, root.Content...)
		} else if !isNull(root) {
			documents = append(documents, root)
		}
	}
	return documents, nil
}

func parseYAML(data []byte) (roots []*yaml.Node, err error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		err := d.Decode(&document)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return nil, err
		}
		roots = append(roots, document.Content...)
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// parseJSON reads JSON values one after another. YAML is a superset of JSON, but the
// library does not know all of JSON's escapes.
func parseJSON(data []byte) (roots []*yaml.Node, err error) {
	p := jsonParser{data: data, decoder: json.NewDecoder(bytes.NewReader(data)), line: 1}
	p.decoder.UseNumber()
	for {
		token, err := p.decoder.Token()
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return nil, err
		}
		root, err := p.node(token, 0)
		if err != nil {
			return nil, err
		}
		if root.Kind == yaml.ScalarNode {
			return nil, errors.New("a bare JSON value")
		}
		roots = append(roots, root)
	}
}

type jsonParser struct {
	data    []byte
	decoder *json.Decoder
	line    int   // at offset
	offset  int64 // up to which lines are counted
}

// maxDepth is more than any document needs.
const maxDepth = 100

// node makes the node that token begins.
func (p *jsonParser) node(token json.Token, depth int) (*yaml.Node, error) {
	now := p.decoder.InputOffset()
	p.line += bytes.Count(p.data[p.offset:now], []byte("\n"))
	p.offset = now
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: p.line}
	switch t := token.(type) {
	case json.Delim:
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		if t == '{' {
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
		}
		return n, p.children(n, depth+1)
	case string:
		n.Tag, n.Value, n.Style = "!!str", t, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!float", t.String()
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(t)
	default:
		n.Tag = "!!null"
	}
	return n, nil
}

// children reads the keys and values, or the items, up to the closing bracket.
func (p *jsonParser) children(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return errors.New("JSON is nested too deeply")
	}
	for {
		token, err := p.decoder.Token()
		if err != nil {
			return err
		}
		if d, ok := token.(json.Delim); ok && (d == '}' || d == ']') {
			return nil
		}
		child, err := p.node(token, depth)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, child)
	}
}
