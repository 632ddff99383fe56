# frozen_string_literal: true

# A service in Ruby: a Rack app under puma, answering as `oscar serve` does.
#
#   service --listen 127.0.0.1:0 --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE] [--workers N]
#
# `/echo` and everything under it take any method and need a toki. `--memory` is shared by all processes on this machine that accept the same keys;
# without it, a file of this user is. Prints `listening on http://HOST:PORT` once it is ready. SIGTERM ends it with 0.

require "digest"
require "json"
require "optparse"
require "socket"

require "puma"
require "puma/configuration"
require "puma/events"
require "puma/launcher"

require "oscartoki"

GIVEN = { listen: "127.0.0.1:8080", authorities: [], keys: [], ext: [], answer_ext: [], workers: 0, threads: 5 }
LIST = ->(text) { text.split(",").map(&:strip).reject(&:empty?) }

begin
  OptionParser.new do |options|
    options.banner = "usage: service --audience NAME --key FILE [options]"
    options.on("--listen HOST:PORT") { |address| GIVEN[:listen] = address }
    options.on("--audience NAME") { |name| GIVEN[:audience] = name }
    options.on("--authority NAME") { |name| GIVEN[:authorities] << name }
    options.on("--key FILE", "oa2 keys and v1 lines; reread when it changes") { |file| GIVEN[:keys] << file }
    options.on("--revocations FILE", "reread when it changes") { |file| GIVEN[:revocations] = file }
    options.on("--memory FILE") { |file| GIVEN[:memory] = file }
    options.on("--ext LIST") { |list| GIVEN[:ext] = LIST.call(list) }
    options.on("--answer-ext LIST") { |list| GIVEN[:answer_ext] = LIST.call(list) }
    options.on("--first-start", "no earlier process accepted these keys") { GIVEN[:first_start] = true }
    options.on("--workers N", Integer, "processes that puma forks; 0: one that does not fork") { |number| GIVEN[:workers] = number }
    options.on("--threads N", Integer, "threads of a worker") { |number| GIVEN[:threads] = number }
  end.parse!
  raise OptionParser::MissingArgument, "--audience" unless GIVEN[:audience]
  raise OptionParser::MissingArgument, "--key" if GIVEN[:keys].empty?
rescue OptionParser::ParseError => e
  warn "error: #{e.message}"
  exit 2
end

# The application, which knows nothing of tokis but who asks.
APP = lambda do |env|
  path = env["PATH_INFO"]
  return [404, { "content-type" => "application/json" }, ['{"error": "not found"}']] unless path == "/echo" || path.start_with?("/echo/")

  verified = env["oscartoki"]
  body = env["rack.input"]&.read.to_s
  told = {
    client: verified.kid.unpack1("H*"), session: verified.sid&.unpack1("H*"), method: env["REQUEST_METHOD"], target: env["REQUEST_URI"],
    body_sha256: body.empty? ? nil : Digest::SHA256.hexdigest(body)
  }
  [200, { "content-type" => "application/json" }, [JSON.generate(told)]]
end

host, _, port = GIVEN[:listen].rpartition(":")
begin
  listener = TCPServer.new(host.delete("[]"), Integer(port))
  address = "#{host}:#{listener.addr[1]}"
  service = Oscartoki::Service.new(
    authorities: [GIVEN[:audience], address, *GIVEN[:authorities]], audience: GIVEN[:audience], keys_file: GIVEN[:keys],
    revocations_file: GIVEN[:revocations], memory: GIVEN[:memory], ext: GIVEN[:ext], answer_ext: GIVEN[:answer_ext],
    first_start: GIVEN[:first_start]
  )
rescue Oscartoki::OscarError, SystemCallError, ArgumentError => e
  warn "error: #{e.message}"
  exit 3
end

# Puma takes the listener over, whose port is one of the service's names.
ENV["PUMA_INHERIT_0"] = "#{listener.fileno}:tcp://#{address}"
config = Puma::Configuration.new do |puma|
  puma.bind "tcp://#{address}"
  puma.app Oscartoki::Rack::Middleware.new(APP, service: service)
  puma.workers GIVEN[:workers]
  puma.preload_app! if GIVEN[:workers].positive?
  puma.threads GIVEN[:threads], GIVEN[:threads]
  puma.raise_exception_on_sigterm false
  puma.environment "production"
  puma.quiet
end
silent = File.open(File::NULL, "w")
# The log is one object in puma 5, two in puma 6.
if defined?(Puma::LogWriter)
  events = Puma::Events.new
  said = { log_writer: Puma::LogWriter.new(silent, $stderr), events: events }
else
  events = Puma::Events.new(silent, $stderr)
  said = { events: events }
end
events.on_booted do
  # A memory that begins empty is ready after some seconds.
  service.wait_until_ready
  puts "listening on http://#{address}"
  $stdout.flush
end
Puma::Launcher.new(config, **said).run
