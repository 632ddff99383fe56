# frozen_string_literal: true

require_relative "clock"
require_relative "door"

module Oscartoki
  # A struct that the library wrote, with its context, which is freed with this object when nothing used it. Private.
  class Kept
    # @api private
    def initialize(raw, context)
      @raw = raw
      @context = context
      # As Door.hold, without its call: this is once a request.
      @held = Fiddle::Pointer.new(context, 0, free) unless context.zero?
    end

    # A context belongs to one object.
    def initialize_copy(_) = raise(TypeError, "a #{self.class.name} is not copied")

    # Nor does it reach another process.
    def marshal_dump = raise(TypeError, "a #{self.class.name} is not marshalled")

    # @api private
    def _raw = @raw

    # @api private
    def _context = @context

    private

    # The function of the library that frees the context.
    def free = raise(NotImplementedError)
  end
  private_constant :Kept

  # The two calls that every request makes: by ffi, or, where the gem has an extension for this Ruby, without it. Private.
  module Hot
    VERDICT = Door::Verdict.size
    SIGNED = Door::Signed.size

    # Called once the classes are there.
    def self.begin(verified, signed)
      require_relative "#{RUBY_VERSION[/\A\d+\.\d+/]}/fast" unless ENV["OSCARTOKI_NO_EXTENSION"]
    rescue LoadError
      # Built for another Ruby.
    ensure
      if respond_to?(:bind)
        bind(verified, signed, *%w[service_verify_texts client_sign_texts verdict_free sign_context_free].map { |name| Door::OPEN["oscar_#{name}"] })
      else
        extend ByFfi
      end
    end

    # Whether the extension is there.
    def self.extension? = respond_to?(:bind)

    # What ext/fast.c does.
    module ByFfi
      # The Verdict.
      def verify(service, method, authority, target, toki, grant, body, now_ms)
        narrow(method, authority, target)
        raw = Door::ZERO * VERDICT
        status = Door.service_verify_texts(service, method, authority, target, toki, grant, body, body ? body.bytesize : 0, now_ms || Clock.wall, raw)
        status.zero? ? VerifiedRequest.new(raw) : Verdict._of(status, raw)
      end

      # A SignedRequest, or the status that refused it.
      def sign(client, method, authority, target, body, options, now_ms, mono_ms)
        narrow(method, authority, target)
        raw = Door::ZERO * SIGNED
        context = Door::ZERO * 8
        status = Door.client_sign_texts(client, method, authority, target, body, body ? body.bytesize : 0, options,
                                        now_ms || Clock.wall, mono_ms || Clock.mono, raw, context)
        status.zero? ? SignedRequest.new(raw, context.unpack1("q")) : status
      end

      private

      # Ruby lets the zero bytes of a wide encoding pass, and C would take the first for the end.
      def narrow(method, authority, target)
        return if method.encoding.ascii_compatible? && authority.encoding.ascii_compatible? && target.encoding.ascii_compatible?

        raise ArgumentError, "a text with a zero byte"
      rescue NoMethodError
        # What is no String, ffi refuses.
      end
    end
  end
  private_constant :Hot
end
