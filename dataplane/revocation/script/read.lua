-- KEYS: 1 revocations. ARGV: 1 the arguments as JSON.
-- The reply is the newest place, the oldest one, and the revocations behind the place that
-- the caller has seen; 0 and 0 when there are none.

local a = cjson.decode(ARGV[1])
local top = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local bottom = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local out = {tonumber(top[2] or '0'), tonumber(bottom[2] or '0')}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', a.after), '+inf')) do
	out[#out + 1] = member
end
return out
