package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Models reads the models that a provider lists, in its order, each id once. progress is
// told after each page how many there are so far; nil is fine. The error is a *Fault, or
// that of ctx.
func (c *Client) Models(ctx context.Context, t Target, progress func(listed int)) ([]Model, error) {
	s, err := c.open(t)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.models(ctx, progress)
}

func (s *session) models(ctx context.Context, progress func(listed int)) ([]Model, error) {
	ctx, cancel := context.WithTimeout(ctx, max(listTime, s.time))
	defer cancel()
	var (
		all  []Model
		seen = map[string]bool{}
		left = int64(answerBytes)
		more = url.Values{}
	)
	if n := s.dialect.ModelsPage; n > 0 {
		more.Set("limit", strconv.Itoa(n))
	}
	for page := 1; ; page++ {
		list, size, err := s.page(ctx, more, left)
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
		case list.after == "":
			if len(all) == 0 {
				return nil, fault(kindAnswer, "it lists no models")
			}
			return all, nil
		case fresh == 0: // it would go on forever
			return nil, fault(kindAnswer, "it gives the same page of models again and again")
		case page == maxPages:
			return nil, fault(kindAnswer, fmt.Sprintf("it lists its models on more than %d pages", maxPages))
		}
		more.Set("after_id", list.after)
	}
}

// page reads one page of at most most bytes, and says how many it had.
func (s *session) page(ctx context.Context, more url.Values, most int64) (*list, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.time)
	defer cancel()
	r, err := s.request(ctx, http.MethodGet, s.dialect.ModelsPath, more)
	if err != nil {
		return nil, 0, err
	}
	path := r.URL.Path
	res, err := s.http.Do(r)
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
