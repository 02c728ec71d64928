-- KEYS: 1 window, 2 record, 3 open scopes, 4 clock. ARGV: 1 the arguments as JSON.
-- The reply is the time and the packed record. The rules are those of tracker.go.

local a = cjson.decode(ARGV[1])
local window, record, open = KEYS[1], KEYS[2], KEYS[3]
local now = clock(a, KEYS[4])
local r = load(record, now)
local dirty = r.faded

local probe = a.token ~= '' and r.token == a.token and now < r.lease
local early = r.lease_early == 1
if probe then
	r.token, r.lease, r.lease_early, dirty = '', 0, 0, true
end

-- hold_for is how long the report holds the scope, doubled for each opening before.
local function hold_for(openings)
	local d = a.hold
	if not a.hold_doubles then return d end
	while openings > 0 and d < a.hold_max do
		d = math.min(2 * d, a.hold_max)
		openings = openings - 1
	end
	return d
end

local function cooldown()
	local d = math.min(a.cooldown * r.level, a.cooldown_max)
	return d + math.floor(d * 0.1 * a.jitter)
end

-- set_deadline moves the deadline, never nearer.
local function set_deadline(deadline)
	r.deadline = math.max(r.deadline, deadline)
	r.fades = r.deadline + 2 * a.cooldown_max
	dirty = true
end

-- clear_doubt forgets who met a refusal alone.
local function clear_doubt()
	if r.doubt ~= '' then r.doubt, r.doubt_until, dirty = '', 0, true end
end

-- confirmed reports whether a second caller meets a refusal, with no success between them.
local function confirmed()
	if r.doubt ~= '' and now < r.doubt_until and r.doubt ~= a.caller then return true end
	r.doubt, r.doubt_until, dirty = a.caller, now + a.window, true
	return false
end

local function open_for(ms)
	clear_doubt()
	if r.open == 0 then r.deadline, r.probe_failed = 0, 0 end
	r.open, r.early, r.early_at = 1, 0, now + a.early_every
	r.openings = r.openings + 1
	r.reason, r.threshold = a.reason, a.threshold
	r.token, r.lease, r.lease_early = '', 0, 0
	redis.call('DEL', window)
	set_deadline(now + ms)
end

local function extend()
	local deadline = now + hold_for(r.openings - 1)
	if deadline > r.deadline then
		r.reason, r.early = a.reason, 0
		set_deadline(deadline)
	end
end

local function close()
	clear_doubt()
	r.open, r.early, r.deadline, r.closed = 0, 0, 0, now
	r.fades = now + 2 * a.cooldown_max
	r.token, r.lease, r.lease_early, dirty = '', 0, 0, true
	redis.call('DEL', window)
end

local function reopen()
	if r.probe_failed == 1 and not a.named then r.level = r.level + 1 end
	local d = math.max(hold_for(r.openings), cooldown())
	if a.named then d = a.hold end
	open_for(d)
	if a.probe_early and a.hold == 0 and a.fast then r.early = 1 end
	r.probe_failed = 1
end

-- count adds to every window of the scope, since attempts are evidence under every policy,
-- and sums up the one of this report. Fields of the hash are
-- "<bucket width>:<bucket>:<f|s|q>" for failures, successes and failures that took no time,
-- "<bucket width>:k:<caller>" for the bucket in which the caller failed last,
-- "<bucket width>:o:<caller>" for that of its last success, with * for several callers, and
-- "<bucket width>:u" for the time of the window's last use. Beside them "row" and "row_any"
-- count the failures with no success between them, and those of them no caller can cause.
local function count(failures, successes)
	local width = math.max(math.floor(a.window / 10), 1)
	local h, used, widths = redis.call('HGETALL', window), {}, 0
	for i = 1, #h, 2 do
		local w = string.match(h[i], '^(%d+):u$')
		if w then
			used[tonumber(w)] = tonumber(h[i + 1])
			widths = widths + 1
		end
	end
	if not used[width] then widths = widths + 1 end
	used[width] = now
	while widths > 4 do -- forget the one that was used least recently
		local oldest
		for w, at in pairs(used) do
			if w ~= width and (not oldest or at < used[oldest]) then oldest = w end
		end
		used[oldest], widths = nil, widths - 1
	end
	local sums, gone, callers, well, others = {f = failures, s = successes, q = 0, row = 0, row_any = 0}, {}, {}, {}, {}
	if failures > 0 and a.fast then sums.q = failures end
	for w in pairs(used) do callers[w], well[w] = 0, 0 end
	for i = 1, #h, 2 do
		local w, rest = string.match(h[i], '^(%d+):(.*)$')
		w = tonumber(w)
		local bucket, kind = string.match(rest or '', '^(%d+):([fsq])$')
		local mark = rest and string.match(rest, '^([ko]):')
		if mark then bucket = h[i + 1] end
		if h[i] == 'row' or h[i] == 'row_any' then
			if successes == 0 then sums[h[i]] = tonumber(h[i + 1]) end
		elseif not used[w] or bucket and tonumber(bucket) <= math.floor(now / w) - 10 then
			gone[#gone + 1] = h[i]
		elseif mark == 'k' then
			if string.sub(rest, 3) ~= a.caller then callers[w] = callers[w] + 1 end
		elseif mark == 'o' then
			well[w] = well[w] + 1
			if string.sub(rest, 3) ~= a.caller then others[w] = true end
		elseif bucket and w == width then
			sums[kind] = sums[kind] + tonumber(h[i + 1])
		end
	end
	for i = 1, #gone, 500 do
		redis.call('HDEL', window, unpack(gone, i, math.min(i + 499, #gone)))
	end
	local longest = 0
	for w in pairs(used) do
		local b = string.format('%d:%d:', w, math.floor(now / w))
		if failures > 0 then
			redis.call('HINCRBY', window, b .. 'f', failures)
			if a.fast then redis.call('HINCRBY', window, b .. 'q', failures) end
			if callers[w] < 16 then -- two would do; the rest is for those that leave the window
				redis.call('HSET', window, string.format('%d:k:', w) .. a.caller, string.format('%d', math.floor(now / w)))
			end
		end
		if successes > 0 then
			redis.call('HINCRBY', window, b .. 's', successes)
			local by = a.result == 'success' and a.caller or a.success_by
			if well[w] >= 16 then by = '*' end
			redis.call('HSET', window, string.format('%d:o:', w) .. by, string.format('%d', math.floor(now / w)))
		end
		longest = math.max(longest, w)
	end
	sums.row = sums.row + failures -- the successes of a report came before its failure
	if a.any_caller then sums.row_any = sums.row_any + failures end
	redis.call('HSET', window, string.format('%d:u', width), string.format('%d', now), 'row', sums.row, 'row_any', sums.row_any)
	redis.call('PEXPIRE', window, string.format('%d', longest * 20 + 60000))
	local distinct = callers[width]
	if failures > 0 then distinct = distinct + 1 end
	return sums, distinct, others[width] or a.successes > 0 and a.success_by ~= a.caller
end

if r.open == 1 then
	if a.result == 'success' and (probe or a.last_resort) then
		close()
	elseif a.result == 'failure' then
		if a.unconfirmed and not (probe and not early and confirmed()) then
			-- nobody keeps it open alone
		elseif probe and not early then
			reopen()
		elseif a.hold > 0 and not a.last_resort then
			extend()
		elseif probe and r.early == 1 and not a.fast then
			r.early = 0
		end
	end
else
	local failed = a.result == 'failure' and not (a.age >= 0 and now - a.age < r.closed)
	local holds = failed and a.hold > 0
	if a.successes > 0 or a.result == 'success' then clear_doubt() end -- they came before the failure
	if holds and (not a.unconfirmed or confirmed()) then
		local hold = hold_for(r.openings)
		r.level = r.level + 1
		open_for(hold)
	else
		local failures, successes = 0, a.successes
		if failed and not holds then failures = 1 end
		if a.result == 'success' then successes = successes + 1 end
		if failures + successes > 0 and a.window > 0 then
			local sums, callers, others = count(failures, successes)
			local needed = a.callers
			if others and not a.any_caller then needed = 2 end -- nobody is alone whom others do well beside
			local enough = sums.f / (sums.f + sums.s) >= a.min_ratio or
				sums.row_any >= a.threshold or sums.row >= a.many_in_a_row * a.threshold
			if failures > 0 and enough and sums.f >= a.threshold and callers >= needed then
				r.level = r.level + 1
				open_for(cooldown())
				if a.probe_early and 2 * sums.q > sums.f then r.early = 1 end
			end
		end
	end
end
if dirty then save(record, open, a.scope, r, now) end
return {now, pack(r)}
