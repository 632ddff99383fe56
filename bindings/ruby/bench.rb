# frozen_string_literal: true

# bench.rb [--json]: signing and verifying from Ruby beside the same by hand and beside ruby-jwt. Both sides in turns, in this one thread, by its
# CPU time (garbage collection included), the median of the rounds.
#
# Service#verify is all of the service's rules with its replay memory; by hand it is base64, unpacking, packing the message, OpenSSL::HMAC, the
# constant-time compare, a look at the clock and a Set of what was seen. In a session the service derives the session's key from its grant,
# which by hand takes two more HMACs.
require "json"
require "openssl"
require "set"

require "jwt"

require "oscartoki"

NAME, METHOD, TARGET = "api.example.com", "GET", "/v1/accounts?limit=10&after=2026-11-25&x"
ROUNDS, CALLS = 15, 2000
KEY = (0..31).to_a.pack("C*")

# The protocol, as one would write it in an afternoon.
class ByHand
  def initialize
    @seen = Set.new
    @keys = { "kidkidki" => KEY }
  end

  def sign(method, authority, target)
    now = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)
    head = ["\x21\0kidkidki", now >> 32, now & 0xFFFFFFFF, OpenSSL::Random.random_bytes(8)].pack("a10nNa8")
    mac = OpenSSL::HMAC.digest("SHA256", KEY, message(head, method, authority, target)).byteslice(0, 16)
    "ot2.#{["#{head}#{mac}"].pack('m0').tr('+/', '-_').delete('=')}"
  end

  def verify(method, authority, target, toki, grant = nil)
    raise "malformed" unless toki.bytesize == 58 && toki.start_with?("ot2.")

    data = toki.byteslice(4, 54).tr("-_", "+/").unpack1("m")
    kind, flags, kid, high, low, _, tag = data.unpack("CCa8nNa8a16")
    raise "malformed" if kind != 0x21 || flags & ~15 != 0

    key = @keys.fetch(kid)
    key = session(key, grant) if grant
    mac = OpenSSL::HMAC.digest("SHA256", key, message(data.byteslice(0, 24), method, authority, target)).byteslice(0, 16)
    raise "bad_mac" unless OpenSSL.fixed_length_secure_compare(mac, tag)

    age = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond) - (high << 32 | low)
    raise "stale" unless age.between?(-2000, 30_000)
    raise "replayed" unless @seen.add?(tag)

    kid
  end

  private

  def session(key, grant)
    OpenSSL::HMAC.digest("SHA256", OpenSSL::HMAC.digest("SHA256", key, grant.byteslice(4, 43).tr("-_", "+/").unpack1("m")), "oscartoki/2 req\x01")
  end

  def message(head, method, authority, target)
    [head, method.bytesize, method, authority.bytesize, authority, target.bytesize, target, 0].pack("a24na*na*na*n")
  end
end

SECRET = Oscartoki::Secret.generate
SERVICE = Oscartoki::Service.new(keys: SECRET.audience_key(NAME), authorities: NAME, memory: Oscartoki::MemoryReplayLog.new, first_start: true)
ROOT = Oscartoki::Client.new(secret: SECRET, audience: NAME, trust_clock: true)
SESSION = Oscartoki::Client.new(secret: SECRET, audience: NAME, trust_clock: true)
first = SESSION.sign(METHOD, NAME, TARGET)
toki, GRANT = SERVICE.answer(SERVICE.verify(METHOD, NAME, TARGET, first.toki), 200, "")
SESSION.accept(first, 200, "", toki: toki, grant: GRANT).raise_for_refusal
HAND = ByHand.new
CLAIMS = { "sub" => "kidkidki", "aud" => NAME, "jti" => "0123456789abcdef" }.freeze

def claims = CLAIMS.merge("exp" => Time.now.to_i + 60)

# What is measured, and what it is given: made before the clock runs.
RUNS = {
  sign: [-> { Array.new(CALLS) }, ->(_) { SESSION.sign(METHOD, NAME, TARGET) }],
  sign_by_hand: [-> { Array.new(CALLS) }, ->(_) { HAND.sign(METHOD, NAME, TARGET) }],
  jwt_encode: [-> { Array.new(CALLS / 4) }, ->(_) { JWT.encode(claims, KEY, "HS256") }],
  verify: [-> { Array.new(CALLS) { ROOT.sign(METHOD, NAME, TARGET).toki } }, ->(toki) { SERVICE.verify(METHOD, NAME, TARGET, toki).accepted? or raise }],
  verify_by_hand: [-> { Array.new(CALLS) { HAND.sign(METHOD, NAME, TARGET) } }, ->(toki) { HAND.verify(METHOD, NAME, TARGET, toki) }],
  in_session: [-> { Array.new(CALLS) { SESSION.sign(METHOD, NAME, TARGET).then { |s| [s.toki, s.grant] } } },
               ->(proofs) { SERVICE.verify(METHOD, NAME, TARGET, *proofs).accepted? or raise }],
  in_session_by_hand: [-> { Array.new(CALLS) { in_session_by_hand } }, ->(toki) { HAND.verify(METHOD, NAME, TARGET, toki, GRANT) }],
  jwt_decode: [-> { [JWT.encode(claims, KEY, "HS256")] * (CALLS / 4) }, ->(text) { JWT.decode(text, KEY, true, algorithm: "HS256", aud: NAME, verify_aud: true) }]
}.freeze

# A toki that HAND signed with the session's key.
def in_session_by_hand
  data = HAND.sign(METHOD, NAME, TARGET).byteslice(4, 54).tr("-_", "+/").unpack1("m").byteslice(0, 24)
  key = HAND.send(:session, KEY, GRANT)
  mac = OpenSSL::HMAC.digest("SHA256", key, HAND.send(:message, data, METHOD, NAME, TARGET)).byteslice(0, 16)
  "ot2.#{["#{data}#{mac}"].pack('m0').tr('+/', '-_').delete('=')}"
end

def spent = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID, :nanosecond)

def measure
  rounds = Hash.new { |all, name| all[name] = [] }
  ROUNDS.times do
    RUNS.each do |name, (prepare, run)|
      given = prepare.call
      GC.start
      began = spent
      given.each(&run)
      rounds[name] << ((spent - began) / given.size.to_f)
    end
  end
  rounds.transform_values { |times| times.sort[times.size / 2] }
end

took = measure
rows = [
  ["Client#sign", :sign, "by hand", :sign_by_hand, 0.1],
  ["Service#verify, root key", :verify, "by hand, with a Set", :verify_by_hand, 0.1],
  ["Service#verify in a session", :in_session, "by hand in a session, with a Set", :in_session_by_hand, 0.1],
  ["Client#sign", :sign, "ruby-jwt encode HS256", :jwt_encode, nil],
  ["Service#verify in a session", :in_session, "ruby-jwt decode HS256", :jwt_decode, nil]
].map do |what, ours, peer, theirs, bar|
  ratio = took[ours] / took[theirs]
  { what: what, ours_ns: took[ours].round(1), peer: peer, peer_ns: took[theirs].round(1), ratio: ratio.round(3), bar: bar, met: bar && ratio <= bar }
end

if ARGV.include?("--json")
  rows.each { |row| puts JSON.generate(row) }
else
  rows.each do |row|
    met = { nil => "", true => "met", false => "MISSED" }[row[:met]]
    puts format("%-28s %7.0f ns   %-33s %7.0f ns   ratio %.2f   bar %-4s %s", *row.values_at(:what, :ours_ns, :peer, :peer_ns, :ratio), row[:bar] || "-", met)
  end
end
