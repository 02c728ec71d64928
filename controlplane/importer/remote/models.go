package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

// Models reads the models that a provider lists, in its order, each id once. progress is
// told after each page how many there are so far; nil is fine. The error is a *Fault, or
// that of ctx.
func (c *Client) Models(ctx context.Context, t Target, progress func(listed int)) ([]Model, error) {
	s, err := c.open(ctx, t)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.models(ctx, progress)
}

// modelsPath is the endpoint that lists models.
var modelsPath = dialect.FindAPI(dialect.Models).Root

func (s *session) models(ctx context.Context, progress func(listed int)) ([]Model, error) {
	if s.reach.IsExact(modelsPath) {
		return nil, fault(kindURL, "its base_url is exact (it ends in #), so there is no list of models")
	}
	ctx, cancel := context.WithTimeout(ctx, max(listTime, s.time))
	defer cancel()
	var (
		all  []Model
		seen = map[string]bool{}
		left = int64(answerBytes)
		more = url.Values{}
	)
	if n := s.dialect.ModelsPage; n > 0 {
		more.Set(s.dialect.PageParameter, strconv.Itoa(n))
	}
	request, err := s.request(ctx, http.MethodGet, modelsPath, "", more)
	for page := 1; ; page++ {
		if err != nil {
			return nil, err
		}
		list, size, err := s.page(ctx, request, left)
		if err != nil {
			return nil, err
		}
		left -= size
		fresh := 0
		for _, m := range list.models {
			if !seen[m.ID] {
				seen[m.ID] = true
				all = append(all, m)
				fresh++
			}
		}
		if len(all) > MaxModels {
			return nil, fault(kindAnswer, fmt.Sprintf("it lists more than %d models", MaxModels))
		}
		if progress != nil {
			progress(len(all))
		}
		switch {
		case list.next == nil:
			if len(all) == 0 {
				return nil, fault(kindAnswer, "it lists no models")
			}
			return all, nil
		case fresh == 0: // it would go on forever
			return nil, fault(kindAnswer, "it gives the same page of models again and again")
		case page == maxPages:
			return nil, fault(kindAnswer, fmt.Sprintf("it lists its models on more than %d pages", maxPages))
		}
		if request, err = list.next.after(request); err != nil {
			return nil, err
		}
	}
}

// after makes the request for the page that follows that of r. The credential goes along, so the page
// must be on the same server.
func (n *next) after(r *http.Request) (*http.Request, error) {
	following := r.Clone(r.Context())
	if n.url != "" {
		u, err := r.URL.Parse(n.url)
		if err != nil || u.Scheme != r.URL.Scheme || u.Host != r.URL.Host {
			return nil, fault(kindAnswer, "its list of models is incomplete: the next page is not on the same server")
		}
		following.URL = u
		return following, nil
	}
	query := following.URL.Query()
	for name, value := range n.parameters {
		query.Set(name, value)
	}
	following.URL.RawQuery = query.Encode()
	return following, nil
}

// page reads one page of at most most bytes, and says how many it had.
func (s *session) page(ctx context.Context, r *http.Request, most int64) (*list, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.time)
	defer cancel()
	path := r.URL.Path
	res, err := s.do(r.WithContext(ctx), nil)
	if err != nil {
		return nil, 0, explain(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, 0, statusFault(res.StatusCode, path)
	}
	data, err := read(ctx, res, most)
	if err != nil {
		return nil, 0, err
	}
	found, err := parse(data)
	if err != nil {
		return nil, 0, err
	}
	return found, int64(len(data)), nil
}

// FaultOf gives the fault in an error, if it is one.
func FaultOf(err error) (*Fault, bool) { return errors.AsType[*Fault](err) }
