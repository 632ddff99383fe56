#if canImport(CryptoKit)
    import CryptoKit
    import Foundation

    /// HMAC-SHA256 as a person would take it from the platform.
    struct HandMAC {
        private let key: SymmetricKey

        init(_ key: [UInt8]) { self.key = SymmetricKey(data: key) }

        func code(_ message: [UInt8]) -> [UInt8] { Array(HMAC<SHA256>.authenticationCode(for: message, using: key)) }
    }
#else
    /// HMAC-SHA256 by hand, as a person writes it where the platform has none. The key is hashed once.
    struct HandMAC {
        private let inner: SHA256
        private let outer: SHA256

        init(_ key: [UInt8]) {
            let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
            var inner = SHA256()
            inner.absorb(padded.map { $0 ^ 0x36 })
            var outer = SHA256()
            outer.absorb(padded.map { $0 ^ 0x5c })
            (self.inner, self.outer) = (inner, outer)
        }

        func code(_ message: [UInt8]) -> [UInt8] { outer.finished(inner.finished(message)) }
    }

    struct SHA256 {
        private var state: [UInt32] = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]
        private var count = 0

        /// Whole blocks of 64 bytes.
        mutating func absorb(_ bytes: [UInt8]) {
            bytes.withUnsafeBufferPointer { bytes in
                for start in stride(from: 0, to: bytes.count, by: 64) { compress(bytes, start) }
            }
            count += bytes.count
        }

        /// The digest of what was absorbed and then `rest`.
        func finished(_ rest: [UInt8]) -> [UInt8] {
            var hash = self
            let bits = UInt64(count + rest.count) * 8
            var padded = rest + [0x80]
            while padded.count % 64 != 56 { padded.append(0) }
            for shift in stride(from: 56, through: 0, by: -8) { padded.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
            hash.absorb(padded)
            return hash.state.flatMap { word in stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
        }

        private mutating func compress(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) {
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
                for i in 0..<16 {
                    let at = start + 4 * i
                    w[i] = UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
                }
                for i in 16..<64 {
                    let s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >> 3)
                    let s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >> 10)
                    w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
                }
                var (a, b, c, d) = (state[0], state[1], state[2], state[3])
                var (e, f, g, h) = (state[4], state[5], state[6], state[7])
                for i in 0..<64 {
                    let t1 = h &+ (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) &+ ((e & f) ^ (~e & g)) &+ constants[i] &+ w[i]
                    let t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) &+ ((a & b) ^ (a & c) ^ (b & c))
                    (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
                }
                for (i, word) in [a, b, c, d, e, f, g, h].enumerated() { state[i] = state[i] &+ word }
            }
        }
    }

    @inline(__always) private func turn(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private let constants: [UInt32] = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }.map { prime in
        // As an integer: the largest x with x^3 <= prime * 2^96, without its whole part.
        var (low, high) = (UInt64(0), UInt64(1) << 36)
        while high - low > 1 {
            let middle = (low + high) / 2
            if isCubeAtMost(middle, prime) { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    private func isCubeAtMost(_ x: UInt64, _ prime: Int) -> Bool {
        let square = x.multipliedFullWidth(by: x)
        // square * x in 64-bit words: low, middle, high; against prime * 2^96.
        let low = square.low.multipliedFullWidth(by: x)
        let high = square.high.multipliedFullWidth(by: x)
        let (middle, carry) = high.low.addingReportingOverflow(low.high)
        let top = high.high + (carry ? 1 : 0)
        let bound = UInt64(prime).multipliedFullWidth(by: 1 << 32)
        return (top, middle) < (bound.high, bound.low) || ((top, middle) == (bound.high, bound.low) && low.low == 0)
    }
#endif
