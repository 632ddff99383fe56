# frozen_string_literal: true

# A client in Ruby with Net::HTTP: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
#
#   client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... URL
#
# Prints each body, then `verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not authentic
# goes to stderr as `error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.

require "net/http"
require "optparse"

require "oscartoki"

GIVEN = { headers: {}, ext: [], count: 1, parallel: 1, off_ms: 0 }

begin
  OptionParser.new do |options|
    options.banner = "usage: client --secret FILE --audience NAME [options] URL"
    options.on("--secret FILE", "an os2 secret, an oa2 audience key or an oz2 session") { |file| GIVEN[:secret] = file }
    options.on("--audience NAME") { |name| GIVEN[:audience] = name }
    options.on("-X METHOD") { |method| GIVEN[:method] = method }
    options.on("-d BODY") { |body| GIVEN[:body] = body }
    options.on("-H 'Name: value'") { |line| GIVEN[:headers].store(*line.split(": ", 2)) }
    options.on("--ext LIST", "covered headers, in the service's order") { |list| GIVEN[:ext] = list.split(",").map(&:strip).reject(&:empty?) }
    options.on("--repeatable", "a POST that may be resent: needs idempotency-key in --ext and -H") { GIVEN[:repeatable] = true }
    options.on("--verify-first", "a probe goes before the request, whatever the clock says") { GIVEN[:verify_first] = true }
    options.on("--trust-clock", "no probe") { GIVEN[:trust_clock] = true }
    options.on("--roll-every", "asks for the next grant on every request") { GIVEN[:roll] = :every }
    options.on("--count N", Integer, "sends it N times, one after another") { |number| GIVEN[:count] = number }
    options.on("--parallel N", Integer, "in N threads of one client") { |number| GIVEN[:parallel] = number }
    options.on("--clock-off-ms N", Integer, "moves this client's clock") { |number| GIVEN[:off_ms] = number }
  end.parse!
  raise OptionParser::MissingArgument, "--secret" unless GIVEN[:secret]
  raise OptionParser::MissingArgument, "URL" unless ARGV.size == 1

  # By hand: what a target looks like is the caller's business.
  SCHEME, HOST, TARGET = ARGV.first.match(%r{\A(https?)://([^/?#]+)([^#]*)}i)&.captures
  raise OptionParser::InvalidArgument, ARGV.first unless HOST
rescue OptionParser::ParseError => e
  warn "error: #{e.message}"
  exit 2
end

unless GIVEN[:off_ms].zero?
  # Only a demonstration moves a clock.
  Process.singleton_class.prepend(Module.new do
    def clock_gettime(id, unit = :float_second)
      id == Process::CLOCK_REALTIME && unit == :millisecond ? super + GIVEN[:off_ms] : super
    end
  end)
end

def client
  text = Oscartoki.secret_from(GIVEN[:secret])
  options = { ext: GIVEN[:ext], roll: GIVEN[:roll] || :auto }
  case text
  when /\Aoa2\./ then Oscartoki::Client.new(audience_key: text, **options)
  when /\Aoz2\./ then Oscartoki::Client.new(session: text, **options)
  else Oscartoki::Client.new(secret: text, audience: GIVEN[:audience], **options)
  end
end

# Sends the request once; the exit code.
def send_once(http)
  method = GIVEN[:method] || (GIVEN[:body] ? "POST" : "GET")
  target = TARGET.start_with?("/") ? TARGET : "/#{TARGET}"
  request = Net::HTTPGenericRequest.new(method, !GIVEN[:body].nil?, method != "HEAD", target, GIVEN[:headers])
  request.body = GIVEN[:body]
  answer = http.request(request)
  step = answer.oscartoki_step
  told = ["status #{answer.code}", "code #{answer.oscartoki.code || 'none'}", "requests #{step.requests}"]
  told << "probed" if step.probed?
  told << "resent" if step.resent?
  told << "in session" if step.in_session?
  puts "#{answer.body}\nverified: #{told.join(', ')}"
  0
rescue Oscartoki::OscarError => e
  warn "error: #{e.message} (may have run: #{e.may_have_run == false ? 'no' : 'yes'})"
  1
rescue SystemCallError, SocketError, IOError, Timeout::Error, Net::ProtocolError, OpenSSL::SSL::SSLError => e
  warn "error: network: #{e.message}"
  4
end

def worker(client)
  url = URI("#{SCHEME}://#{HOST}")
  signed = client.net_http(url, **GIVEN.slice(:repeatable, :verify_first, :trust_clock))
  codes = []
  begin
    signed.start { |http| GIVEN[:count].times { codes << send_once(http) } }
  rescue SystemCallError, SocketError, Timeout::Error, OpenSSL::SSL::SSLError => e
    warn "error: network: #{e.message}"
    codes << 4
  end
  codes.find(&:positive?) || 0
end

$stdout.sync = true
begin
  shared = client
rescue Oscartoki::OscarError, ArgumentError, SystemCallError => e
  warn "error: #{e.message}"
  exit 3
end
exit Array.new(GIVEN[:parallel]) { Thread.new { worker(shared) } }.map(&:value).max
