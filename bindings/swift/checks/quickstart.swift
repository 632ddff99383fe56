// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "quickstart",
    platforms: [.macOS(.v13)],
    dependencies: [.package(name: "oscartoki", path: "../dist/swift")],
    targets: [.executableTarget(name: "quickstart", dependencies: [.product(name: "Oscartoki", package: "oscartoki")])]
)
