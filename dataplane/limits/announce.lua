-- Announces that a node has used API keys, so that others ask for what it used.
-- KEYS[1]  sorted set: "node key" by the number of its last announcement
-- ARGV     node, ms to keep announcements, most of them, then the keys
-- Numbers grow with the clock, so that they go on growing when Redis has lost them.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local number = math.max(now * 1000, tonumber(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or 0))
for i = 4, #ARGV do
  number = number + 1
  redis.call('ZADD', KEYS[1], string.format('%.0f', number), ARGV[1] .. ' ' .. ARGV[i])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', (now - ARGV[2]) * 1000))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return number
