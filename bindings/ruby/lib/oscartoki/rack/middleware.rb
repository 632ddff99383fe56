# frozen_string_literal: true

require_relative "../service"
require_relative "answer"
require_relative "asked"
require_relative "streamed_body"

module Oscartoki
  # Rack 2 and 3.
  module Rack
    # Verifies before the app runs, and signs what it answers. What was verified is in `env["oscartoki"]`.
    #
    #   use Oscartoki::Rack::Middleware, service: service
    #
    # It stands outside of whatever reads or changes a request or an answer (compression, method overrides, ETags), inside of a CORS layer.
    # The raw target is read from REQUEST_URI, which puma, Falcon, Unicorn and Passenger give. Until the service is ready it answers a
    # signed 1, on which clients resend what is safe.
    class Middleware
      # Its service.
      attr_reader :service

      # `stream: ->(env) { … }` true: that route gets its body as it comes; `env["oscartoki"]` is a StreamedBody, to be read whole, then finished.
      # `cors_inside: true`: preflights go to the app, which has the CORS layer.
      def initialize(app, service:, stream: nil, cors_inside: false)
        @app = app
        @service = service
        @stream = stream
        @cors_inside = cors_inside
        @uncovered = 0
        @lock = Mutex.new
      end

      # How many answers went out with their content not covered.
      def uncovered = @lock.synchronize { @uncovered }

      def call(env)
        asked = Asked.new(env)
        return @app.call(env) if @cors_inside && asked.preflight?

        body = asked.read(@service.max_body) if @service.wants_body?(*asked.head)
        verdict = @service.verify_head(*asked.head, body)
        if verdict.is_a?(PendingBody)
          return streamed(verdict, asked) if @stream&.call(env)

          body = asked.read(@service.max_body)
          verdict = body.bytesize > @service.max_body ? verdict.too_large : verdict.finish(body)
        end
        return turn_down(verdict, asked) unless verdict.accepted?

        env["oscartoki"] = verdict
        asked.give(body) if body
        run(asked) { verdict }
      rescue OscarError::RawTargetHidden => e
        Oscartoki.logger.error(e.message)
        [500, { "content-type" => "text/plain", "content-length" => e.message.bytesize.to_s, "oscartoki-error" => e.name }, [e.message]]
      end

      private

      def streamed(pending, asked)
        body = StreamedBody.new(pending, asked.input)
        asked.env["oscartoki"] = asked.env["rack.input"] = body
        run(asked) { body._settle }
      end

      # Runs the app and signs its answer by the verdict that the block gives.
      def run(asked)
        begin
          answer = Answer.new(*@app.call(asked.env))
          return answer.to_a if asked.hijacked? || answer.elsewhere?

          answer.read(@service.max_answer, asked)
        rescue StandardError => e
          asked.report(e)
          answer&.discard
          answer = Answer.broken
          answer.read(@service.max_answer, asked)
        end
        verdict = yield
        return sign(verdict, answer, asked) if verdict.accepted?

        answer.discard
        turn_down(verdict, asked)
      end

      # Refuses, or answers the first step of OscarToki v1.
      def turn_down(verdict, asked)
        if verdict.is_a?(Handshake)
          toki, body = verdict.reply
          return reply(200, { "content-type" => "application/json", "oscartoki" => toki }, body, asked)
        end
        headers = verdict.www_authenticate? ? { "www-authenticate" => "oscartoki" } : {}
        if verdict.signed?
          answer = Answer.new(verdict.status, headers, [])
          answer.read(0, asked)
          return sign(verdict, answer, asked)
        end
        headers["oscartoki-error"] = verdict.name
        return reply(verdict.status, headers, "", asked) unless verdict.version == 1

        # The clients of OscarToki v1 read their refusals here.
        reply(verdict.status, headers.merge("content-type" => "application/json"), %({"status":"error","message":"#{verdict.name}"}), asked)
      end

      def reply(status, headers, body, asked)
        headers["content-length"] = body.bytesize.to_s unless status == 204
        [status, headers, asked.head? || body.empty? ? [] : [body]]
      end

      def sign(verdict, answer, asked)
        count(answer.status) if answer.content.nil? && !answer.bodiless?(asked)
        answer.prepare(asked)
        answer.with(*@service.answer_head(verdict, answer.status, answer.pairs, answer.content))
      end

      def count(status)
        return unless @lock.synchronize { (@uncovered += 1) == 1 }

        Oscartoki.logger.warn(
          "an answer (status #{status}) goes out with its content not covered: it is a stream, longer than max_answer, or has a Content-Encoding; " \
          "clients take it only when they ask for streams. Further ones are counted in silence (Middleware#uncovered)"
        )
      end
    end
  end
end
