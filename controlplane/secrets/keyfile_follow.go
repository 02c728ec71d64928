package secrets

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
)

// KeyFile is a KeyService of the keys that a file holds. MasterKeys looks at it again and again, so a
// rotation needs no restart.
type KeyFile struct {
	load    func() (*Keyset, error)
	current atomic.Pointer[Keyset]
}

// NewKeyFile reads the file with load, which is called again for each look at it.
func NewKeyFile(load func() (*Keyset, error)) (*KeyFile, error) {
	keys, err := load()
	if err != nil {
		return nil, err
	}
	f := &KeyFile{load: load}
	f.current.Store(keys)
	return f, nil
}

// KeyIDs lists the keys in the order in which the file has them.
func (f *KeyFile) KeyIDs() []string { return f.current.Load().KeyIDs() }

// Wrap encrypts a data key.
func (f *KeyFile) Wrap(keyID string, dataKey []byte) ([]byte, error) {
	return f.current.Load().Wrap(keyID, dataKey)
}

// Unwrap decrypts what Wrap made.
func (f *KeyFile) Unwrap(keyID string, wrapped []byte) ([]byte, error) {
	return f.current.Load().Unwrap(keyID, wrapped)
}

// readAgain takes the keys that the file holds now. One that is gone from it and still needed stays
// until it is not; needed names it.
func (m *MasterKeys) readAgain(ctx context.Context) (needed []string, err error) {
	if m.cfg.File == nil {
		return nil, nil
	}
	next, err := m.cfg.File.load()
	if err != nil {
		return nil, err
	}
	m.mu.Lock() // nobody chooses a key meanwhile
	defer m.mu.Unlock()
	present := m.cfg.File.current.Load()
	if slices.Equal(next.ids, present.ids) {
		return nil, nil
	}
	if slices.ContainsFunc(present.ids, func(id string) bool { return next.aeads[id] == nil }) {
		if needed, err = m.needed(ctx, present, next); err != nil {
			return nil, err
		}
	}
	for _, id := range needed {
		next.ids, next.aeads[id] = append(next.ids, id), present.aeads[id]
	}
	if !slices.Equal(next.ids, present.ids) {
		m.cfg.File.current.Store(next)
		m.cfg.Logger.Info("master keys reloaded", "master_keys", strings.Join(next.ids, ","))
	}
	return needed, nil
}

// needed lists the keys of present that next lacks and that something is or will be sealed under.
func (m *MasterKeys) needed(ctx context.Context, present, next *Keyset) (ids []string, err error) {
	inUse, err := m.cfg.Store.MasterKey(ctx)
	if err != nil {
		return nil, err
	}
	sealed, err := m.cfg.Store.Sealed(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range present.ids {
		used := id == inUse.ID || id == m.cfg.Ring.InUse() || slices.ContainsFunc(sealed, func(s Sealed) bool { return s.KeyID == id })
		if next.aeads[id] == nil && used {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// look reads the file again and says once what is wrong with it; trouble is what was said last.
func (m *MasterKeys) look(ctx context.Context, trouble string) string {
	needed, err := m.readAgain(ctx)
	said := strings.Join(needed, ", ")
	if err != nil {
		said = err.Error()
	}
	switch {
	case said == trouble || ctx.Err() != nil:
	case err != nil:
		m.cfg.Logger.Error("failed to reload the master key file; the current keys stay in use", "error", err)
	case len(needed) > 0:
		m.cfg.Logger.Error("master keys were removed from their file but are still needed; they stay in use until nothing is encrypted with them", "master_keys", said)
	}
	return said
}
