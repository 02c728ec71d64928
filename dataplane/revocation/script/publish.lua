-- KEYS: 1 revocations. ARGV: 1 the arguments as JSON.
-- Adds what is not there yet, each behind all others, and keeps the newest: a score is a
-- place in the order in which Redis learned, so readers ask for what is behind the last they
-- saw. Places begin with the time, in microseconds: a list that begins again, because Redis
-- has lost its data, is behind every place that anybody saw before.

local a = cjson.decode(ARGV[1])
local top = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local place = tonumber(top[2])
if not place then
	local t = redis.call('TIME')
	place = t[1] * 1000000 + t[2]
end
for _, member in ipairs(a.members) do
	if not redis.call('ZSCORE', KEYS[1], member) then
		place = place + 1
		redis.call('ZADD', KEYS[1], string.format('%.0f', place), member)
	end
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - a.most)
return place
