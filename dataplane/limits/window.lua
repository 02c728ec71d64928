-- Tells what one node uses of a key's limits and asks what the others use.
-- KEYS[1]  hash of one API key: node -> "told_at requests tokens in_flight reserved", by Redis' clock
-- ARGV     node, requests, tokens, in flight, nano-USD that those have reserved, window in ms,
--          ms after which calls in flight of a silent node are not believed any more
-- Each node writes only its own field, and the whole of it, so a repeated call changes nothing.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window, alive = tonumber(ARGV[6]), tonumber(ARGV[7])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s %s %s %s', now, ARGV[2], ARGV[3], ARGV[4], ARGV[5]))
redis.call('PEXPIRE', KEYS[1], 2 * window)
local requests, tokens, in_flight, reserved = 0, 0, 0, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= ARGV[1] then
    local at, r, k, f, m = string.match(all[i + 1], '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
    local age = at and now - tonumber(at) or window
    if age < 0 then -- Redis' clock was set back: it was told now, at the latest
      age = 0
      redis.call('HSET', KEYS[1], all[i], string.format('%.0f %s %s %s %s', now, r, k, f, m))
    end
    if age >= window then
      redis.call('HDEL', KEYS[1], all[i])
    else
      requests, tokens = requests + tonumber(r), tokens + tonumber(k)
      if age < alive then in_flight, reserved = in_flight + tonumber(f), reserved + tonumber(m) end
    end
  end
end
return {requests, tokens, in_flight, reserved}
