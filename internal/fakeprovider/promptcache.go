package fakeprovider

import (
	"hash/fnv"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

// promptCache plays the prompt cache of providers: it knows the beginnings of prompts, in blocks, that
// one credential has sent to one model, until nobody has sent them for a while.
type promptCache struct {
	mu     sync.Mutex
	blocks map[uint64]time.Time // hash of all up to the end of a block -> when it was sent last
}

// A token is 4 bytes here, and a block 16 tokens.
const (
	tokenBytes = 4
	blockBytes = 16 * tokenBytes
	cacheTime  = 5 * time.Minute
	maxBlocks  = 4 << 20
)

// promptUsage is what an answer's usage tells of its prompt, in tokens.
type promptUsage struct{ all, cached, written int }

// everyPrompt is what it tells where no cache is played.
var everyPrompt = promptUsage{PromptTokens, CachedTokens, CacheCreationTokens}

// use counts a prompt and remembers it. owner tells apart whose cache it is.
func (c *promptCache) use(owner string, parts []string, now time.Time) promptUsage {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blocks == nil || len(c.blocks) > maxBlocks {
		c.blocks = map[uint64]time.Time{}
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(owner + "\x00")) // never fails
	total, known := 0, 0
	isPrefix := true
	for _, part := range parts {
		for i := range len(part) {
			_, _ = h.Write([]byte{part[i]})
			if total++; total%blockBytes != 0 {
				continue
			}
			block := h.Sum64()
			if last, ok := c.blocks[block]; isPrefix && ok && now.Sub(last) < cacheTime {
				known = total
			} else {
				isPrefix = false
			}
			c.blocks[block] = now
		}
	}
	u := promptUsage{all: total / tokenBytes, cached: known / tokenBytes}
	u.written = total/blockBytes*blockBytes/tokenBytes - u.cached
	return u
}

// promptOf lists what a model reads of a request, in its order.
func promptOf(doc gjson.Result) (parts []string) {
	for _, key := range []string{"tools", "system", "instructions"} {
		parts = append(parts, doc.Get(key).Raw)
	}
	for _, key := range []string{"messages", "input", "prompt"} {
		if list := doc.Get(key); list.IsArray() {
			list.ForEach(func(_, one gjson.Result) bool {
				parts = append(parts, one.Raw)
				return true
			})
		} else {
			parts = append(parts, list.Raw)
		}
	}
	return parts
}
