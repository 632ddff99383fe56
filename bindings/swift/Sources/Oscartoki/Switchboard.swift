#if canImport(FoundationNetworking)
    import Foundation
    import FoundationNetworking

    /// Where Foundation is not Apple's, a task has no delegate of its own that is asked about redirects: each session gets a twin with the same
    /// configuration, whose delegate hands on to the transfer of each task. The session's own delegate is not asked.
    final class Switchboard: NSObject, URLSessionDataDelegate, @unchecked Sendable {
        private let lock = NSLock()
        private var transfers: [Int: Transfer] = [:]

        func connect(_ task: URLSessionTask, to transfer: Transfer) { lock.withLock { transfers[task.taskIdentifier] = transfer } }

        private func transfer(_ task: URLSessionTask) -> Transfer? { lock.withLock { transfers[task.taskIdentifier] } }

        func urlSession(
            _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
            completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
        ) {
            transfer(dataTask)?.urlSession(session, dataTask: dataTask, didReceive: response, completionHandler: completionHandler)
        }

        func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
            transfer(dataTask)?.urlSession(session, dataTask: dataTask, didReceive: data)
        }

        func urlSession(
            _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse, newRequest _: URLRequest,
            completionHandler: @escaping @Sendable (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }

        func urlSession(
            _: URLSession, dataTask _: URLSessionDataTask, willCacheResponse _: CachedURLResponse,
            completionHandler: @escaping @Sendable (CachedURLResponse?) -> Void
        ) {
            completionHandler(nil)
        }

        func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
            let transfer = lock.withLock { transfers.removeValue(forKey: task.taskIdentifier) }
            transfer?.urlSession(session, task: task, didCompleteWithError: error)
        }

        // ---- the twins ----

        private struct Twin {
            weak var original: URLSession?
            let session: URLSession
            let switchboard: Switchboard
        }

        private static let twinsLock = NSLock()
        nonisolated(unsafe) private static var twins: [ObjectIdentifier: Twin] = [:]

        /// The twin of a session, made at its first signed request and given up when the session is gone.
        static func of(_ session: URLSession) -> (URLSession, Switchboard) {
            twinsLock.withLock {
                if let twin = twins[ObjectIdentifier(session)], twin.original === session { return (twin.session, twin.switchboard) }
                for (key, twin) in twins where twin.original == nil {
                    twin.session.finishTasksAndInvalidate()
                    twins[key] = nil
                }
                let switchboard = Switchboard()
                let plain = URLSession(configuration: configured(session.configuration), delegate: switchboard, delegateQueue: nil)
                twins[ObjectIdentifier(session)] = Twin(original: session, session: plain, switchboard: switchboard)
                return (plain, switchboard)
            }
        }

        private static func configured(_ original: URLSessionConfiguration) -> URLSessionConfiguration {
            // What a session gives here is not a copy.
            guard let configuration = original.copy() as? URLSessionConfiguration else { return original }
            configuration.urlCache = nil
            #if compiler(<6.1)
                configuration.protocolClasses = [SparedChallenge.self] + (configuration.protocolClasses ?? [])
            #endif
            return configuration
        }
    }

    #if compiler(<6.1)
        /// The Foundation of Swift 6.0 crashes on a 401 whose WWW-Authenticate ends in a bare scheme, as ours does (swift-corelibs-foundation #5103, mended
        /// in 6.1). This stands before its HTTP protocol and hands such an answer on with a space behind the scheme.
        final class SparedChallenge: URLProtocol, URLProtocolClient, @unchecked Sendable {
            private static let http = URLSessionConfiguration.default.protocolClasses?.first { $0 != SparedChallenge.self } as? URLProtocol.Type
            private var inner: URLProtocol?

            override class func canInit(with request: URLRequest) -> Bool { http?.canInit(with: request) ?? false }
            override class func canonicalRequest(for request: URLRequest) -> URLRequest { request }

            override func startLoading() {
                guard let task else { return }
                let inner = Self.http?.init(task: task, cachedResponse: nil, client: self)
                self.inner = inner
                inner?.startLoading()
            }

            override func stopLoading() { inner?.stopLoading() }

            func urlProtocol(_: URLProtocol, wasRedirectedTo request: URLRequest, redirectResponse: URLResponse) {
                client?.urlProtocol(self, wasRedirectedTo: request, redirectResponse: redirectResponse)
            }

            func urlProtocol(_: URLProtocol, cachedResponseIsValid response: CachedURLResponse) {
                client?.urlProtocol(self, cachedResponseIsValid: response)
            }

            func urlProtocol(_: URLProtocol, didReceive response: URLResponse, cacheStoragePolicy policy: URLCache.StoragePolicy) {
                client?.urlProtocol(self, didReceive: spared(response) ?? response, cacheStoragePolicy: policy)
            }

            func urlProtocol(_: URLProtocol, didLoad data: Data) { client?.urlProtocol(self, didLoad: data) }

            func urlProtocolDidFinishLoading(_: URLProtocol) {
                // The task was given the raw answer once more; this is what it must have when it looks for a challenge.
                if let response = task?.response, let spared = spared(response) {
                    client?.urlProtocol(self, didReceive: spared, cacheStoragePolicy: .notAllowed)
                }
                client?.urlProtocolDidFinishLoading(self)
            }

            func urlProtocol(_: URLProtocol, didFailWithError error: any Error) { client?.urlProtocol(self, didFailWithError: error) }

            func urlProtocol(_: URLProtocol, didReceive challenge: URLAuthenticationChallenge) { client?.urlProtocol(self, didReceive: challenge) }

            func urlProtocol(_: URLProtocol, didCancel challenge: URLAuthenticationChallenge) { client?.urlProtocol(self, didCancel: challenge) }

            private func spared(_ response: URLResponse) -> HTTPURLResponse? {
                guard let response = response as? HTTPURLResponse, response.statusCode == 401, let url = response.url,
                    let asked = response.value(forHTTPHeaderField: "WWW-Authenticate"), !asked.hasSuffix(" ")
                else { return nil }
                var headers: [String: String] = [:]
                for case (let name as String, let value as String) in response.allHeaderFields {
                    headers[name] = name.lowercased() == "www-authenticate" ? value + " " : value
                }
                return HTTPURLResponse(url: url, statusCode: 401, httpVersion: "HTTP/1.1", headerFields: headers)
            }
        }
    #endif
#endif
