# frozen_string_literal: true

module Oscartoki
  # Fields as the C door reads them: lp(field) is two bytes of big-endian length, then the bytes. Private.
  module Pack
    # A field is longer than its length can say, or a number does not fit.
    class Misfit < StandardError; end

    EMPTY = "\0\0"

    module_function

    # lp(method) lp(authority) lp(target) lp(ext) lp(digest)
    def request(method, authority, target, ext, digest) = fields(method, authority, target, ext, digest)

    # A request as a service gets it: toki and grant stand last, and only when they are there.
    def asked(method, authority, target, ext, digest, toki, grant)
      request(method, authority, target, ext, digest) << proofs(toki, grant)
    end

    # An answer: two bytes of status, lp(ext) lp(digest).
    def answer(status, ext, digest) = be16(status) << fields(ext, digest)

    def proofs(toki, grant)
      return "".b if toki.nil?

      grant.nil? ? fields(toki) : fields(toki, grant)
    end

    # lp(name) lp(value) for each header. A value that is an Array stands for several headers of that name.
    def headers(pairs)
      packed = "".b
      pairs.each do |name, value|
        (value.is_a?(Array) ? value : [value]).each { |one| packed << fields(name.to_s, one.to_s) }
      end
      packed
    end

    # The head of an answer.
    def head(status, pairs) = be16(status) << headers(pairs)

    # Any fields; nil is empty.
    def fields(*given)
      given.each_with_object("".b) do |field, packed|
        next packed << EMPTY if field.nil?
        raise TypeError, "a field is a String or nil, not #{field.class}" unless field.is_a?(String)
        raise Misfit if field.bytesize > 65_535

        packed << [field.bytesize].pack("n") << field.b
      end
    end

    def be16(number)
      raise TypeError, "a status is an Integer, not #{number.class}" unless number.is_a?(Integer)
      raise Misfit unless number.between?(0, 65_535)

      [number].pack("n")
    end
  end
  private_constant :Pack
end
