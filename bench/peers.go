package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// parsePeer reads name=url,key,model,pid: another gateway that runs already. Its upstream is
// the one that --upstream gives an address.
func parsePeer(text string) (*system, error) {
	name, rest, _ := strings.Cut(text, "=")
	f := strings.Split(rest, ",")
	if name == "" || len(f) < 1 || len(f) > 4 {
		return nil, fmt.Errorf("--peer: %q is not name=url,key,model,pid", text)
	}
	f = append(f, "", "", "")
	base, err := url.Parse(f[0])
	if err != nil || base.Scheme != "http" || base.Port() == "" {
		return nil, fmt.Errorf("--peer %s: %q is not a URL such as http://127.0.0.1:4000/v1", name, f[0])
	}
	s := &system{name: name, address: base.Host, door: door{path: strings.TrimSuffix(base.Path, "/") + "/chat/completions", key: f[1], model: f[2]}}
	if s.door.model == "" {
		s.door.model = "*"
	}
	if f[3] != "" {
		if s.peer, err = strconv.Atoi(f[3]); err != nil || s.peer <= 0 {
			return nil, fmt.Errorf("--peer %s: %q is not the id of a process", name, f[3])
		}
	}
	return s, nil
}
