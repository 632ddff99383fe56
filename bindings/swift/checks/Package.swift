// swift-tools-version: 6.0
import PackageDescription

// What judges and shows the built package, as its users have it: the vector runner, the bench, the tests, and the examples (examples/swift).
let oscartoki = Target.Dependency.product(name: "Oscartoki", package: "oscartoki")

let package = Package(
    name: "checks",
    platforms: [.macOS(.v13)],
    dependencies: [.package(name: "oscartoki", path: "../../../.oscar/dist/swift")],
    targets: [
        .executableTarget(name: "vectors", dependencies: [oscartoki], path: "Sources/Vectors"),
        .executableTarget(name: "bench", dependencies: [oscartoki], path: "Sources/Bench"),
        .executableTarget(name: "client", dependencies: [oscartoki], path: "examples/Client"),
        .executableTarget(name: "service", dependencies: [oscartoki], path: "examples/Service"),
        .testTarget(name: "OscartokiTests", dependencies: [oscartoki]),
    ],
    swiftLanguageModes: [.v6]
)
