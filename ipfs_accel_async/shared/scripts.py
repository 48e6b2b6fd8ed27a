"""Lua scripts: each is one atomic step, in the time of the server, so that clocks of processes need not agree."""

from __future__ import annotations

LEASE = """
-- KEYS[1]: the quota. ARGV: holder, lease seconds, then of each limit: name, capacity, units a second (0: a window),
-- window seconds, used since the last time, wanted, given back. Gives of each limit: granted, seconds to wait for more.
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local holder, ttl = ARGV[1], tonumber(ARGV[2])
local has = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do has[all[i]] = all[i + 1] end
local gone = {}
for field, value in pairs(has) do
  if string.sub(field, 1, 2) == 'x:' and tonumber(value) < now then gone[string.sub(field, 3)] = true end
end
local set = {'x:' .. holder, now + ttl}
local out = {}
local longest = ttl
for i = 3, #ARGV, 7 do
  local name, capacity, rate = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local window, used = tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
  local want, back = tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
  local level = tonumber(has['v:' .. name] or capacity)
  local at = tonumber(has['t:' .. name] or now)
  if rate > 0 then
    level = math.min(capacity, level + (now - at) * rate)
    at = now
  elseif now - at >= window then
    level, at = capacity, now
  end
  for who, _ in pairs(gone) do
    local lost = tonumber(has['l:' .. who .. ':' .. name] or 0)
    if lost > 0 then level = math.min(capacity, level + lost) end
  end
  local held = tonumber(has['l:' .. holder .. ':' .. name] or 0) - used - back
  level = math.min(capacity, level + back)
  if held < 0 then level, held = level + held, 0 end
  local give = math.max(math.min(want, level), 0)
  if give < want and give < 0.001 then give = 0 end
  level, held = level - give, held + give
  local wait = 0
  if give < want then
    if rate > 0 then wait = (want - give - math.min(level, 0)) / rate else wait = at + window - now end
  end
  for _, pair in ipairs({{'v:' .. name, level}, {'t:' .. name, at}, {'l:' .. holder .. ':' .. name, held}}) do
    set[#set + 1], set[#set + 2] = pair[1], string.format('%.6f', pair[2])
  end
  out[#out + 1], out[#out + 2] = string.format('%.6f', give), string.format('%.6f', wait)
  longest = math.max(longest, window, rate > 0 and capacity / rate or 0)
end
for who, _ in pairs(gone) do
  redis.call('HDEL', KEYS[1], 'x:' .. who)
  for field, _ in pairs(has) do
    if string.sub(field, 1, #who + 3) == 'l:' .. who .. ':' then redis.call('HDEL', KEYS[1], field) end
  end
end
redis.call('HSET', KEYS[1], unpack(set))
redis.call('PEXPIRE', KEYS[1], math.ceil((longest + ttl) * 2000))
return out
"""

SYNC = """
-- KEYS[1]: verdicts, KEYS[2]: processes. ARGV: holder, lease seconds, then of each verdict: name, seconds it holds.
-- Gives the number of processes, then of each verdict that holds: name, seconds left.
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local ttl = tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  local until_ = now + tonumber(ARGV[i + 1])
  if until_ > tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or 0) then
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%.6f', until_))
  end
end
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ttl)
redis.call('PEXPIRE', KEYS[2], math.ceil(ttl * 2000))
local out = {tostring(redis.call('ZCARD', KEYS[2]))}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local left = tonumber(all[i + 1]) - now
  if left <= 0 then
    redis.call('HDEL', KEYS[1], all[i])
  else
    out[#out + 1], out[#out + 2] = all[i], string.format('%.6f', left)
  end
end
redis.call('PEXPIRE', KEYS[1], 7200000)
return out
"""

KEEP = """
-- KEYS[1]: the answer. ARGV: data, milliseconds, prefix of tags, tags. Data begins with its lifetime, for its age.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 4, #ARGV do
  local tag = ARGV[3] .. ARGV[i]
  redis.call('SADD', tag, KEYS[1])
  if redis.call('PTTL', tag) < tonumber(ARGV[2]) then redis.call('PEXPIRE', tag, ARGV[2]) end
end
return 1
"""

INVALIDATE = """
-- KEYS[1]: the set of a tag.
local gone = 0
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do gone = gone + redis.call('DEL', key) end
redis.call('DEL', KEYS[1])
return gone
"""

LET_GO = """
-- KEYS[1]: a flight. ARGV: its holder. Only who holds it lets it go.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

HOLD_ON = """
-- KEYS[1]: a flight. ARGV: its holder, milliseconds.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
