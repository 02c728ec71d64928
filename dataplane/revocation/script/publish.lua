-- KEYS: 1 revocations. ARGV: 1 the arguments as JSON.
-- Adds what is not there yet, each behind all others, and keeps the newest: a score is a
-- place in the order in which Redis learned, so readers ask for what is behind the last they saw.

local a = cjson.decode(ARGV[1])
local top = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local place = tonumber(top[2] or '0')
for _, member in ipairs(a.members) do
	if not redis.call('ZSCORE', KEYS[1], member) then
		place = place + 1
		redis.call('ZADD', KEYS[1], place, member)
	end
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - a.most)
return place
