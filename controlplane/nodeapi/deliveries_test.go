package nodeapi

import "testing"

// got takes a place for the stream if there is one.
func got(t *turn) bool {
	select {
	case t.ask(true) <- struct{}{}:
		t.got()
		return true
	default:
		return false
	}
}

func TestOnlySoManySnapshotsAreOnTheirWay(t *testing.T) {
	t.Parallel()
	s := &Server{service: &service{deliveries: newDeliveries()}}
	var turns []*turn
	for range maxSends {
		turns = append(turns, s.service.deliveries.turn())
		if !got(turns[len(turns)-1]) {
			t.Fatalf("no place for stream %d", len(turns))
		}
	}
	late := s.service.deliveries.turn()
	if got(late) {
		t.Fatalf("more than %d at once", maxSends)
	}
	if got(turns[0]) {
		t.Error("one stream got two places")
	}
	if late.ask(false) != nil {
		t.Error("a stream that wants nothing asks")
	}
	late.release() // it has none to give back
	turns[3].release()
	turns[3].release()
	if !got(late) {
		t.Error("a place that was given back is lost")
	}
	if n := s.Sends().UnderWay; n != maxSends {
		t.Errorf("%d under way", n)
	}
}
