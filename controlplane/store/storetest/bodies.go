package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// makeBody makes what is stored of a call's body; the store does not look into it.
func makeBody(id, apiKey string, start, expires time.Time) calllog.Body {
	return calllog.Body{
		CallID: id, APIKey: apiKey, Start: start, ExpiresAt: expires, Key: []byte("key of " + id), Ciphertext: []byte{0, 255, byte(len(id))},
	}
}

// bodiesOfCalls: a body comes back as it was stored first, each reader is named, and what
// has expired or is of a deleted key is not shown.
func bodiesOfCalls(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	later := epoch.Add(time.Hour)
	mine := makeBody("call-1", "k1", epoch, later)
	must(t, s.InsertBodies(t.Context(), nil))
	must(t, s.InsertBodies(t.Context(), []calllog.Body{mine, makeBody("call-2", "k2", epoch, later), makeBody("call-3", "k1", epoch, later)}))
	must(t, s.InsertBodies(t.Context(), []calllog.Body{makeBody("call-1", "other", epoch, later.Add(time.Hour))}))

	_, _, err := s.ReadBody(t.Context(), "nothing", "user:eve", epoch)
	wantCode(t, err, errs.NotFound)
	_, _, err = s.ReadBody(t.Context(), "call-1", "user:late", later)
	wantCode(t, err, errs.NotFound)
	var want []calllog.BodyRead
	for i, actor := range []string{"user:admin", "token:ci", "user:admin"} {
		at := epoch.Add(time.Duration(i) * time.Minute)
		body, reads, err := s.ReadBody(t.Context(), "call-1", actor, at)
		must(t, err)
		wantEqual(t, "body", body, mine)
		want = append([]calllog.BodyRead{{At: at, Actor: actor}}, want...)
		wantEqual(t, "readers", reads, want)
	}
	n, err := s.DeleteBodiesOf(t.Context(), "k1", 1)
	must(t, err)
	wantEqual(t, "deleted, one at most", n, 1)
	n, err = s.DeleteBodiesOf(t.Context(), "k1", 10)
	must(t, err)
	wantEqual(t, "deleted, the rest", n, 1)
	for id, code := range map[string]errs.Code{"call-1": errs.NotFound, "call-3": errs.NotFound, "call-2": ""} {
		_, _, err := s.ReadBody(t.Context(), id, "user:admin", epoch)
		if errs.CodeOf(err) != code && (err != nil || code != "") {
			t.Errorf("%s after the key's bodies were deleted: %v", id, err)
		}
	}
}

// oldBodiesAreDeleted in pieces: those that have expired, and those whose calls are gone.
func oldBodiesAreDeleted(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	at := func(hours int) time.Time { return epoch.Add(time.Duration(hours) * time.Hour) }
	var bodies []calllog.Body
	for i := range 10 {
		bodies = append(bodies, makeBody(fmt.Sprint("expires-", i), "k", at(0), at(1+i)))
	}
	for i := range 5 {
		bodies = append(bodies, makeBody(fmt.Sprint("old-", i), "k", at(-100), at(100)))
	}
	must(t, s.InsertBodies(t.Context(), bodies))
	deleted := 0
	for {
		n, err := s.DeleteBodiesBefore(t.Context(), at(5), at(-50), 4)
		must(t, err)
		if n > 4 {
			t.Errorf("deleted %d at once, want at most 4", n)
		}
		if deleted += n; n < 4 {
			break
		}
	}
	wantEqual(t, "deleted", deleted, 4+5)
	for _, b := range bodies {
		_, _, err := s.ReadBody(t.Context(), b.CallID, "user:admin", at(-1000))
		if gone := b.ExpiresAt.Before(at(5)) || b.Start.Before(at(-50)); gone != (errs.CodeOf(err) == errs.NotFound) {
			t.Errorf("%s: %v", b.CallID, err)
		}
	}
}
