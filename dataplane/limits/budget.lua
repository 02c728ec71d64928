-- Adds what one node spent to a key's total and gives the total, in nano-USD.
-- KEYS[1]  hash of one API key and period: total, and node -> what of it that node spent
-- ARGV     node, what it spent in all, what of that it knows to be in the total, the total as
--          it knows it, ms to keep the hash
-- A repeated call adds nothing. A total that Redis has lost comes back from whoever knows it.
local spent, told, known = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stored = redis.call('HMGET', KEYS[1], 'total', ARGV[1])
local total = tonumber(stored[1] or 0)
local fresh = spent - math.max(tonumber(stored[2] or 0), told)
if total < known or fresh > 0 then
  total = math.max(total, known) + math.max(fresh, 0)
  redis.call('HSET', KEYS[1], 'total', string.format('%.0f', total), ARGV[1], string.format('%.0f', spent))
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return string.format('%.0f', total)
