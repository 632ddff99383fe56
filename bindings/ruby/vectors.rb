# frozen_string_literal: true

# vectors.rb FILE...: runs files in the format of core/vectors/README.md through the public API of the installed gem.
#
# Prints `FAIL <file>: <name>: got …, want …` for each failing case, then the tally. Exit 1: a case failed; 2: a file can't be read.
require "json"

require "oscartoki"

include Oscartoki # rubocop:disable Style/MixinUsage

KEY = %w[secret_hex audience_key audience generation].freeze
REQUEST = %w[method authority target ext_hex body_hex body_sha256_hex].freeze
ANSWER = %w[status grant ext_hex body_hex body_sha256_hex].freeze
CARRIED = {
  "message" => %w[destination type ext_hex body_hex body_sha256_hex toki], "ticket" => %w[ticket origin],
  "url" => %w[method authority target ext_hex]
}.freeze
OPS = {} # rubocop:disable Style/MutableConstant

# A member or an op that the page does not name: a failing case, never a skip.
class Unknown < StandardError; end

# The `in` of a case or step; absent and null are both "not given".
class Given
  attr_reader :members

  def initialize(members) = @members = members

  def [](name) = @members[name]

  def text(name) = self[name] || ""

  def hex(name) = [self[name] || ""].pack("H*")

  def opt_hex(name) = self[name] && hex(name)

  # As keyword arguments: the body, or its digest.
  def content = { digest: opt_hex("body_sha256_hex") }

  def body = self["body_sha256_hex"] ? nil : hex("body_hex")

  def request = [text("method"), text("authority"), text("target")]

  def audience = self["audience"] || Oscartoki.normalise_authority(text("authority"))

  def pass = Tcx::Pass.new(text("app_public"), mode: self["mode"] || "none", params: self["params"] || {}, datetime: self["datetime"])

  # `error` is the class for what can't be a key's audience or generation.
  def key(error = OscarError::Malformed)
    return AudienceKey.new(self["audience_key"]) if self["audience_key"]

    secret = Secret.from_bytes(hex("secret_hex"))
    begin
      secret.audience_key(audience, self["generation"] || 0)
    rescue OscarError::Unsignable, OscarError::Malformed
      raise error
    end
  end

  def fresh_service
    held = key
    audience = text("audience")
    names = begin
      Oscartoki.normalise_authority(audience)
      [audience]
    rescue OscarError
      []
    end
    service_of([held], names, self["now_ms"], audience.empty? ? "audience" : audience)
  end
end

def service_of(keys, names, now_ms, audience, capacity: nil, **options)
  ring = Keyring.new(audience)
  keys.each { |key| ring.add(key) }
  memory = capacity ? MemoryReplayLog.new(capacity, exact: true) : MemoryReplayLog.new(1 << 14)
  Service.new(authorities: names, keyring: ring, memory: memory, now_ms: now_ms, first_start: true, **options)
end

def op(name, members, &run) = OPS[name] = [run, members]

def known(given, members)
  given.each_key { |member| raise Unknown, "member #{member}" unless members.include?(member) }
  Given.new(given)
end

def evaluate(name, given)
  run, members = OPS.fetch(name) { raise Unknown, "op #{name}" }
  run.call(known(given, members))
end

def hex(bytes) = bytes&.unpack1("H*")

# ---- keys ----

op("key.derive", %w[secret_hex secret audience generation]) do |given|
  secret = given["secret"] ? Secret.new(given["secret"]) : Secret.from_bytes(given.hex("secret_hex"))
  generation = given["generation"] || 0
  raise OscarError::Unsignable, "a generation" unless generation.between?(0, (1 << 32) - 1)

  key = secret.audience_key(given.text("audience"), generation)
  { "secret" => secret.to_text, "kid_hex" => hex(key.kid), "audience_key" => key.to_text, "audience_key_hex" => hex(Hazmat.expose(key)) }
end

op("key.parse", %w[text kind]) do |given|
  kind = { "secret" => Secret, "audience_key" => AudienceKey, "session" => Session }.fetch(given["kind"]) { raise Unknown, "kind #{given['kind']}" }
  { "text" => kind.new(given.text("text")).to_text }
end

# ---- requests and answers ----

op("toki.mint", [*KEY, *REQUEST, "ts_ms", "nonce_hex", "want", "grant"]) do |given|
  key = given.key(OscarError::Unsignable)
  toki = Hazmat.mint_request(key, *given.request, given.body, ts_ms: given["ts_ms"], nonce: given.hex("nonce_hex"), want: given["want"],
                             grant: given["grant"], ext: given.hex("ext_hex"), **given.content)
  { "toki" => toki }
end

def verify_step(service, given)
  verdict = service.verify(*given.request, given["toki"], given["grant"], given.body, ext: given.hex("ext_hex"), now_ms: given["now_ms"], **given.content)
  if verdict.is_a?(PendingBody)
    arrived = given.opt_hex("finish_body_hex")
    verdict = arrived ? verdict.finish(arrived) : verdict.finish(digest: given.hex("body_sha256_hex"))
  end
  verdict.raise_for_refusal
  { "kid_hex" => hex(verdict.kid), "sid_hex" => hex(verdict.sid), "ts_ms" => verdict.ts_ms, "nonce_hex" => hex(verdict.nonce), "want" => verdict.want? }
end

op("toki.verify", [*KEY, *REQUEST, "now_ms", "toki", "grant", "finish_body_hex"]) { |given| verify_step(given.fresh_service, given) }

op("grant.mint", [*KEY, "request_toki", "sid_hex", "exp_s", "ttl_s"]) do |given|
  key = given.key(OscarError::Unsignable)
  { "grant" => Hazmat.mint_grant(key, given.text("request_toki"), sid: given.hex("sid_hex"), exp_s: given["exp_s"], ttl_s: given["ttl_s"]) }
end

op("answer.mint", [*KEY, *ANSWER, "session_grant", "request_toki", "code", "ts_ms"]) do |given|
  key = given.key(OscarError::Unsignable)
  toki = Hazmat.mint_answer(key, given.text("request_toki"), given["status"], given.body, code: given["code"], ts_ms: given["ts_ms"],
                            session_grant: given["session_grant"], grant: given["grant"], ext: given.hex("ext_hex"), **given.content)
  { "toki" => toki }
end

op("answer.verify", [*KEY, *ANSWER, "session_grant", "request_toki", "toki"]) do |given|
  judged = Hazmat.accept(given.key, given.text("request_toki"), given["status"], given.body, toki: given["toki"], grant: given["grant"],
                         session_grant: given["session_grant"], ext: given.hex("ext_hex"), **given.content)
  { "code" => judged.code, "ts_ms" => judged.ts_ms, "sid_hex" => hex(judged.adopted_sid) }
end

# ---- messages, URLs, tickets ----

op("message.mint", [*KEY, *%w[destination type ext_hex body_hex body_sha256_hex ts_ms nonce_hex ttl_s]]) do |given|
  key = given.key(OscarError::Unsignable)
  toki = Hazmat.mint_message(key, given.text("destination"), given.text("type"), given.body, ts_ms: given["ts_ms"], nonce: given.hex("nonce_hex"),
                             ttl_s: given["ttl_s"], ext: given.hex("ext_hex"), **given.content)
  { "toki" => toki }
end

def message_step(service, given)
  made = service.verify_message(given.text("destination"), given.text("type"), given.body, given["toki"], ext: given.hex("ext_hex"),
                                now_ms: given["now_ms"], **given.content)
  { "kid_hex" => hex(made.kid), "ts_ms" => made.ts_ms, "ttl_s" => made.ttl_s, "verdict" => made.freshness.to_s }
end

op("url.mint", [*KEY, *%w[method authority target ext_hex exp_ms]]) do |given|
  key = given.key(OscarError::Unsignable)
  { "target" => Hazmat.mint_url(key, *given.request, exp_ms: given["exp_ms"], ext: given.hex("ext_hex")) }
end

def url_step(service, given)
  made = service.verify_url(*given.request, ext: given.hex("ext_hex"), now_ms: given["now_ms"])
  { "kid_hex" => hex(made.kid), "exp_ms" => made.exp_ms }
end

op("ticket.mint", [*KEY, *%w[connection_hex origin ts_ms nonce_hex]]) do |given|
  key = given.key(OscarError::Unsignable)
  { "ticket" => Hazmat.mint_ticket(key, given.hex("connection_hex"), ts_ms: given["ts_ms"], nonce: given.hex("nonce_hex"), origin: given["origin"]) }
end

def ticket_step(service, given)
  made = service.verify_ticket(given["ticket"], origin: given["origin"], now_ms: given["now_ms"])
  { "kid_hex" => hex(made.kid), "connection_hex" => hex(made.connection), "ts_ms" => made.ts_ms }
end

STEPS = { "verify" => :verify_step, "message" => :message_step, "url" => :url_step, "ticket" => :ticket_step }.freeze
CARRIED.each { |name, members| op("#{name}.verify", [*KEY, *members, "now_ms"]) { |given| send(STEPS[name], given.fresh_service, given) } }

# ---- OscarToki v1 ----

op("v1.mint", %w[key now_ms]) { |given| { "toki" => V1::Key.new(given.text("key")).mint(now_ms: given["now_ms"]) } }

op("v1.verify", %w[key toki now_ms dialect]) do |given|
  { "ts_ms" => V1::Key.new(given.text("key")).verify(given.text("toki"), dialect: given["dialect"] || "any", now_ms: given["now_ms"]) }
end

op("v1.tokikey.mint", %w[key toki now_ms]) do |given|
  { "tokikey" => V1::Key.new(given.text("key")).mint_tokikey(given.text("toki"), now_ms: given["now_ms"]) }
end

op("v1.tokikey.verify", %w[key toki tokikey now_ms dialect]) do |given|
  key = V1::Key.new(given.text("key"))
  key.verify_tokikey(given.text("toki"), given.text("tokikey"), dialect: given["dialect"] || "any", now_ms: given["now_ms"])
  {}
end

# ---- TCX ----

op("tcx.pass.mint", %w[mode params datetime app_public client_token dialect]) do |given|
  { "app_pass" => given.pass.mint(given.text("client_token"), dialect: given["dialect"] || "documented") }
end

op("tcx.pass.verify", %w[mode params datetime app_public app_pass now_ms strict]) do |given|
  found = given.pass.verify(given.text("app_pass"), strict: given["strict"].nil? || given["strict"], now_ms: given["now_ms"])
  { "client_token" => found.client_token, "dialect" => found.dialect }
end

op("tcx.headers", %w[type app_id app_pass token]) do |given|
  { "headers" => Tcx.headers(given.text("type"), given.text("app_id"), given.text("app_pass"), given["token"]) }
end

op("tcx.verdict", %w[code table route]) do |given|
  Tcx.verdict(given.text("code"), table: given["table"] || "documented", route: given["route"] || "call").to_h
end

# ---- Socktopus ----

op("socktopus.mint", %w[secret app connection ts_ms]) do |given|
  { "token" => Socktopus::Token.mint(given.text("secret"), given.text("app"), given.text("connection"), ts_ms: given["ts_ms"]) }
end

op("socktopus.verify", %w[secrets token now_ms]) do |given|
  found = Socktopus::Token.verify(given["secrets"] || {}, given.text("token"), now_ms: given["now_ms"])
  { "app" => found.app, "connection" => found.connection, "ts_ms" => found.ts_ms }
end

# ---- the two operations with steps ----

# A construction that worked, and what each of its steps gives.
class Sequence
  def take(index, step, given)
    members = self.class::MEMBERS.fetch(step) { raise Unknown, "step #{step}" }
    public_send("do_#{step}", index, known(given, members))
  end
end

class ServiceSteps < Sequence
  MEMBERS = {
    "verify" => [*REQUEST, "now_ms", "toki", "grant", "finish_body_hex"], "revoke_key" => %w[kid_hex now_ms],
    "revoke_session" => %w[kid_hex sid_hex now_ms], "revoke_issued_before" => %w[kid_hex before_s now_ms],
    **CARRIED.transform_values { |members| [*KEY, *members, "now_ms"] }
  }.freeze

  def initialize(given)
    super()
    raise Unknown, "memory #{given['memory']}" unless [nil, "local"].include?(given["memory"])

    held = (given["keys"] || []).map { |key| known(key, KEY) }
    keys = held.map(&:key)
    options = %w[window_ms max_ttl_s first_start capacity].to_h { |name| [name.to_sym, given[name]] }.compact
    audience = held.filter_map { |key| key["audience"] unless key.text("audience").empty? }.first || "audience"
    @service = service_of(keys, given["authorities"] || [], given["start_ms"] || 0, audience, **options)
  end

  STEPS.each { |name, step| define_method("do_#{name}") { |_, given| send(step, @service, given) } }

  def do_revoke_key(_, given) = @service.revoke_key(given.hex("kid_hex")) || {}

  def do_revoke_session(_, given) = @service.revoke_session(given.hex("kid_hex"), given.hex("sid_hex")) || {}

  def do_revoke_issued_before(_, given) = @service.revoke_issued_before(given.hex("kid_hex"), given["before_s"]) || {}
end

class ClientSteps < Sequence
  MEMBERS = {
    "sign" => [*REQUEST, *%w[now_ms repeatable trust_clock resend_of nonce_hex]],
    "accept" => %w[of now_ms status toki grant ext_hex body_hex body_sha256_hex]
  }.freeze

  def initialize(given)
    super()
    @client = given["delegated"] ? Client.new(session: given["delegated"]) : Client.new(audience_key: given.key(OscarError::Unsignable))
    @signed = {}
  end

  def do_sign(index, given)
    signed = Hazmat.sign(@client, *given.request, given.body, nonce: given.hex("nonce_hex"), now_ms: given["now_ms"], ext: given.hex("ext_hex"),
                         repeatable: given["repeatable"], trust_clock: given["trust_clock"], resend: !given["resend_of"].nil?, **given.content)
    @signed[index] = signed
    { "probe" => signed.probe?, "toki" => signed.toki, "grant" => signed.grant }
  rescue OscarError => e
    { "error" => e.name, "may_have_run" => e.may_have_run, "signed" => e.signed, "resend" => false }
  end

  def do_accept(_, given)
    outcome = @client.accept(@signed.fetch(given["of"]), given["status"], given.body, toki: given["toki"], grant: given["grant"],
                             ext: given.hex("ext_hex"), received_ms: given["now_ms"], mono_ms: 0, **given.content)
    told = {
      "code" => outcome.code, "resend" => outcome.resend?, "offset_ms" => outcome.offset_ms, "sid_hex" => hex(outcome.adopted_sid),
      "grant_error" => outcome.grant_error, "may_have_run" => outcome.may_have_run?, "signed" => outcome.signed?
    }
    outcome.name ? told.merge("error" => outcome.name) : told
  end
end

op("service", %w[keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps]) { |given| ServiceSteps.new(given) }
op("client", [*KEY, "delegated", "steps"]) { |given| ClientSteps.new(given) }

# ---- judging ----

def agrees?(expect, got)
  if expect.key?("ok")
    return expect.keys == ["ok"] && !got.key?("error") && (expect["ok"] || {}).all? { |name, wanted| got[name] == wanted }
  end

  names = expect["error_any_of"] || [expect["error"]]
  beside = expect.reject { |name, _| %w[error error_any_of].include?(name) }
  names.all? { |name| OscarError::BY_NAME.key?(name) } && names.include?(got["error"]) &&
    beside.all? { |name, wanted| got.key?(name) && got[name] == wanted }
end

def attempt
  yield
rescue OscarError => e
  { "error" => e.name }
end

# nil, or what was got and what was wanted.
def judge(case_)
  given, expect = case_.fetch_values("in", "expect")
  got = attempt { evaluate(case_["op"], given) }
  return agrees?(expect, got) ? nil : [got, expect] unless got.is_a?(Sequence)
  return [{}, expect] unless agrees?(expect, {})

  given["steps"].each_with_index do |step, index|
    told = attempt { got.take(index, step["do"], step["in"] || {}) }
    return ["step #{index} #{JSON.generate(told)}", step["expect"]] unless agrees?(step["expect"], told)
  end
  nil
end

def spoken(part) = part.is_a?(String) ? part : JSON.generate(part)

def main(files)
  if files.empty?
    warn "usage: vectors.rb FILE..."
    return 2
  end
  passed = failed = 0
  files.each do |file|
    begin
      cases = JSON.parse(File.read(file, encoding: "UTF-8")).fetch("cases")
      raise TypeError, "cases is no list" unless cases.is_a?(Array)
    rescue SystemCallError, JSON::ParserError, EncodingError, KeyError, NoMethodError, TypeError => e
      warn "#{file}: #{e.message.lines.first}"
      return 2
    end
    cases.each do |one|
      verdict = begin
        judge(one)
      rescue StandardError => e # whatever a case does to the runner, it is a failing case
        ["#{e.class}: #{e.message}", one["expect"]]
      end
      next passed += 1 if verdict.nil?

      failed += 1
      puts "FAIL #{file}: #{one['name']}: got #{spoken(verdict[0])}, want #{spoken(verdict[1])}"
    end
  end
  puts "#{passed} passed, #{failed} failed"
  failed.zero? ? 0 : 1
end

exit main(ARGV)
