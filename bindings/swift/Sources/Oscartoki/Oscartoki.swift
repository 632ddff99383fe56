import COscartoki
import Foundation
import OscartokiNative
public func version() -> String { String(cString: oscar_version()) + libraryVersion() }
