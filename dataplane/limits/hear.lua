-- Tells which API keys other nodes have used since this one asked last, and how many nodes share.
-- KEYS[1]  sorted set: "node key" by the number of its last announcement
-- KEYS[2]  sorted set: node by when it asked last, in ms of Redis' clock
-- ARGV     node, number of the last announcement that it heard, ms after which a silent node
--          counts no more, most announcements to tell
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', now), '+inf')) do
  redis.call('ZADD', KEYS[2], string.format('%.0f', now), node) -- Redis' clock was set back
end
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - ARGV[3]))
redis.call('PEXPIRE', KEYS[2], 2 * ARGV[3])
local heard, names, seen = ARGV[2], {}, {}
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if newest and tonumber(newest) < tonumber(heard) then heard = '0' end -- Redis has lost them
local all = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. heard, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local own = ARGV[1] .. ' '
for i = 1, #all, 2 do
  heard = all[i + 1]
  local name = string.match(all[i], '^[^ ]+ (.*)$')
  if string.sub(all[i], 1, #own) ~= own and not seen[name] then
    seen[name] = true
    names[#names + 1] = name
  end
end
local out = {string.format('%.0f', redis.call('ZCARD', KEYS[2])), string.format('%.0f', heard), string.format('%.0f', #all / 2)}
for _, name in ipairs(names) do out[#out + 1] = name end
return out
