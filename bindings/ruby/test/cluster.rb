# frozen_string_literal: true

# Four workers of puma, whose answers tell who gave them: cluster.rb KEY MEMORY before|after
# `before`: the service is made before the fork; `after`: in each worker.
require "socket"

require "puma"
require "puma/configuration"
require "puma/events"
require "puma/launcher"

require "oscartoki"

key, memory, opened = ARGV
listener = TCPServer.new("127.0.0.1", 0)
address = "127.0.0.1:#{listener.addr[1]}"
ENV["PUMA_INHERIT_0"] = "#{listener.fileno}:tcp://#{address}"

service = -> { Oscartoki::Service.new(keys: key, authorities: [address], audience: "api.example.com", memory: memory, first_start: true) }
app = ->(_) { [200, { "x-worker" => Process.pid.to_s }, ["ran"]] }
layer = Oscartoki::Rack::Middleware.new(app, service: service.call) if opened == "before"
made = Mutex.new

config = Puma::Configuration.new do |puma|
  puma.bind "tcp://#{address}"
  puma.app(lambda { |env|
    made.synchronize { layer ||= Oscartoki::Rack::Middleware.new(app, service: service.call) }
    status, headers, body = layer.call(env)
    [status, headers.merge("x-worker" => Process.pid.to_s), body]
  })
  puma.workers 4
  puma.preload_app!
  puma.threads 4, 4
  puma.raise_exception_on_sigterm false
  puma.environment "production"
  puma.quiet
end
silent = File.open(File::NULL, "w")
events = defined?(Puma::LogWriter) ? Puma::Events.new : Puma::Events.new(silent, $stderr)
events.on_booted do
  puts address
  $stdout.flush
end
Puma::Launcher.new(config, **(defined?(Puma::LogWriter) ? { log_writer: Puma::LogWriter.new(silent, $stderr), events: events } : { events: events })).run
