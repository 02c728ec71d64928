package adminapi

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// listRequest is what every request for a list of the configuration has, beside filters.
type listRequest interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
	GetSearch() string
	GetOrderBy() string
}

// listing says how resources of a kind are listed.
type listing[T proto.Message] struct {
	kind controlplane.Kind
	// wanted leaves resources out by the request's own filters; nil leaves out none.
	wanted func(T) bool
	// times are what it can be ordered by beside name, create_time and update_time.
	times map[string]func(T) int64
}

// listed is one page of a list.
type listed struct {
	resources []*controlplane.Resource
	next      string // token of the next page; empty on the last
	total     int    // on all pages together
}

// list gives the page that a request asks for. A page begins behind a resource, not at a
// number, so nothing is skipped or shown twice when resources come and go between pages.
func (l listing[T]) list(c *controlplane.Config, req listRequest) (listed, error) {
	o, err := l.order(req.GetOrderBy())
	if err != nil {
		return listed{}, err
	}
	digest := newDigest(l.kind, req)
	after, err := digest.position(req.GetPageToken())
	if err != nil {
		return listed{}, err
	}
	size := int(cmp.Or(req.GetPageSize(), defaultPageSize))
	first := firsts{order: o, most: size + 1} // one more says whether a page follows
	total, search := 0, strings.ToLower(strings.TrimSpace(req.GetSearch()))
	for _, r := range c.List(l.kind) {
		if l.wanted != nil && !l.wanted(r.Spec.(T)) || search != "" && !strings.Contains(r.SearchText(), search) {
			continue
		}
		total++
		if p := (position{o.value(r), r.Name}); after == nil || o.compare(*after, p) < 0 {
			first.add(p, r)
		}
	}
	found := first.sorted()
	page := listed{total: total}
	if len(found) > size {
		found = found[:size]
		page.next = digest.token(found[size-1].position)
	}
	for _, f := range found {
		page.resources = append(page.resources, f.resource)
	}
	return page, nil
}

// firsts keeps the first few of many resources in an order, without sorting them all.
type firsts struct {
	order order
	most  int
	kept  []placed
	cut   bool // kept has lost some: what comes behind its last one is not among the first
}

// placed is a resource and where it stands in the order.
type placed struct {
	position
	resource *controlplane.Resource
}

func (f *firsts) add(p position, r *controlplane.Resource) {
	if f.cut && f.order.compare(p, f.kept[f.most-1].position) > 0 {
		return
	}
	f.kept = append(f.kept, placed{p, r})
	if len(f.kept) >= 2*f.most {
		f.sorted()
		f.cut = true
	}
}

func (f *firsts) sorted() []placed {
	slices.SortFunc(f.kept, func(a, b placed) int { return f.order.compare(a.position, b.position) })
	f.kept = f.kept[:min(len(f.kept), f.most)]
	return f.kept
}
