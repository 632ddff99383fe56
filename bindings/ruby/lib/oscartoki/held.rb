# frozen_string_literal: true

require_relative "door"

module Oscartoki
  # An object of the library, behind a handle: freed when its owner is collected, or by `close`. Private.
  module Held
    # Frees it now. Using it afterwards raises a DoorError; what was made with it keeps what it needs.
    def close
      @handle = 0
      @held.call_free
      nil
    end

    def inspect = "#<#{self.class.name}>"

    # An object of the library can't be copied.
    def initialize_copy(_) = raise(TypeError, "a #{self.class.name} is not copied")

    # Nor sent to another process.
    def marshal_dump = raise(TypeError, "a #{self.class.name} is not marshalled")

    # @api private
    def _handle = @handle

    FREE = %i[client service keyring ring_files replay_log message_memory message call sign_context verdict v1_client v1_exchange
              tcx_client socktopus_pings].to_h do |type|
      [type, Door.freer(type)]
    end.freeze
    private_constant :FREE

    private

    def own(handle, type)
      @held = Door.hold(handle, FREE.fetch(type))
      @handle = handle
    end
  end
  private_constant :Held
end
