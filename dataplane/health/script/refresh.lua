-- KEYS: 1 open scopes, 2 epoch, 3 clock. ARGV: 1 the arguments as JSON.
-- The reply is the time, the epoch, and each open scope with its packed record. The epoch
-- changes when Redis has lost its memory.

local a = cjson.decode(ARGV[1])
local now = clock(a, KEYS[3])
redis.call('SET', KEYS[2], a.epoch, 'NX')
local out = {now, redis.call('GET', KEYS[2])}
local h = redis.call('HGETALL', KEYS[1])
for i = 1, #h, 2 do
	local fades = tonumber(string.match(h[i + 1], '^%d+ (%d+)'))
	if fades and now < fades then
		out[#out + 1] = h[i]
		out[#out + 1] = h[i + 1]
	else
		redis.call('HDEL', KEYS[1], h[i])
	end
end
return out
