// swift-tools-version: 6.0
import PackageDescription

// The native library is static and lies inside of this package, with its headers and oscartoki.pc, so that nothing has to be installed or set:
// build.sh puts them there. An absolute name is a file for SwiftPM.
let native = Target.systemLibrary(
    name: "COscartoki", path: "Sources/COscartoki", pkgConfig: Context.packageDirectory + "/Sources/COscartoki/oscartoki.pc")

let package = Package(
    name: "oscartoki",
    platforms: [.macOS(.v13), .iOS(.v16), .tvOS(.v16), .watchOS(.v9), .visionOS(.v1)],
    products: [.library(name: "Oscartoki", targets: ["Oscartoki"])],
    targets: [
        native,
        // Generated, and private: it may change with any release.
        .target(name: "OscartokiNative", dependencies: ["COscartoki"]),
        .target(name: "Oscartoki", dependencies: ["OscartokiNative", "COscartoki"]),
    ],
    swiftLanguageModes: [.v6]
)
