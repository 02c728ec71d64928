-- KEYS: 1 revocations. ARGV: 1 the arguments as JSON.
-- The reply is the newest place, and the revocations behind the place that the caller has
-- seen; all of them when Redis has lost its memory since.

local a = cjson.decode(ARGV[1])
local top = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local place = tonumber(top[2] or '0')
local after = a.after
if place < after then after = 0 end
local out = {place}
if place > after then
	for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. after, '+inf')) do
		out[#out + 1] = member
	end
end
return out
