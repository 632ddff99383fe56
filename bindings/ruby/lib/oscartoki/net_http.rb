# frozen_string_literal: true

require "net/http"
require "uri"

require_relative "client"
require_relative "content"

module Oscartoki
  # Net::HTTP, signed: what goes through it is probed, signed, accepted and, where that is safe, resent.
  #
  #   http = client.net_http("https://api.example.com")
  #   answer = http.post("/v1/transfer", '{"amount":10}', "content-type" => "application/json")
  #   answer.body; answer.oscartoki.code
  #
  # Around a URL, or a Net::HTTP of one's own, open or not. Redirects are not followed; who follows one signs a new request. Like a Net::HTTP, it is
  # used by one thread at a time; the client under it by any number.
  class NetHTTP
    # What a Net::HTTPResponse says beside: the Outcome, and the last Step of its call.
    module Judged
      attr_accessor :oscartoki, :oscartoki_step
    end

    # The connection.
    attr_reader :http

    # Options as of `Client#call`.
    def initialize(client, http, **options)
      @client = client
      @options = options
      @http = http.is_a?(Net::HTTP) ? http : connection(URI(http))
      # Nothing but the call resends.
      @http.max_retries = 0
    end

    # Sends a Net::HTTPRequest; its answer, verified. Raises an OscarError, or what Net::HTTP raises when the network fails.
    def request(request, body = nil)
      request.body = body if body
      content = content_of(request)
      request["host"] ||= authority
      call = @client.call(request.method, request["host"], request.path, content, headers: request.to_hash, **@options)
      answer = nil
      while (step = call.next).send?
        answer = send_step(call, step, request, content)
      end
      step.outcome.raise_for_refusal
      answer.extend(Judged)
      answer.oscartoki = step.outcome
      answer.oscartoki_step = step
      answer
    end

    %w[Get Head Delete Options].each do |verb|
      define_method(verb.downcase) { |path, headers = {}| request(Net::HTTP.const_get(verb).new(path, headers)) }
    end

    %w[Post Put Patch].each do |verb|
      define_method(verb.downcase) { |path, body, headers = {}| request(Net::HTTP.const_get(verb).new(path, headers), body) }
    end

    # Opens the connection for several requests, and closes it behind the block.
    def start
      return yield(self) if @http.started?

      @http.start { yield self }
    end

    def inspect = "#<Oscartoki::NetHTTP #{authority}>"

    private

    def connection(url)
      Net::HTTP.new(url.hostname, url.port).tap { |http| http.use_ssl = url.scheme == "https" }
    end

    # As Net::HTTP would write Host.
    def authority
      name = @http.address.include?(":") ? "[#{@http.address}]" : @http.address
      @http.port == (@http.use_ssl? ? 443 : 80) ? name : "#{name}:#{@http.port}"
    end

    # What is signed must be at hand.
    def content_of(request)
      if request.instance_variable_get(:@body_data)
        raise ArgumentError, "set_form writes its body while it is sent: set body to the form's bytes and content_type to match"
      end

      if request.body_stream
        request.body = request.body_stream.read
        request.delete("transfer-encoding")
      end
      # What Net::HTTP would say by itself, which may be covered.
      request.content_type ||= "application/x-www-form-urlencoded" if request.body || request.request_body_permitted?
      request.body
    end

    def send_step(call, step, request, content)
      answer = nil
      @http.request(outgoing(step, request, content)) do |head|
        answer = head
        clocks = { received_ms: Clock.wall, mono_ms: Clock.mono }
        call.received(head.code.to_i, head.to_hash, read(head), **clocks)
      end
      answer
    rescue Content::TooLarge
      call.too_large(answer.code.to_i)
      answer
    rescue StandardError
      call.failed
      raise
    end

    def outgoing(step, request, content)
      headers = request.each_header.to_h
      # Left to Net::HTTP, which then decodes what it asked for.
      headers.delete("accept-encoding") if request.decode_content
      headers.delete_if { |name, _| @client.drops_from_probe?(name) } if step.probe?
      %w[oscartoki oscartokikey content-digest].each { |name| headers.delete(name) }
      with_body = !step.probe? && (request.request_body_permitted? || !content.nil?)
      sent = Net::HTTPGenericRequest.new(step.method, with_body, step.method != "HEAD", request.path, headers.merge(step.headers))
      sent.body = content if with_body
      sent
    end

    # The content, which the answer then holds.
    def read(head)
      whole = "".b
      head.read_body { |chunk| Content.add(whole, chunk, @client.max_answer) }
      head.body = whole
      Content.decoded(whole, head["content-encoding"], @client.max_answer)
    end
  end
end
