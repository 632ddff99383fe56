# frozen_string_literal: true

require "faraday"

require_relative "client"
require_relative "content"

module Oscartoki
  # Faraday 1 and 2: probes, signs, accepts and, where that is safe, resends.
  #
  #   require "oscartoki/faraday"
  #   conn = Faraday.new("https://api.example.com") { |f| f.request :oscartoki, client }
  #   answer = conn.post("/v1/transfer", '{"amount":10}', "content-type" => "application/json")
  #   answer.env[:oscartoki].code
  #
  # It stands last, right before the adapter: what is signed is what goes out, what is verified is what came. Options as of `Client#call`, for one
  # request in `req.options.context = { oscartoki: { repeatable: true } }`. Redirects are not followed; who follows one signs a new request.
  class FaradayMiddleware < ::Faraday::Middleware
    def initialize(app, client, **options)
      super(app)
      unless app.is_a?(::Faraday::Adapter)
        raise ArgumentError, "f.request :oscartoki stands last, right before f.adapter: #{app.class} behind it would change what was signed, or what is verified"
      end

      @client = client
      @options = options
    end

    # Sends the request; its answer, verified. Raises an OscarError, or what Faraday raises when the network fails.
    def call(env)
      raise ArgumentError, "an answer is verified whole: no on_data, no in_parallel" if env.parallel? || env.request&.on_data

      content = content_of(env)
      headers = env.request_headers
      headers["Host"] ||= authority(env.url)
      call = @client.call(verb(env), headers["Host"], env.url.request_uri, content, headers: headers, **@options, **given(env))
      response = nil
      while (step = call.next).send?
        response = send_step(call, step, env)
      end
      step.outcome.raise_for_refusal
      response.env[:oscartoki] = step.outcome
      response.env[:oscartoki_step] = step
      response
    end

    private

    def verb(env) = env.method.to_s.upcase

    def given(env) = env.request&.context&.dig(:oscartoki) || {}

    # As Net::HTTP would write Host.
    def authority(url) = url.port == url.default_port ? url.host : "#{url.host}:#{url.port}"

    # What is signed must be at hand.
    def content_of(env)
      env.body = env.body.read if env.body.respond_to?(:read)
      content = env.body
      raise ArgumentError, "a body is a String here: f.request :json or :url_encoded stands before f.request :oscartoki" unless content.nil? || content.is_a?(String)

      # What Net::HTTP would say by itself, which may be covered.
      env.request_headers["Content-Type"] ||= "application/x-www-form-urlencoded" if content || env.needs_body?
      content
    end

    def send_step(call, step, env)
      response = @app.call(outgoing(step, env))
      answer = response.env
      begin
        call.received(answer.status, answer.response_headers, Content.decoded(answer.body.to_s, answer.response_headers["content-encoding"], @client.max_answer))
      rescue Content::TooLarge
        call.too_large(answer.status)
      end
      response
    rescue StandardError
      call.failed
      raise
    end

    def outgoing(step, env)
      sent = env.dup
      sent.request_headers = env.request_headers.dup
      sent.request_headers.keys.each { |name| sent.request_headers.delete(name) if @client.drops_from_probe?(name) } if step.probe?
      %w[oscartoki oscartokikey content-digest].each { |name| sent.request_headers.delete(name) }
      if step.probe?
        sent.method = :head
        sent.body = nil
      end
      step.headers.each { |name, value| sent.request_headers[name] = value }
      sent
    end
  end

  ::Faraday::Request.register_middleware(oscartoki: FaradayMiddleware)
end
